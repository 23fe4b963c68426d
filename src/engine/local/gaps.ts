/**
 * Stretches in which every key was removed and none is left: a range that begins in one goes on behind it, instead of passing
 * what is not merged away yet again. Without it, emptying a range page by page would look at everything removed for each page.
 * In memory only; a few, the oldest goes first.
 */
import type { MapRange } from "./layer.ts";

const GAPS_MAX = 16;
/** Shorter stretches are passed as quickly. */
const REMOVED_MIN = 200;

interface Gap {
  /** Included. */
  readonly from: string;
  /** Not included. */
  readonly to: string;
}

export class Gaps {
  #gaps: Gap[] = [];

  /** The range without a gap that it begins in. */
  narrowed(range: MapRange): MapRange {
    for (const { from, to } of this.#gaps) {
      if (range.isBackward && from < range.to && range.to <= to) return { ...range, to: from };
      if (!range.isBackward && from <= range.from && range.from < to) return { ...range, from: to };
    }
    return range;
  }

  /** To be told that a range met so many removed keys before `first`, its first key; undefined: it has none. */
  met(range: MapRange, removedCount: number, first: string | undefined): void {
    if (removedCount < REMOVED_MIN) return;
    const { isBackward } = range;
    let from = isBackward && first !== undefined ? `${first}\0` : range.from;
    let to = isBackward || first === undefined ? range.to : first;
    const others: Gap[] = [];
    for (const gap of this.#gaps) {
      const isApart = gap.to < from || to < gap.from;
      if (isApart) others.push(gap);
      else {
        if (gap.from < from) from = gap.from;
        if (gap.to > to) to = gap.to;
      }
    }
    this.#gaps = [{ from, to }, ...others.slice(0, GAPS_MAX - 1)];
  }

  /** To be told of every key that is put, before it can be seen. */
  put(key: string): void {
    if (this.#gaps.length === 0) return;
    this.#gaps = this.#gaps.filter(({ from, to }) => key < from || key >= to);
  }
}
