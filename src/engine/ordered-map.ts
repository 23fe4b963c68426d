/**
 * A map in byte order of its keys, in memory. Keys are byte strings held as latin1 text (one character a byte), which
 * JavaScript compares as unsigned bytes. Kept as sorted blocks: insertion and removal move at most one block. New keys
 * find their place some at a time, or when somebody asks for the order.
 */

const BLOCK_KEYS_MAX = 512;
/** Sorted together: nobody waits long for the order of many. */
const UNPLACED_KEYS_MAX = 512;

export interface KeyRange {
  /** Included; undefined: from the start. */
  readonly from?: string | undefined;
  /** Not included; undefined: to the end. */
  readonly to?: string | undefined;
}

export class OrderedMap<V> {
  readonly #values = new Map<string, V>();
  /** Never empty blocks, ascending. */
  #blocks: string[][] = [];
  /** Keys that have no place in the blocks yet. */
  #unplaced: string[] = [];

  /** All entries, in no order. */
  get values(): ReadonlyMap<string, V> {
    return this.#values;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  set(key: string, value: V): void {
    const sizeBefore = this.#values.size;
    this.#values.set(key, value);
    if (this.#values.size === sizeBefore) return;
    this.#unplaced.push(key);
    if (this.#unplaced.length >= UNPLACED_KEYS_MAX) this.#placeAll();
  }

  delete(key: string): boolean {
    if (!this.#values.delete(key)) return false;
    this.#placeAll();
    const index = this.#blockAtOrBefore(key);
    const block = this.#blocks[index] ?? [];
    block.splice(lowerBound(block, key), 1);
    if (block.length === 0) this.#blocks.splice(index, 1);
    return true;
  }

  clear(): void {
    this.#values.clear();
    this.#blocks = [];
    this.#unplaced = [];
  }

  /** Ascending. The map must not be changed meanwhile. */
  *forward(range: KeyRange): Generator<readonly [key: string, value: V]> {
    this.#placeAll();
    const from = range.from ?? "";
    const start = Math.max(0, this.#blockAtOrBefore(from));
    for (let index = start; index < this.#blocks.length; index += 1) {
      const block = this.#blocks[index] ?? [];
      for (let at = index === start ? lowerBound(block, from) : 0; at < block.length; at += 1) {
        const key = block[at] as string;
        if (range.to !== undefined && key >= range.to) return;
        yield [key, this.#values.get(key) as V];
      }
    }
  }

  /** Descending. The map must not be changed meanwhile. */
  *backward(range: KeyRange): Generator<readonly [key: string, value: V]> {
    this.#placeAll();
    const from = range.from ?? "";
    const end = range.to === undefined ? this.#blocks.length - 1 : this.#blockAtOrBefore(range.to);
    for (let index = end; index >= 0; index -= 1) {
      const block = this.#blocks[index] ?? [];
      const limit = range.to === undefined ? block.length : lowerBound(block, range.to);
      for (let at = limit - 1; at >= 0; at -= 1) {
        const key = block[at] as string;
        if (key < from) return;
        yield [key, this.#values.get(key) as V];
      }
    }
  }

  #placeAll(): void {
    if (this.#unplaced.length === 0) return;
    const keys = this.#unplaced.sort();
    this.#unplaced = [];
    for (const key of keys) this.#place(key);
  }

  #place(key: string): void {
    const index = Math.max(0, this.#blockAtOrBefore(key));
    const block = this.#blocks[index];
    if (block === undefined) {
      this.#blocks.push([key]);
      return;
    }
    const last = block[block.length - 1];
    if (last !== undefined && last < key) block.push(key);
    else block.splice(lowerBound(block, key), 0, key);
    if (block.length > BLOCK_KEYS_MAX) this.#blocks.splice(index + 1, 0, block.splice(BLOCK_KEYS_MAX >> 1));
  }

  /** The last block whose first key is not above `key`; -1 when there is none. */
  #blockAtOrBefore(key: string): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#blocks[middle]?.[0] ?? "") <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** The place of the first key that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
