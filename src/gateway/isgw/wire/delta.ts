/**
 * Differences: target bytes as copies out of a base and literals. Making needs no luck to be right, only to be short:
 * `applyDelta` is exact for whatever operations it is given, and trusts none of them. Layout: PROTOCOL.md §5.
 * Method: blocks of the base by a rolling hash, matches grown both ways (as in rsync and bsdiff's cousins).
 */
import { concat } from "../../../base/bytes.ts";
import { ByteReader, ByteWriter } from "../../../base/cursor.ts";
import { EfsError } from "../../../base/errors.ts";
import { pack, unpack } from "./packing.ts";
import { BASE_BYTES_MAX, type Delta, PIECE_BYTES_MAX } from "./pieces.ts";

const MULTIPLIER = 0x01000193;
/** A base up to this size is indexed in finer blocks. */
const FINE_BASE_BYTES = 64 * 1024;

/** The difference that makes `target` from `base`. Both within the limits of pieces and bases. */
export function makeDelta(base: Uint8Array, target: Uint8Array): Delta {
  const operations = new ByteWriter(64);
  const literals: Uint8Array[] = [];
  let copyEnd = 0;
  let written = 0;
  const emit = (start: number, match: { readonly from: number; readonly length: number } | undefined) => {
    if (start > written) {
      operations.varint((start - written) * 2);
      literals.push(target.subarray(written, start));
    }
    if (match === undefined) return;
    operations.varint(match.length * 2 + 1).varint(zigzag(match.from - copyEnd));
    copyEnd = match.from + match.length;
    written = start + match.length;
  };
  eachMatch(base, target, emit);
  emit(target.length, undefined);
  const plain = concat([operations.finish(), ...literals]);
  const packed = pack(plain);
  return { plainBytes: target.length, isPacked: packed !== undefined, bytes: packed ?? plain };
}

type Emit = (start: number, match: { readonly from: number; readonly length: number }) => void;

function eachMatch(base: Uint8Array, target: Uint8Array, emit: Emit): void {
  const block = base.length <= FINE_BASE_BYTES ? 16 : 32;
  if (base.length < block || target.length < block) return;
  const table = indexBlocks(base, block);
  const mask = table.length - 1;
  let leaving = 1;
  for (let count = 1; count < block; count += 1) leaving = Math.imul(leaving, MULTIPLIER);
  let written = 0;
  let at = 0;
  let hash = hashOf(target, 0, block);
  for (;;) {
    const candidate = (table[slotOf(hash, mask)] ?? 0) - 1;
    if (candidate >= 0 && isSame(base, candidate, target, at, block)) {
      const match = grow({ base, target, from: candidate, at, length: block, floor: written });
      emit(match.at, { from: match.from, length: match.length });
      written = match.at + match.length;
      at = written;
      if (at + block > target.length) return;
      hash = hashOf(target, at, block);
      continue;
    }
    if (at + block >= target.length) return;
    const out = Math.imul((target[at] ?? 0) + 1, leaving);
    hash = (Math.imul(hash - out, MULTIPLIER) + (target[at + block] ?? 0) + 1) | 0;
    at += 1;
  }
}

/** Slot to block start + 1; 0 is empty. The first of equal blocks stays. */
function indexBlocks(base: Uint8Array, block: number): Int32Array {
  let size = 1024;
  while (size < (base.length / block) * 2) size *= 2;
  const table = new Int32Array(size);
  for (let start = 0; start + block <= base.length; start += block) {
    const slot = slotOf(hashOf(base, start, block), size - 1);
    if (table[slot] === 0) table[slot] = start + 1;
  }
  return table;
}

function hashOf(bytes: Uint8Array, start: number, length: number): number {
  let hash = 0;
  for (let index = start; index < start + length; index += 1) {
    hash = (Math.imul(hash, MULTIPLIER) + (bytes[index] ?? 0) + 1) | 0;
  }
  return hash;
}

function slotOf(hash: number, mask: number): number {
  return ((hash ^ (hash >>> 15)) >>> 0) & mask;
}

function isSame(
  left: Uint8Array,
  leftAt: number,
  right: Uint8Array,
  rightAt: number,
  length: number,
): boolean {
  for (let index = 0; index < length; index += 1) {
    if (left[leftAt + index] !== right[rightAt + index]) return false;
  }
  return true;
}

interface Match {
  readonly base: Uint8Array;
  readonly target: Uint8Array;
  readonly from: number;
  readonly at: number;
  readonly length: number;
  /** The target before this is written already. */
  readonly floor: number;
}

function grow({ base, target, from, at, length, floor }: Match): {
  from: number;
  at: number;
  length: number;
} {
  let start = at;
  let source = from;
  while (start > floor && source > 0 && base[source - 1] === target[start - 1]) {
    start -= 1;
    source -= 1;
  }
  let end = at + length;
  let sourceEnd = from + length;
  while (end < target.length && sourceEnd < base.length && base[sourceEnd] === target[end]) {
    end += 1;
    sourceEnd += 1;
  }
  return { from: source, at: start, length: end - start };
}

/** The target bytes. @throws PROTOCOL, TRUNCATED, RECORD_CORRUPT; never allocates beyond the limits */
export function applyDelta(base: Uint8Array, delta: Delta): Uint8Array {
  if (delta.plainBytes > PIECE_BYTES_MAX || base.length > BASE_BYTES_MAX) throw broken("is over its limits");
  // Operations cost at most a few bytes for every byte that they make.
  const plain = delta.isPacked ? unpack(delta.bytes, PIECE_BYTES_MAX * 2) : delta.bytes;
  const target = new Uint8Array(delta.plainBytes);
  const reader = new ByteReader(plain);
  const gaps: Array<{ readonly at: number; readonly length: number }> = [];
  let at = 0;
  let copyEnd = 0;
  while (at < target.length) {
    const operation = reader.varint(PIECE_BYTES_MAX * 2 + 1);
    const length = Math.floor(operation / 2);
    if (length === 0 || at + length > target.length) throw broken("makes more than it says");
    if (operation % 2 === 0) gaps.push({ at, length });
    else {
      const from = copyEnd + unzigzag(reader.varint(BASE_BYTES_MAX * 2 + 1));
      if (from < 0 || from + length > base.length) throw broken("copies from outside its base");
      target.set(base.subarray(from, from + length), at);
      copyEnd = from + length;
    }
    at += length;
  }
  for (const gap of gaps) target.set(reader.raw(gap.length), gap.at);
  reader.end();
  return target;
}

function zigzag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function broken(what: string): EfsError {
  return new EfsError("PROTOCOL", `a difference ${what}`);
}
