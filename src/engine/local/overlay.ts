/**
 * What is durable in the journal and may not be in the tree yet: two generations of changes in memory. New changes go to
 * the younger one; the older one is what the settler is bringing to rest, and goes as a whole when that is done.
 */
import { bytesOfText, byteText } from "../../base/byte-text.ts";
import { type KeyRange, OrderedMap } from "../ordered-map.ts";
import { unsealed } from "./record-seal.ts";
import type { Tree } from "./tree.ts";

/** A change: the new value, or that the key was removed. */
export type Overlaid = Uint8Array | "removed";

export interface MapRange {
  /** Included. */
  readonly from: string;
  /** Not included. */
  readonly to: string;
  readonly isBackward: boolean;
}

export class Overlay {
  #younger = new OrderedMap<Overlaid>();
  #older: OrderedMap<Overlaid> | undefined;

  get size(): number {
    return this.#younger.size + (this.#older?.size ?? 0);
  }

  get(key: string): Overlaid | undefined {
    return this.#younger.get(key) ?? this.#older?.get(key);
  }

  set(key: string, value: Uint8Array | undefined): void {
    this.#younger.set(key, value ?? "removed");
  }

  /** The generation that waits to come to rest; undefined when there is none. */
  get older(): OrderedMap<Overlaid> | undefined {
    return this.#older;
  }

  /** Makes all changes so far the older generation. Only when there is none. */
  age(): OrderedMap<Overlaid> {
    const older = this.#younger;
    this.#older = older;
    this.#younger = new OrderedMap();
    return older;
  }

  /** The older generation is in the tree. */
  dropOlder(): void {
    this.#older = undefined;
  }

  /**
   * The records of a range of the tree with all changes over it, in order.
   * @throws RECORD_CORRUPT for a record of the tree that is not hidden by a change
   */
  *range(tree: Tree, range: MapRange): Generator<readonly [key: string, value: Uint8Array]> {
    if (range.from >= range.to) return;
    let merged: Layer = treeLayer(tree, range);
    if (this.#older !== undefined) merged = over(layerOf(this.#older, range), merged, range.isBackward);
    merged = over(layerOf(this.#younger, range), merged, range.isBackward);
    for (const [key, value] of merged) {
      if (value instanceof Uint8Array) yield [key, value];
      else if (value !== "removed") yield [key, unsealed(bytesOfText(key), value.sealed)];
    }
  }
}

/** Entries in order of the range; those of the tree are checked only when they are used. */
type Layer = Generator<readonly [key: string, value: Overlaid | { readonly sealed: Uint8Array }]>;

function layerOf(changes: OrderedMap<Overlaid>, range: MapRange): Layer {
  const keys: KeyRange = range;
  return range.isBackward ? changes.backward(keys) : changes.forward(keys);
}

function* treeLayer(tree: Tree, { from, to, isBackward }: MapRange): Layer {
  for (const { key, value } of tree.range({ from: bytesOfText(from), to: bytesOfText(to), isBackward })) {
    yield [byteText(key), { sealed: value }];
  }
}

/** Two layers as one: where both have a key, the upper one counts. */
function* over(upper: Layer, lower: Layer, isBackward: boolean): Layer {
  const isBefore = (left: string, right: string) => (isBackward ? left > right : left < right);
  try {
    let above = upper.next();
    let below = lower.next();
    while (!above.done || !below.done) {
      if (above.done || (!below.done && isBefore(below.value[0], above.value[0]))) {
        yield below.value as Exclude<typeof below.value, undefined>;
        below = lower.next();
        continue;
      }
      if (!below.done && below.value[0] === above.value[0]) below = lower.next();
      yield above.value;
      above = upper.next();
    }
  } finally {
    upper.return(undefined);
    lower.return(undefined);
  }
}
