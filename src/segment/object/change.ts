/**
 * What taking one version into an object changes: the object's record, records of other versions, counters. Local writes and
 * received versions both come through here, so both keep the rules of kept.ts. What happens every day is decided from the object's
 * record alone; everything else looks at all versions (merge.ts) and comes to the same result.
 */
import type { Check, MetaStore, Write } from "../../engine/meta-store.ts";
import type { SegmentId } from "../../model/ids.ts";
import { encodeLogEntry } from "../../model/log-entry.ts";
import type { ObjectName } from "../../model/names.ts";
import type { Version } from "../../model/version.ts";
import { encodeVersion } from "../../model/version-manifest.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { endedKey, objectKey, olderKey, rangeOf, versionKey, versionPrefix } from "../keys.ts";
import { compareRanked, isSeen, isSuccessor, nullsKept, type Seen, seenBeyond, seenOf } from "./kept.ts";
import { mergeIn, REMOVALS_MAX } from "./merge.ts";
import { encodeObjectRecord, type ObjectRecord, type StoredObject } from "./object-record.ts";

/** What a change adds to the counters of the bucket. */
export interface Delta {
  /** Objects whose latest version is live. */
  readonly objects: number;
  /** Bytes of latest versions. */
  readonly bytes: number;
  /** Kept versions that are not null. */
  readonly versions: number;
}

/** How an object is after a change, and the batch that makes it so. */
export interface Change {
  readonly record: ObjectRecord;
  /** That the object is as it was read. */
  readonly checks: readonly Check[];
  readonly writes: readonly Write[];
  readonly delta: Delta;
}

/** How an object is to be, and the writes besides its record. */
export interface Situation extends Omit<ObjectRecord, "revision" | "isAnnotated"> {
  readonly writes: readonly Write[];
  /** Kept versions that came or went and are not null. */
  readonly versionDelta: number;
}

export const NO_RECORD: Omit<ObjectRecord, "revision" | "isAnnotated" | "latest"> = {
  olderCount: 0,
  olderNullCount: 0,
  expungedCount: 0,
  expungedNullCount: 0,
  conflictCount: 0,
  nullVersion: undefined,
  seen: undefined,
};

/** undefined: the version is here already, was expunged, or is known by one that is here and not kept. */
export async function planChange(
  records: MetaStore,
  bucket: OpenBucket,
  current: StoredObject | undefined,
  version: Version,
  /** Annotations are written with it. */
  isAnnotated = false,
): Promise<Change | undefined> {
  const versionDelta = version.isNull ? 0 : 1;
  if (current === undefined) {
    const situation = { ...NO_RECORD, latest: version, writes: [], versionDelta };
    return changeOf(bucket, { name: version.object, current, situation, isAnnotated });
  }
  if (current.latest?.uvid === version.uvid) return undefined;
  const situation =
    (await planShort(records, bucket, current, version)) ??
    (await mergeIn(records, bucket, current, version));
  return situation === undefined || situation === "unchanged"
    ? undefined
    : changeOf(bucket, { name: current.name, current, situation, isAnnotated });
}

export function encodeEntry(options: {
  readonly version: Version;
  readonly current: StoredObject | undefined;
  readonly loggedMs: number;
  readonly via: SegmentId | undefined;
}): Uint8Array {
  const { version, current, loggedMs, via } = options;
  return encodeLogEntry({
    kind: "version",
    object: version.object,
    uvid: version.uvid,
    generation: version.generation,
    isDeleted: version.isDeleted,
    sizeBytes: version.sizeBytes,
    loggedMs,
    base: current?.latest?.content ?? { kind: "none" },
    via,
  });
}

/** What all versions of the object know together. */
export function seenBy(object: StoredObject): Seen {
  return object.seen ?? seenOf(object.latest === undefined ? [] : [object.latest]);
}

export function changeOf(
  bucket: OpenBucket,
  options: {
    readonly name: ObjectName;
    readonly current: StoredObject | undefined;
    readonly situation: Situation;
    readonly isAnnotated?: boolean;
  },
): Change {
  const { name, current, isAnnotated = false } = options;
  const { writes, versionDelta, ...situation } = options.situation;
  const { latest } = situation;
  const record = {
    ...situation,
    revision: (current?.revision ?? 0) + 1,
    isAnnotated: isAnnotated || current?.isAnnotated === true,
  };
  const [live, ended] = [objectKey(bucket.keys, name), endedKey(bucket.keys, name)];
  const key = isLive(latest) ? live : ended;
  const isMoved = current !== undefined && isLive(current.latest) !== isLive(latest);
  return {
    record,
    checks:
      current === undefined
        ? [live, ended].map((absent) => ({ key: absent, expected: undefined }))
        : [{ key: current.key, expected: current.bytes }],
    writes: [
      { key, value: encodeObjectRecord(record) },
      ...(isMoved ? [{ key: current.key, value: undefined }] : []),
      ...writes,
    ],
    delta: {
      objects: liveCount(latest) - liveCount(current?.latest),
      bytes: (latest?.sizeBytes ?? 0) - (current?.latest?.sizeBytes ?? 0),
      versions: versionDelta,
    },
  };
}

export function olderWrite(bucket: OpenBucket, version: Version): Write {
  return { key: olderKey(bucket.keys, version.object, version), value: encodeVersion(version) };
}

/** The annotations of a version that goes go with it. */
export function removalOf(
  bucket: OpenBucket,
  object: StoredObject,
  version: Pick<Version, "object" | "uvid" | "generation">,
): readonly Write[] {
  if (!object.isAnnotated) return [];
  return [{ key: versionKey(bucket.keys.annotations, version.object, version), value: undefined }];
}

/** undefined: the versions must be looked at. "unchanged": the version is here already, or was expunged. */
async function planShort(
  records: MetaStore,
  bucket: OpenBucket,
  current: StoredObject,
  version: Version,
): Promise<Situation | "unchanged" | undefined> {
  if (current.conflictCount > 0) return undefined;
  const seen = seenBy(current);
  if (isSuccessor(version, seen)) return succeed(records, bucket, current, version);
  return !version.isNull && isSeen(version, seen) ? fillIn(records, bucket, current, version) : undefined;
}

/** A new latest that knows all that is there: only null versions can go for it, and only their number matters. */
async function succeed(
  records: MetaStore,
  bucket: OpenBucket,
  current: StoredObject,
  version: Version,
): Promise<Situation | undefined> {
  // Expunged null versions count too, so which ones are over is not told by numbers alone; what is not null replaces none.
  if (version.isNull && current.expungedNullCount > 0) return undefined;
  const { latest } = current;
  const newNulls = version.isNull ? 1 : 0;
  const room = nullsKept(bucket.record.options) - newNulls;
  const isLatestNull = latest?.isNull === true;
  const isLatestKept = latest !== undefined && (!isLatestNull || room > 0);
  const olderNullsMax = Math.max(0, room - (isLatestNull ? 1 : 0));
  const dropped =
    current.expungedNullCount > 0 ? [] : await excessNulls(records, bucket, current, olderNullsMax);
  if (dropped === undefined) return undefined;
  const writes: Write[] = dropped.map((key) => ({ key, value: undefined }));
  if (dropped.length > 0 && current.isAnnotated) return undefined;
  if (latest !== undefined) {
    writes.push(...(isLatestKept ? [olderWrite(bucket, latest)] : removalOf(bucket, current, latest)));
  }
  const nullsLeft = current.olderNullCount - dropped.length;
  const nullBefore = nullsLeft > 0 ? current.nullVersion : undefined;
  return {
    latest: version,
    olderCount: current.olderCount - dropped.length + (isLatestKept ? 1 : 0),
    olderNullCount: nullsLeft + (isLatestKept && isLatestNull ? 1 : 0),
    expungedCount: current.expungedCount,
    expungedNullCount: current.expungedNullCount,
    conflictCount: 0,
    nullVersion: isLatestKept && isLatestNull ? rankOf(latest) : nullBefore,
    seen: undefined,
    writes,
    versionDelta: version.isNull ? 0 : 1,
  };
}

/** Keys of the least null versions over a number; undefined: they are not easily told from the others. */
async function excessNulls(
  records: MetaStore,
  bucket: OpenBucket,
  current: StoredObject,
  max: number,
): Promise<ReadonlyArray<Uint8Array> | undefined> {
  const excess = Math.min(current.olderNullCount - max, REMOVALS_MAX);
  if (excess <= 0) return [];
  if (current.olderNullCount === current.olderCount) {
    const range = rangeOf(versionPrefix(bucket.keys.older, current.name));
    const least = await records.scan({ ...range, direction: "backward", limit: excess });
    return least.records.map(({ key }) => key);
  }
  if (current.olderNullCount > 1 || current.nullVersion === undefined) return undefined;
  return [olderKey(bucket.keys, current.name, current.nullVersion)];
}

/** A version that is not null and was known already, come late: it takes its place, and nothing goes for it. */
async function fillIn(
  records: MetaStore,
  bucket: OpenBucket,
  current: StoredObject,
  version: Version,
): Promise<Situation | "unchanged"> {
  const { name, latest } = current;
  const keys = [bucket.keys.older, bucket.keys.expunged].map((table) => versionKey(table, name, version));
  const there = await records.getMany(keys);
  if (there.some((bytes) => bytes !== undefined)) return "unchanged";
  const isLatest = latest === undefined || compareRanked(version, latest) > 0;
  const next = isLatest ? version : latest;
  const behind = isLatest ? latest : version;
  return {
    ...current,
    latest: next,
    olderCount: current.olderCount + (behind === undefined ? 0 : 1),
    olderNullCount: current.olderNullCount + (behind?.isNull === true ? 1 : 0),
    nullVersion: behind?.isNull === true ? rankOf(behind) : current.nullVersion,
    seen: seenBeyond(next, seenBy(current)),
    writes: behind === undefined ? [] : [olderWrite(bucket, behind)],
    versionDelta: 1,
  };
}

export function rankOf({ generation, uvid }: Pick<Version, "generation" | "uvid">) {
  return { generation, uvid };
}

function isLive(version: Version | undefined): boolean {
  return version !== undefined && !version.isDeleted;
}

function liveCount(version: Version | undefined): number {
  return isLive(version) ? 1 : 0;
}
