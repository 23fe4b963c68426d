/**
 * Copies all objects of a bucket, or those below a prefix, under other names: names and manifests are written, no data moves. Failures
 * of single objects are reported and do not stop the others.
 */
import type { AdminClient } from "../../api/admin-client.ts";
import { EfsError, toEfsError } from "../../base/errors.ts";
import type { Talk } from "../output/talk.ts";
import { Crowd } from "./crowd.ts";
import { type Failure, Failures, isOfOne } from "./outcome.ts";

const COPIES_MAX = 16;
const PAGE_ITEMS = 1000;

export interface Place {
  readonly bucket: string;
  /** Empty, or ends in `/`. */
  readonly prefix: string;
}

export interface CopyTree {
  readonly api: AdminClient;
  readonly talk: Talk;
  readonly signal: AbortSignal;
  readonly from: Place;
  readonly to: Place;
}

export interface CopyTally {
  copiedObjects: number;
  copiedBytes: number;
  failedObjects: number;
  failures: readonly Failure[];
}

export function emptyCopyTally(): CopyTally {
  return { copiedObjects: 0, copiedBytes: 0, failedObjects: 0, failures: [] };
}

/** @throws USAGE (one place lies in the other), and what concerns all objects (a bucket is missing, the segment is gone) */
export async function copyTree(job: CopyTree, tally: CopyTally): Promise<void> {
  const { api, talk, from, to } = job;
  refuseOverlap(from, to);
  await api.showBucket(to.bucket);
  const crowd = new Crowd(COPIES_MAX, job.signal);
  const failures = new Failures();
  const copyOne = async (name: string) => {
    const target = `${to.bucket}/${to.prefix}${name.slice(from.prefix.length)}`;
    try {
      const { sizeBytes } = await api.copyObject({ from: `${from.bucket}/${name}`, to: target });
      tally.copiedObjects += 1;
      tally.copiedBytes += sizeBytes;
    } catch (thrown) {
      const error = toEfsError(thrown);
      if (!isOfOne(error)) throw thrown;
      failures.add(name, error);
      await talk.failure(name, error);
    }
  };
  for (let after: string | undefined, isMore = true; isMore; ) {
    const page = await api.listObjects(from.bucket, { prefix: from.prefix, after, limit: PAGE_ITEMS });
    for (const { name } of page.items) await crowd.begin(() => copyOne(name));
    after = page.next ?? undefined;
    isMore = page.next !== null;
  }
  await crowd.settle();
  tally.failedObjects = failures.count;
  tally.failures = failures.kept;
}

/** Copies into the place that is read would be copied again, and again. */
function refuseOverlap(from: Place, to: Place): void {
  if (from.bucket !== to.bucket) return;
  if (!from.prefix.startsWith(to.prefix) && !to.prefix.startsWith(from.prefix)) return;
  throw new EfsError("USAGE", "one of the two places lies in the other", {
    hint: "copy to another bucket, or to a prefix beside",
  });
}
