/**
 * Removing one version for good. What stays is its rank and what it knew (`q`): it goes on counting among the versions of its object,
 * so that every site comes to the same result, and it is never taken in again. The next greatest becomes the latest.
 */
import type { MetaStore } from "../../engine/meta-store.ts";
import type { SegmentId } from "../../model/ids.ts";
import { encodeLogEntry } from "../../model/log-entry.ts";
import { escapeName, formatObjectPath, type ObjectPath } from "../../model/names.ts";
import type { Expunge, Version } from "../../model/version.ts";
import { requireRemovable } from "../annotation/lock.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { COMMIT_ATTEMPTS_MAX, type Core, contended, nowMs } from "../core/core.ts";
import { olderKey, rangeOf, versionKey, versionPrefix } from "../keys.ts";
import type { ExpungeOptions, VersionRef } from "../objects.ts";
import { type Change, changeOf, NO_RECORD, removalOf, type Situation, seenBy } from "./change.ts";
import { commitChanges } from "./commit.ts";
import { isSeen, isSuccessor, mergedKnown, type Seen, seenBeyond, seenOf } from "./kept.ts";
import { expungeOf, expungeWrite, mergeIn } from "./merge.ts";
import { decodeOlder, type StoredObject } from "./object-record.ts";
import { findKept } from "./read-object.ts";

/** Resolves to what was removed. @throws as Objects.expunge; BUSY, READ_ONLY */
export async function expungeVersion(
  core: Core,
  path: ObjectPath,
  asked: VersionRef,
  options: ExpungeOptions = {},
): Promise<Version> {
  core.guard.assertNotReadOnly();
  const bucket = await core.buckets.open(path);
  return core.objectLocks.run(bucket.record.logId + path.object, async () => {
    let current = bucket;
    for (let attempt = 0; attempt < COMMIT_ATTEMPTS_MAX; attempt += 1) {
      const { object, version } = await findKept(core, current, path, asked);
      options.allow?.(version, object.latest);
      const isUnlocked = await requireRemovable(core, current, version, options);
      const atMs = nowMs(core);
      const { isGovernanceBypassed } = options;
      const expunge = expungeOf(version, { expungedMs: atMs, isGovernanceBypassed });
      const change = await planExpunge(core.records, current, object, expunge);
      if (change !== undefined) {
        const outcome = await commitChanges(core, current, {
          changes: [change],
          checks: [isUnlocked],
          entries: [encodeExpungeEntry(expunge, { loggedMs: atMs, via: undefined })],
          isFree: true,
        });
        if (outcome.isCommitted) return version;
      }
      core.buckets.forget(path);
      current = await core.buckets.open(path);
    }
    throw contended(`object "${escapeName(formatObjectPath(path))}"`);
  });
}

export function encodeExpungeEntry(
  { object, uvid, generation }: Expunge,
  logged: { readonly loggedMs: number; readonly via: SegmentId | undefined },
): Uint8Array {
  return encodeLogEntry({ kind: "expunge", object, uvid, generation, ...logged });
}

/**
 * What an expunge changes, made here or received, whether the version is here or not. The caller sees to locks.
 * undefined: it is known already, or the version would not be kept anyway.
 */
export async function planExpunge(
  records: MetaStore,
  bucket: OpenBucket,
  current: StoredObject | undefined,
  expunge: Expunge,
): Promise<Change | undefined> {
  if (current === undefined) {
    const situation = {
      ...NO_RECORD,
      latest: undefined,
      expungedCount: 1,
      expungedNullCount: expunge.isNull ? 1 : 0,
      seen: seenOf([expunge]),
      writes: [expungeWrite(bucket, expunge)],
      versionDelta: 0,
    };
    return changeOf(bucket, { name: expunge.object, current, situation });
  }
  const situation =
    (await planShort(records, bucket, current, expunge)) ??
    (await mergeIn(records, bucket, current, expunge));
  return situation === undefined || situation === "unchanged"
    ? undefined
    : changeOf(bucket, { name: current.name, current, situation });
}

/** undefined: the versions must be looked at. */
async function planShort(
  records: MetaStore,
  bucket: OpenBucket,
  current: StoredObject,
  expunge: Expunge,
): Promise<Situation | "unchanged" | undefined> {
  if (current.conflictCount > 0) return undefined;
  const { name, latest } = current;
  if (latest?.uvid === expunge.uvid) return withoutLatest(records, bucket, current, latest, expunge);
  const keys = [bucket.keys.older, bucket.keys.expunged].map((table) => versionKey(table, name, expunge));
  const [older, expunged] = await records.getMany(keys);
  if (expunged !== undefined) return "unchanged";
  if (older !== undefined) {
    return withoutOlder(bucket, current, decodeOlder(bucket.path, name, older), expunge);
  }
  return expunge.isNull ? undefined : fillIn(bucket, current, expunge);
}

async function withoutLatest(
  records: MetaStore,
  bucket: OpenBucket,
  current: StoredObject,
  latest: Version,
  expunge: Expunge,
): Promise<Situation> {
  const { name, olderNullCount } = current;
  const range = rangeOf(versionPrefix(bucket.keys.older, name));
  const page = current.olderCount === 0 ? undefined : await records.scan({ ...range, limit: 1 });
  const found = page?.records[0];
  const next = found === undefined ? undefined : decodeOlder(bucket.path, name, found.value);
  const nulls = olderNullCount - (next?.isNull === true ? 1 : 0);
  return {
    ...ghosted(current, latest),
    latest: next,
    olderCount: current.olderCount - (next === undefined ? 0 : 1),
    olderNullCount: nulls,
    // Which of the others is the greatest null version is looked for when somebody asks.
    nullVersion: next?.isNull === true ? undefined : current.nullVersion,
    seen: seenBeyond(next, seenBy(current)),
    writes: [
      expungeWrite(bucket, expungeOf(latest, expunge)),
      ...(found === undefined ? [] : [{ key: found.key, value: undefined }]),
      ...removalOf(bucket, current, latest),
    ],
    versionDelta: latest.isNull ? 0 : -1,
  };
}

function withoutOlder(
  bucket: OpenBucket,
  current: StoredObject,
  version: Version,
  expunge: Expunge,
): Situation {
  const isNullVersion = current.nullVersion?.uvid === version.uvid;
  return {
    ...ghosted(current, version),
    latest: current.latest,
    olderCount: current.olderCount - 1,
    olderNullCount: current.olderNullCount - (version.isNull ? 1 : 0),
    nullVersion: isNullVersion ? undefined : current.nullVersion,
    seen: current.seen,
    writes: [
      expungeWrite(bucket, expungeOf(version, expunge)),
      { key: olderKey(bucket.keys, current.name, version), value: undefined },
      ...removalOf(bucket, current, version),
    ],
    versionDelta: version.isNull ? 0 : -1,
  };
}

/** The expunge of a version that never came here; undefined when it is concurrent to what is here. */
function fillIn(bucket: OpenBucket, current: StoredObject, expunge: Expunge): Situation | undefined {
  const seen = seenBy(current);
  if (!isSeen(expunge, seen) && !isSuccessor(expunge, seen)) return undefined;
  return {
    ...ghosted(current, expunge),
    latest: current.latest,
    olderCount: current.olderCount,
    olderNullCount: current.olderNullCount,
    nullVersion: current.nullVersion,
    seen: seenBeyond(current.latest, joined(seen, expunge)),
    writes: [expungeWrite(bucket, expunge)],
    versionDelta: 0,
  };
}

function ghosted(current: StoredObject, { isNull }: Pick<Version, "isNull">) {
  return {
    expungedCount: current.expungedCount + 1,
    expungedNullCount: current.expungedNullCount + (isNull ? 1 : 0),
    conflictCount: 0,
  };
}

/** @throws LIMIT */
function joined(seen: Seen, { uvid, generation, known }: Expunge): Seen {
  return {
    generation: Math.max(seen.generation, generation),
    known: mergedKnown([{ uvid, known: [...seen.known, ...known] }]),
  };
}
