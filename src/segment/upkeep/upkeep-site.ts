/** What the upkeep of buckets works with and counts, and how it keeps out of the way of others. */
import type { Clock } from "../../base/clock.ts";
import { type EfsError, toEfsError } from "../../base/errors.ts";
import type { Segment } from "../segment.ts";

export interface UpkeepSite {
  readonly segment: Pick<Segment, "namespace" | "objects" | "annotations" | "uploads">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What a pass did to one bucket. */
export interface UpkeepCounts {
  /** Latest versions that were ended by a delete version. */
  expired: number;
  /** Noncurrent versions that were removed for good. */
  expunged: number;
  /** Delete markers that stood alone and were removed. */
  markers: number;
  uploads: number;
  /** Left because of a legal hold or a retention. */
  locked: number;
  failed: number;
}

export function newCounts(): UpkeepCounts {
  return { expired: 0, expunged: 0, markers: 0, uploads: 0, locked: 0, failed: 0 };
}

/** Removals under way at once, and how many a second there are at most. */
const AT_ONCE = 16;
const REMOVALS_PER_SECOND = 500;

export type Removal = () => Promise<keyof UpkeepCounts | undefined>;

/** Thrown by the guard of a removal: what was listed is not any more as it was, so it stays. */
export class Changed extends Error {
  override readonly name = "Changed";
}

/** Errors that end the pass of a bucket, or all of it, rather than one removal. */
const ENDING: ReadonlySet<string> = new Set(["BUCKET_NOT_FOUND", "SHUTTING_DOWN", "READ_ONLY"]);

export function isEnding({ code }: EfsError): boolean {
  return ENDING.has(code);
}

/**
 * Runs removals at a bounded rate and counts what came of them.
 * @throws BUCKET_NOT_FOUND, SHUTTING_DOWN, READ_ONLY
 */
export async function runRemovals(
  { clock, signal }: UpkeepSite,
  removals: readonly Removal[],
  { counts, onFailure }: { readonly counts: UpkeepCounts; readonly onFailure: (error: EfsError) => void },
): Promise<void> {
  for (let at = 0; at < removals.length && !signal.aborted; at += AT_ONCE) {
    const startedMs = clock.monotonicMs();
    const batch = removals.slice(at, at + AT_ONCE);
    const outcomes = await Promise.allSettled(batch.map((remove) => remove()));
    let ending: EfsError | undefined;
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") {
        if (outcome.value !== undefined) counts[outcome.value] += 1;
        continue;
      }
      if (outcome.reason instanceof Changed) continue;
      const error = toEfsError(outcome.reason);
      if (error.kind === "not_found" && error.code !== "BUCKET_NOT_FOUND") continue;
      if (isEnding(error)) ending = error;
      else if (error.code === "LOCKED") counts.locked += 1;
      else {
        counts.failed += 1;
        onFailure(error);
      }
    }
    if (ending !== undefined) throw ending;
    const restMs = (batch.length * 1000) / REMOVALS_PER_SECOND - (clock.monotonicMs() - startedMs);
    if (restMs > 0) await clock.sleep(restMs, signal);
  }
}
