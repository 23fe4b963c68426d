/**
 * The bytes of a run's pieces. A piece is a checksum and a payload; the checksum covers the place too, so that a piece read
 * from elsewhere is damage. A block is a piece that holds changes in order of their keys. Layout: DESIGN.md, Bytes.
 */
import { assert } from "../../base/assert.ts";
import { asBuffer } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc.ts";
import { RECORD_VALUE_BYTES_MAX } from "../meta-store.ts";
import { KEY_BYTES_MAX } from "./journal-frame.ts";

export const PIECE_HEADER_BYTES = 4;
const COUNT_BYTES = 4;
const HEADER_BYTES = PIECE_HEADER_BYTES + COUNT_BYTES;
/** Two lengths. */
const CHANGE_HEADER_BYTES_MAX = 4 + 4;
/** A block ends before the change that would make it larger than this; one change alone may. */
export const BLOCK_BYTES = 4096;
export const BLOCK_BYTES_MAX =
  HEADER_BYTES + CHANGE_HEADER_BYTES_MAX + KEY_BYTES_MAX + RECORD_VALUE_BYTES_MAX;
/** In a block's table: where key and value begin and the value ends; 0 for a key that is removed. */
const FIELDS = 3;

/** Checks and makes the checksums of one run's pieces. */
export class PieceSeal {
  readonly #place = new Uint8Array(20);
  readonly #view = new DataView(this.#place.buffer);

  constructor(salt: bigint, runNumber: number) {
    this.#view.setBigUint64(0, salt);
    this.#view.setUint32(8, runNumber);
  }

  /** Fills in the first four bytes of a piece that will lie at `offset`. */
  seal(piece: Uint8Array, offset: number): void {
    new DataView(piece.buffer, piece.byteOffset).setUint32(0, this.#crcOf(piece, offset));
  }

  /** The payload; undefined when this is not the piece that was written at `offset`. */
  open(piece: Uint8Array, offset: number): Buffer | undefined {
    if (piece.length < PIECE_HEADER_BYTES) return undefined;
    const bytes = asBuffer(piece);
    if (bytes.readUInt32BE(0) !== this.#crcOf(piece, offset)) return undefined;
    return bytes.subarray(PIECE_HEADER_BYTES);
  }

  #crcOf(piece: Uint8Array, offset: number): number {
    this.#view.setUint32(12, Math.floor(offset / 2 ** 32));
    this.#view.setUint32(16, offset % 2 ** 32);
    return crc32c(piece.subarray(PIECE_HEADER_BYTES), crc32c(this.#place));
  }
}

export class BlockBuilder {
  #bytes = Buffer.allocUnsafe(8192);
  #length = HEADER_BYTES;
  #count = 0;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** True when the block would be larger than BLOCK_BYTES with this change. */
  isFullFor(key: string, value: Uint8Array | undefined): boolean {
    if (this.#count === 0) return false;
    return this.#length + CHANGE_HEADER_BYTES_MAX + key.length + (value?.length ?? 0) > BLOCK_BYTES;
  }

  /** `key` is above all before it. */
  add(key: string, value: Uint8Array | undefined): void {
    assert(key.length <= KEY_BYTES_MAX, "a key fits the index");
    this.#reserve(CHANGE_HEADER_BYTES_MAX + key.length + (value?.length ?? 0));
    const bytes = this.#bytes;
    let at = writeLength(bytes, this.#length, key.length);
    at = writeLength(bytes, at, value === undefined ? 0 : value.length + 1);
    at += bytes.write(key, at, "latin1");
    if (value !== undefined) {
      bytes.set(value, at);
      at += value.length;
    }
    this.#length = at;
    this.#count += 1;
  }

  /** A piece of its own that will lie at `offset`; the builder is empty again. */
  finish(seal: PieceSeal, offset: number): Uint8Array {
    this.#bytes.writeUInt32BE(this.#count, PIECE_HEADER_BYTES);
    const piece = new Uint8Array(this.#length);
    piece.set(this.#bytes.subarray(0, this.#length));
    seal.seal(piece, offset);
    this.#length = HEADER_BYTES;
    this.#count = 0;
    return piece;
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#length + sizeBytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** A checked block in memory. */
export class Block {
  readonly count: number;
  /** Set by whoever reads it, cleared by the cache. */
  isUsed = false;
  readonly #bytes: Buffer;
  readonly #table: Uint32Array;

  private constructor(bytes: Buffer, table: Uint32Array) {
    this.#bytes = bytes;
    this.#table = table;
    this.count = table.length / FIELDS;
  }

  /** Looks through the whole payload, so that reading cannot fail later; undefined when it is not a block. */
  static parse(payload: Buffer): Block | undefined {
    if (payload.length < COUNT_BYTES) return undefined;
    const count = payload.readUInt32BE(0);
    if (count > (payload.length - COUNT_BYTES) / 2) return undefined;
    const table = new Uint32Array(count * FIELDS);
    const length = { value: 0 };
    let at = COUNT_BYTES;
    for (let field = 0; field < table.length; field += FIELDS) {
      at = readLength(payload, at, length);
      const keyBytes = length.value;
      at = readLength(payload, at, length);
      const isRemoved = length.value === 0;
      const valueAt = at + keyBytes;
      at = isRemoved ? valueAt : valueAt + length.value - 1;
      if (!(at <= payload.length)) return undefined;
      table[field] = valueAt - keyBytes;
      table[field + 1] = valueAt;
      table[field + 2] = isRemoved ? 0 : at;
    }
    return at === payload.length ? new Block(payload, table) : undefined;
  }

  get sizeBytes(): number {
    return this.#bytes.length + this.#table.byteLength;
  }

  keyAt(index: number): string {
    const field = index * FIELDS;
    return this.#bytes.toString("latin1", this.#table[field], this.#table[field + 1]);
  }

  /** A view; undefined: removed. */
  valueAt(index: number): Uint8Array | undefined {
    const field = index * FIELDS;
    const start = this.#table[field + 1] as number;
    const end = this.#table[field + 2] as number;
    if (end === 0) return undefined;
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, end - start);
  }

  hasKey(index: number, key: string): boolean {
    return index < this.count && this.#compare(index, key) === 0;
  }

  /** The place of the first key that is not below `key`. */
  lowerBound(key: string): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(middle, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compare(index: number, key: string): number {
    const bytes = this.#bytes;
    const start = this.#table[index * FIELDS] as number;
    const keyBytes = (this.#table[index * FIELDS + 1] as number) - start;
    const common = Math.min(keyBytes, key.length);
    for (let at = 0; at < common; at += 1) {
      const difference = (bytes[start + at] as number) - key.charCodeAt(at);
      if (difference !== 0) return difference;
    }
    return keyBytes - key.length;
  }
}

function writeLength(bytes: Buffer, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
  bytes[at++] = rest;
  return at;
}

/** Sets `length`, at most four bytes of LEB128; returns the place behind it, NaN when there is none. */
function readLength(bytes: Buffer, offset: number, length: { value: number }): number {
  let value = 0;
  for (let count = 0; count < 4; count += 1) {
    const byte = bytes[offset + count];
    if (byte === undefined) return Number.NaN;
    value |= (byte & 0x7f) << (7 * count);
    if (byte >= 0x80) continue;
    length.value = value;
    return offset + count + 1;
  }
  return Number.NaN;
}
