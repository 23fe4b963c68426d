/**
 * Reading and writing binary layouts: fixed-width integers big-endian, variable-length unsigned integers (LEB128,
 * 7 bits a byte, least group first, at most 8 bytes = 2^53-1), byte strings with a length before them.
 * The reader trusts nothing: every read past the end, overlong or over-limit value throws TRUNCATED or RECORD_CORRUPT.
 */

import { fromUtf8, utf8 } from "./bytes.ts";
import { EfsError } from "./errors.ts";
import { allocate } from "./slab.ts";

export class ByteWriter {
  #buffer: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacityBytes = 256) {
    this.#buffer = allocate(capacityBytes);
    this.#view = viewOf(this.#buffer);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    this.#reserve(1);
    this.#view.setUint8(this.#length, value);
    this.#length += 1;
    return this;
  }

  u16(value: number): this {
    this.#reserve(2);
    this.#view.setUint16(this.#length, value);
    this.#length += 2;
    return this;
  }

  u32(value: number): this {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value);
    this.#length += 4;
    return this;
  }

  u64(value: bigint): this {
    this.#reserve(8);
    this.#view.setBigUint64(this.#length, value);
    this.#length += 8;
    return this;
  }

  /** An unsigned integer up to 2^53-1. */
  varint(value: number): this {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
    return this;
  }

  /** Bytes without a length before them. */
  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** A varint length, then the bytes. */
  bytes(bytes: Uint8Array): this {
    return this.varint(bytes.length).raw(bytes);
  }

  text(text: string): this {
    return this.bytes(utf8(text));
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    const bytes = allocate(this.#length);
    bytes.set(this.#buffer.subarray(0, this.#length));
    return bytes;
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#length + sizeBytes;
    if (needed <= this.#buffer.length) return;
    const grown = allocate(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
    this.#view = viewOf(grown);
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8));
  }

  varint(max: number = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 8; count += 1) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (byte === 0 && count > 0) throw corrupt("an integer is not in its shortest form");
        if (value > max) throw corrupt(`an integer is ${value}, the limit is ${max}`);
        return value;
      }
      scale *= 0x80;
    }
    throw corrupt("an integer is too long");
  }

  /** A view of the next `sizeBytes` bytes, not a copy. */
  raw(sizeBytes: number): Uint8Array {
    const start = this.#advance(sizeBytes);
    return this.#bytes.subarray(start, start + sizeBytes);
  }

  bytes(maxBytes: number): Uint8Array {
    return this.raw(this.varint(maxBytes));
  }

  text(maxBytes: number): string {
    const text = fromUtf8(this.bytes(maxBytes));
    if (text === undefined) throw corrupt("text is not UTF-8");
    return text;
  }

  /** @throws RECORD_CORRUPT when bytes are left over. */
  end(): void {
    if (this.remaining !== 0) throw corrupt(`${this.remaining} bytes are left over`);
  }

  #advance(sizeBytes: number): number {
    if (sizeBytes > this.remaining) {
      throw new EfsError("TRUNCATED", `${sizeBytes} bytes wanted, ${this.remaining} are left`);
    }
    const start = this.#offset;
    this.#offset += sizeBytes;
    return start;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function corrupt(message: string): EfsError {
  return new EfsError("RECORD_CORRUPT", message);
}
