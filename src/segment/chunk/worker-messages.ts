/**
 * What the pool and its workers say to each other. A window's bytes move to the worker and come back with the outcome; nothing large
 * is copied on the way but the undecided bytes at a window's end, which the next window needs at once.
 */
import { contentIdOf } from "../../model/ids.ts";
import type { Chunking } from "../../model/namespace.ts";
import type { ChunkedPiece } from "./window.ts";

export interface WindowRequest {
  readonly id: number;
  readonly buffer: ArrayBuffer;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly chunking: Chunking;
  readonly isLast: boolean;
  readonly openZerosBytes: number;
}

export type WorkerReply =
  | {
      readonly kind: "cut";
      readonly id: number;
      readonly undecided: Uint8Array;
      readonly openZerosBytes: number;
    }
  | { readonly kind: "packed"; readonly id: number; readonly packed: PackedPieces }
  | { readonly kind: "failed"; readonly id: number; readonly message: string };

/** Pieces without objects: five numbers each in `numbers`, ids end to end, stored bytes in one of two buffers. */
export interface PackedPieces {
  readonly numbers: Float64Array;
  readonly ids: Uint8Array;
  /** The window's own bytes, where plain chunks lie. */
  readonly window: ArrayBuffer;
  /** Compressed chunks end to end. */
  readonly compressed: Uint8Array;
}

/** Length of the content, codec or ZEROS, which buffer, offset in it, length there. */
const NUMBERS_EACH = 5;
const ZEROS = -1;
const ID_BYTES = 32;

export function flattenPieces(pieces: readonly ChunkedPiece[], window: ArrayBuffer): PackedPieces {
  const numbers = new Float64Array(pieces.length * NUMBERS_EACH);
  const ids = new Uint8Array(pieces.length * ID_BYTES);
  let compressedBytes = 0;
  for (const { put } of pieces) {
    if (put !== undefined && put.bytes.buffer !== window) compressedBytes += put.bytes.length;
  }
  const compressed = new Uint8Array(compressedBytes);
  let offset = 0;
  pieces.forEach(({ reference, put }, index) => {
    const at = index * NUMBERS_EACH;
    if (put === undefined) {
      numbers.set([reference.lengthBytes, ZEROS], at);
      return;
    }
    ids.set(put.key, index * ID_BYTES);
    const isPlain = put.bytes.buffer === window;
    numbers.set([put.plainBytes, put.codec, isPlain ? 0 : 1], at);
    numbers.set([isPlain ? put.bytes.byteOffset : offset, put.bytes.length], at + 3);
    if (!isPlain) {
      compressed.set(put.bytes, offset);
      offset += put.bytes.length;
    }
  });
  return { numbers, ids, window, compressed };
}

export function expandPieces(packed: PackedPieces): readonly ChunkedPiece[] {
  const { numbers, ids, window, compressed } = packed;
  const pieces: ChunkedPiece[] = [];
  for (let index = 0; index * NUMBERS_EACH < numbers.length; index += 1) {
    const [lengthBytes = 0, codec = 0, place = 0, offset = 0, storedBytes = 0] = numbers.subarray(
      index * NUMBERS_EACH,
      (index + 1) * NUMBERS_EACH,
    );
    if (codec === ZEROS) {
      pieces.push({ reference: { kind: "zeros", lengthBytes }, put: undefined });
      continue;
    }
    const id = contentIdOf(ids.slice(index * ID_BYTES, (index + 1) * ID_BYTES));
    const bytes =
      place === 0
        ? new Uint8Array(window, offset, storedBytes)
        : compressed.subarray(offset, offset + storedBytes);
    pieces.push({
      reference: { kind: "chunk", id, skipBytes: 0, lengthBytes },
      put: { key: id, codec, keyId: 0, plainBytes: lengthBytes, bytes },
    });
  }
  return pieces;
}
