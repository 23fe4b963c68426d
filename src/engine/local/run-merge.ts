/** Which runs are to be merged: so that they stay few, and removed keys do not slow down ranges over them. Pure. */

/** A run is merged with all younger ones when these together are three times its size: so it is rewritten as often as the index has quadrupled. */
const GROWTH = 4;
/** All runs are merged when one change in so many removes a key: only then do such changes go. */
const CHANGES_A_REMOVED = 8;
/** Ranges may meet so many removed keys in any case. */
const REMOVED_MIN = 1000;

export interface MergeCandidate {
  readonly sizeBytes: number;
  readonly changeCount: number;
  readonly removedCount: number;
  readonly isDamaged: boolean;
}

/** The first of the runs (oldest first) to be merged with all after it, not before `from`; undefined when it is not time. */
export function firstToMerge(runs: readonly MergeCandidate[], from = 0): number | undefined {
  const usable = Math.max(from, runs.findLastIndex((run) => run.isDamaged) + 1);
  if (runs.length - usable < 2) return undefined;
  if (usable === 0 && isFullOfRemoved(runs)) return 0;
  let first: number | undefined;
  let sizeBytes = 0;
  for (let at = runs.length - 1; at >= usable; at -= 1) {
    const run = runs[at] as MergeCandidate;
    sizeBytes += run.sizeBytes;
    if (at < runs.length - 1 && sizeBytes >= GROWTH * run.sizeBytes) first = at;
  }
  return first;
}

function isFullOfRemoved(runs: readonly MergeCandidate[]): boolean {
  let changeCount = 0;
  let removedCount = 0;
  for (const run of runs) {
    changeCount += run.changeCount;
    removedCount += run.removedCount;
  }
  return removedCount >= REMOVED_MIN && removedCount * CHANGES_A_REMOVED > changeCount;
}
