/**
 * Copies all objects of a bucket, or those below a prefix, under other names: names and manifests are written, no data moves. Failures
 * of single objects are reported and do not stop the others.
 */
import type { AdminClient } from "../../api/admin-client.ts";
import { EfsError } from "../../base/errors.ts";
import type { Talk } from "../output/talk.ts";
import { Crowd } from "./crowd.ts";
import { type Failure, Failures, isOfOne } from "./outcome.ts";

/** Requests under way, each for a page of objects. */
const CALLS_MAX = 2;
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
  const crowd = new Crowd(CALLS_MAX, job.signal);
  const failures = new Failures();
  const copyPage = async (names: readonly string[]) => {
    const items = names.map((name) => ({ from: name, to: to.prefix + name.slice(from.prefix.length) }));
    const outcomes = await api.copyObjects(from.bucket, { toBucket: to.bucket, items });
    for (const [index, name] of names.entries()) {
      const outcome = outcomes[index];
      if (outcome === undefined)
        throw new EfsError("INTERNAL", "an answer has fewer copies than were asked for");
      if ("error" in outcome) {
        const { error } = outcome;
        if (!isOfOne(error)) throw error;
        failures.add(name, error);
        await talk.failure(name, error);
      } else {
        tally.copiedObjects += 1;
        tally.copiedBytes += outcome.sizeBytes;
      }
    }
  };
  for (let after: string | undefined, isMore = true; isMore; ) {
    const page = await api.listObjects(from.bucket, { prefix: from.prefix, after, limit: PAGE_ITEMS });
    const names = page.items.map(({ name }) => name);
    if (names.length > 0) await crowd.begin(() => copyPage(names));
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
