/**
 * Layers of changes over one another: the overlay's generations and the index's runs all have this form, and a range or a
 * merge sees through any number of them in one pass.
 */

import type { Change } from "./journal-frame.ts";

/** Changes in order of a range, each key once. */
export type Layer = Iterator<Change>;

export interface MapRange {
  /** Included. */
  readonly from: string;
  /** Not included. */
  readonly to: string;
  readonly isBackward: boolean;
}

/** Layers as one, youngest first: where several have a key, the youngest counts. */
export function* mergeLayers(layers: readonly Layer[], isBackward: boolean): Generator<Change> {
  const heads: Head[] = [];
  for (const layer of layers) {
    const head = { layer, change: nextOf(layer) };
    if (head.change !== undefined) heads.push(head as Head);
  }
  while (heads.length > 1) {
    const first = firstOf(heads, isBackward);
    const bound = dropSame(heads, first, isBackward);
    // What lies before every other layer's next key comes without another look at them.
    do {
      yield first.change;
      const change = nextOf(first.layer);
      if (change === undefined) heads.splice(heads.indexOf(first), 1);
      else first.change = change;
      if (change === undefined) break;
    } while (bound === undefined || isBefore(first.change[0], bound, isBackward));
  }
  const [last] = heads;
  if (last === undefined) return;
  yield last.change;
  for (let change = nextOf(last.layer); change !== undefined; change = nextOf(last.layer)) yield change;
}

/** A layer that is not at its end, and its next change. */
interface Head {
  readonly layer: Layer;
  change: Change;
}

function firstOf(heads: readonly Head[], isBackward: boolean): Head {
  let first = heads[0] as Head;
  for (let index = 1; index < heads.length; index += 1) {
    const head = heads[index] as Head;
    if (isBefore(head.change[0], first.change[0], isBackward)) first = head;
  }
  return first;
}

/** Passes what `first` hides in the other layers; returns the first key that they have left. */
function dropSame(heads: Head[], first: Head, isBackward: boolean): string | undefined {
  const key = first.change[0];
  let bound: string | undefined;
  for (let index = heads.length - 1; index >= 0; index -= 1) {
    const head = heads[index] as Head;
    if (head === first) continue;
    if (head.change[0] === key) {
      const change = nextOf(head.layer);
      if (change === undefined) {
        heads.splice(index, 1);
        continue;
      }
      head.change = change;
    }
    if (bound === undefined || isBefore(head.change[0], bound, isBackward)) bound = head.change[0];
  }
  return bound;
}

function isBefore(left: string, right: string, isBackward: boolean): boolean {
  return isBackward ? left > right : left < right;
}

function nextOf(layer: Layer): Change | undefined {
  const next = layer.next();
  return next.done ? undefined : next.value;
}
