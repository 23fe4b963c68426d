/**
 * What is durable in the journal and may not be in the tree yet: two generations of changes in memory. New changes go to
 * the younger one; the older one is what the settler is bringing to rest, and goes as a whole when that is done.
 */
import { OrderedMap } from "../ordered-map.ts";
import type { Layer, MapRange } from "./layer.ts";

/** Each key once, with its new value; undefined: removed. */
export type Changes = OrderedMap<Uint8Array | undefined>;

export class Overlay {
  #younger: Changes = new OrderedMap();
  #older: Changes | undefined;

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
    return this.#older;
  }

  /** Makes all changes so far the older generation. Only when there is none. */
  age(): Changes {
    this.#older = this.#younger;
    this.#younger = new OrderedMap();
    return this.#older;
  }

  /** The older generation is in the tree. */
  dropOlder(): void {
    this.#older = undefined;
  }

  /** A range of both generations, the younger first. */
  layers(range: MapRange): readonly Layer[] {
    const generations = this.#older === undefined ? [this.#younger] : [this.#younger, this.#older];
    return generations.map((changes) =>
      range.isBackward ? changes.backward(range) : changes.forward(range),
    );
  }
}
