/**
 * What taking one version into an object changes: the object's record, records of older versions, counters and the log
 * entry. Local writes and received versions both come through here, so both keep the rules of kept.ts.
 */
import type { MetaStore, RecordKey, Write } from "../../engine/meta-store.ts";
import type { SegmentId } from "../../model/ids.ts";
import { encodeLogEntry } from "../../model/log-entry.ts";
import type { Version } from "../../model/version.ts";
import { encodeVersion } from "../../model/version-manifest.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { objectKey, olderKey, olderPrefix, rangeOf } from "../keys.ts";
import { compareRanked, keptOf, knows } from "./kept.ts";
import { encodeObjectRecord, type ObjectRecord, type StoredObject } from "./object-record.ts";
import { readOlder } from "./read-object.ts";

/** Most older versions that one commit removes; what is left goes with the next commit of the object. */
const REMOVALS_MAX = 400;

/** How an object is after a change, and the writes that make it so. */
export interface Change {
  readonly record: ObjectRecord;
  /** Key of the object's record: the first of `writes`. */
  readonly key: RecordKey;
  readonly writes: readonly Write[];
  /** What the object adds to the bucket's counters. */
  readonly objectDelta: number;
  readonly sizeDelta: number;
}

/** undefined: the version is here already, or is known by one that is and older than all that are kept. */
export async function planChange(
  records: MetaStore,
  bucket: OpenBucket,
  current: StoredObject | undefined,
  version: Version,
): Promise<Change | undefined> {
  if (current === undefined) return changeOf(bucket, undefined, first(version), []);
  if (current.latest.uvid === version.uvid) return undefined;
  if (current.conflictCount === 0 && isSuccessor(version, current.latest)) {
    return succeed(records, bucket, current, version);
  }
  return merge(bucket, current, await readOlder(records, bucket, current), version);
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
    base: current?.latest.content ?? { kind: "none" },
    via,
  });
}

function isSuccessor(version: Version, latest: Version): boolean {
  return compareRanked(version, latest) > 0 && knows(version, latest);
}

/** A new latest over a history without conflicts: only the number of older versions matters, so none is read. */
async function succeed(
  records: MetaStore,
  bucket: OpenBucket,
  current: StoredObject,
  version: Version,
): Promise<Change> {
  const olderMax = bucket.record.options.versionsKept - 1;
  if (olderMax === 0 && current.olderCount === 0) return changeOf(bucket, current, first(version), []);
  const writes: Write[] = [];
  let olderCount = current.olderCount;
  if (olderMax > 0) {
    writes.push(olderWrite(bucket, current.latest));
    olderCount += 1;
  }
  const excess = Math.min(olderCount - olderMax, REMOVALS_MAX, current.olderCount);
  if (excess > 0) {
    const range = rangeOf(olderPrefix(bucket.keys, version.object));
    const least = await records.scan({ ...range, direction: "backward", limit: excess });
    for (const { key } of least.records) writes.push({ key, value: undefined });
    olderCount -= least.records.length;
  }
  return changeOf(bucket, current, { latest: version, olderCount, conflictCount: 0 }, writes);
}

function merge(
  bucket: OpenBucket,
  current: StoredObject,
  older: readonly Version[],
  version: Version,
): Change | undefined {
  const before = [current.latest, ...older];
  if (before.some((candidate) => candidate.uvid === version.uvid)) return undefined;
  const kept = keptOf([...before, version], bucket.record.options.versionsKept);
  if (!kept.versions.includes(version)) return undefined;
  const [latest, ...rest] = kept.versions;
  if (latest === undefined) return undefined;
  const writes: Write[] = rest
    .filter((candidate) => !older.includes(candidate))
    .map((candidate) => olderWrite(bucket, candidate));
  const dropped = older.filter((candidate) => !rest.includes(candidate)).slice(-REMOVALS_MAX);
  for (const candidate of dropped) {
    writes.push({ key: olderKey(bucket.keys, candidate.object, candidate), value: undefined });
  }
  const leftover =
    older.length - older.filter((candidate) => rest.includes(candidate)).length - dropped.length;
  const record = { latest, olderCount: rest.length + leftover, conflictCount: kept.conflictCount };
  return changeOf(bucket, current, record, writes);
}

type Situation = Omit<ObjectRecord, "revision">;

function first(version: Version): Situation {
  return { latest: version, olderCount: 0, conflictCount: 0 };
}

function olderWrite(bucket: OpenBucket, version: Version): Write {
  return { key: olderKey(bucket.keys, version.object, version), value: encodeVersion(version) };
}

function changeOf(
  bucket: OpenBucket,
  current: StoredObject | undefined,
  situation: Situation,
  writes: readonly Write[],
): Change {
  const before = current?.latest;
  const record = { ...situation, revision: (current?.revision ?? 0) + 1 };
  const key = current?.key ?? objectKey(bucket.keys, record.latest.object);
  return {
    record,
    key,
    writes: [{ key, value: encodeObjectRecord(record) }, ...writes],
    objectDelta: liveCount(record.latest) - (before === undefined ? 0 : liveCount(before)),
    sizeDelta: record.latest.sizeBytes - (before?.sizeBytes ?? 0),
  };
}

function liveCount(version: Version): number {
  return version.isDeleted ? 0 : 1;
}
