/**
 * What is durable in the journal and may not be in the tree yet: two generations of changes in memory. New changes go to
 * the younger one; the older one is what the settler is bringing to rest, and goes as a whole when that is done.
 */
import { bytesOfText, byteText } from "../../base/byte-text.ts";
import { type KeyRange, OrderedMap } from "../ordered-map.ts";
import { unsealed } from "./record-seal.ts";
import type { Tree } from "./tree.ts";

/** Each key once, with its new value; undefined: removed. */
export type Changes = ReadonlyMap<string, Uint8Array | undefined>;

export interface MapRange {
  /** Included. */
  readonly from: string;
  /** Not included. */
  readonly to: string;
  readonly isBackward: boolean;
}

export class Overlay {
  #younger = new OrderedMap<Uint8Array | undefined>();
  #older: OrderedMap<Uint8Array | undefined> | undefined;

  get size(): number {
    return this.#younger.size + (this.#older?.size ?? 0);
  }

  has(key: string): boolean {
    return this.#younger.has(key) || this.#older?.has(key) === true;
  }

  /** The new value of a key that it has; undefined: removed. */
  get(key: string): Uint8Array | undefined {
    return this.#younger.has(key) ? this.#younger.get(key) : this.#older?.get(key);
  }

  set(key: string, value: Uint8Array | undefined): void {
    this.#younger.set(key, value);
  }

  /** The generation that waits to come to rest; undefined when there is none. */
  get older(): Changes | undefined {
    return this.#older?.values;
  }

  /** Makes all changes so far the older generation. Only when there is none. */
  age(): Changes {
    this.#older = this.#younger;
    this.#younger = new OrderedMap();
    return this.#older.values;
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
      else if (value !== undefined) yield [key, unsealed(bytesOfText(key), value.sealed)];
    }
  }
}

/** Entries in order of the range; those of the tree are checked only when they are used. */
type Layer = Generator<
  readonly [key: string, value: Uint8Array | undefined | { readonly sealed: Uint8Array }]
>;

function layerOf(changes: OrderedMap<Uint8Array | undefined>, range: MapRange): Layer {
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
