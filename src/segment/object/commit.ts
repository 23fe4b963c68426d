/** One commit of changes to objects of a bucket: with their log entries, the counters, and what else belongs to it. */
import type { Batch, Check, CommitOutcome, Write } from "../../engine/meta-store.ts";
import type { OpenBucket } from "../core/buckets.ts";
import type { Core } from "../core/core.ts";
import type { Change, Delta } from "./change.ts";

export interface Commit {
  /** Of different objects. */
  readonly changes: readonly Change[];
  readonly entries: readonly Uint8Array[];
  readonly checks?: readonly Check[];
  readonly writes?: readonly Write[];
  /** Not bound by the quota: what only removes may bring an older version back. */
  readonly isFree?: boolean;
}

/** Not committed: something changed since it was read. @throws QUOTA, NO_SPACE, READ_ONLY */
export async function commitChanges(
  core: Core,
  bucket: OpenBucket,
  { changes, entries, checks = [], writes = [], isFree = false }: Commit,
): Promise<CommitOutcome> {
  const delta = totalDelta(changes);
  const batch: Batch = {
    // An object's record changes with every commit, so its check is unique to the batch.
    checks: [...changes.flatMap((change) => change.checks), bucket.check, ...checks],
    writes: [...changes.flatMap((change) => change.writes), ...writes],
    adds: countersOf(bucket, delta),
    appends: entries.map((value) => ({ log: bucket.keys.log, value })),
  };
  const admitted = isFree ? undefined : core.quotas.admit(bucket, delta);
  if (admitted === undefined) return core.guard.commit(batch);
  const settle = await admitted;
  try {
    return await core.guard.commit(batch);
  } finally {
    settle();
  }
}

function totalDelta(changes: readonly Change[]): Delta {
  let [objects, bytes, versions] = [0, 0, 0];
  for (const { delta } of changes) {
    objects += delta.objects;
    bytes += delta.bytes;
    versions += delta.versions;
  }
  return { objects, bytes, versions };
}

function countersOf(bucket: OpenBucket, delta: Delta): NonNullable<Batch["adds"]> {
  const { objectCount, sizeBytes, versionCount } = bucket.keys;
  return [
    { key: objectCount, delta: BigInt(delta.objects) },
    { key: sizeBytes, delta: BigInt(delta.bytes) },
    { key: versionCount, delta: BigInt(delta.versions) },
  ].filter((add) => add.delta !== 0n);
}
