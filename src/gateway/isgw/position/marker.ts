/**
 * The marker of a bucket: where its log stood when the service first served it. `continuous` replicates what was logged
 * after it. A bucket that appears under a tenant that is served already is new as a whole: its marker is the beginning.
 */
import { type BucketPath, formatServedPath, type ServedPath } from "../../../model/names.ts";
import type { BucketRecord } from "../../../model/namespace.ts";
import type { Replication } from "../../../segment/replication.ts";
import type { StateStore } from "../state-store.ts";
import type { LogPoint } from "./mark.ts";

const BEGINNING: LogPoint = { position: 0n, uvid: undefined };

export interface FoundBucket {
  readonly path: BucketPath;
  readonly record: BucketRecord;
}

/** The buckets under a served path, each with a marker that is durable by now. */
export async function findBuckets(
  replication: Replication,
  states: StateStore,
  served: ServedPath,
): Promise<readonly FoundBucket[]> {
  const buckets = await replication.buckets(served);
  const text = formatServedPath(served);
  const isKnown = await states.isPathKnown(text);
  for (const bucket of buckets) {
    if ((await states.marker(bucket.record.logId)) !== undefined) continue;
    await states.setMarker(bucket.record.logId, isKnown ? BEGINNING : await headOf(replication, bucket.path));
  }
  if (!isKnown) await states.setPathKnown(text);
  return buckets;
}

/** The end of a bucket's log, with the version id there. @throws BUCKET_NOT_FOUND */
export async function headOf(replication: Replication, bucket: BucketPath): Promise<LogPoint> {
  const { position } = await replication.logHead(bucket);
  if (position === 0n) return BEGINNING;
  const uvid = await uvidAt(replication, bucket, position);
  return uvid === undefined ? BEGINNING : { position, uvid };
}

export async function uvidAt(
  replication: Replication,
  bucket: BucketPath,
  position: bigint,
): Promise<NonNullable<LogPoint["uvid"]> | undefined> {
  const [entry] = await replication.readLog(bucket, position - 1n, 1);
  return entry?.position === position ? entry.uvid : undefined;
}
