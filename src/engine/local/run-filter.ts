/**
 * Which keys a run may have: a Bloom filter of 64-byte lines, so that asking costs one line of memory. 10 bits and 6 probes
 * a key answer for about 99 of 100 absent keys that they are absent. Layout: DESIGN.md, Bytes.
 */

const LINE_BYTES = 64;
const BITS_A_KEY = 10;
const PROBES = 6;
/** 107 million keys; of more, more absent keys are taken for present. Products with a hash stay exact. */
const LINES_MAX = 2 ** 21;
const GOLDEN = 0x9e3779b9;

export class RunFilter {
  readonly bytes: Uint8Array;
  readonly #lineCount: number;

  /** Over the bytes of a filter: a whole number of lines, at least one. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#lineCount = bytes.length / LINE_BYTES;
  }

  static forKeys(count: number): RunFilter {
    const lineCount = Math.min(LINES_MAX, Math.max(1, Math.ceil((count * BITS_A_KEY) / (LINE_BYTES * 8))));
    return new RunFilter(new Uint8Array(lineCount * LINE_BYTES));
  }

  static isFilter(bytes: Uint8Array): boolean {
    const { length } = bytes;
    return length > 0 && length % LINE_BYTES === 0 && length <= LINES_MAX * LINE_BYTES;
  }

  add(hash: number): void {
    const line = this.#lineAt(hash);
    let probe = hash;
    for (let count = 0; count < PROBES; count += 1) {
      probe = Math.imul(probe, GOLDEN);
      const at = line + (probe >>> 26);
      this.bytes[at] = (this.bytes[at] as number) | (1 << ((probe >>> 23) & 7));
    }
  }

  /** False: no such key was added. */
  mayHave(hash: number): boolean {
    const line = this.#lineAt(hash);
    let probe = hash;
    for (let count = 0; count < PROBES; count += 1) {
      probe = Math.imul(probe, GOLDEN);
      if (((this.bytes[line + (probe >>> 26)] as number) & (1 << ((probe >>> 23) & 7))) === 0) return false;
    }
    return true;
  }

  #lineAt(hash: number): number {
    return Math.floor((hash * this.#lineCount) / 2 ** 32) * LINE_BYTES;
  }
}

/** FNV-1a of a key (byte text), mixed by the end of MurmurHash3; u32. */
export function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
