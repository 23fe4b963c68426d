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
  /** Of the vault of the bucket that the content is for; undefined: stored as it is. */
  readonly bucketKey: Uint8Array | undefined;
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

/** Pieces without objects: six numbers each in `numbers`, ids end to end, stored bytes in one of two buffers. */
export interface PackedPieces {
  readonly numbers: Float64Array;
  readonly ids: Uint8Array;
  /** Keys end to end, where they are not the ids: of sealed chunks. */
  readonly places: Uint8Array | undefined;
  /** The window's own bytes, where plain chunks lie. */
  readonly window: ArrayBuffer;
  /** Compressed chunks end to end. */
  readonly compressed: Uint8Array;
}

/** Length of the content, codec or ZEROS, key id, which buffer, offset in it, length there. */
const NUMBERS_EACH = 6;
const ZEROS = -1;
const ID_BYTES = 32;

export function flattenPieces(pieces: readonly ChunkedPiece[], window: ArrayBuffer): PackedPieces {
  const numbers = new Float64Array(pieces.length * NUMBERS_EACH);
  const ids = new Uint8Array(pieces.length * ID_BYTES);
  let compressedBytes = 0;
  let isSealed = false;
  for (const { put } of pieces) {
    if (put !== undefined && put.bytes.buffer !== window) compressedBytes += put.bytes.length;
    isSealed ||= put !== undefined && put.keyId !== 0;
  }
  const places = isSealed ? new Uint8Array(ids.length) : undefined;
  const compressed = new Uint8Array(compressedBytes);
  let offset = 0;
  pieces.forEach(({ reference, put }, index) => {
    const at = index * NUMBERS_EACH;
    if (put === undefined || reference.kind === "zeros") {
      numbers.set([reference.lengthBytes, ZEROS], at);
      return;
    }
    ids.set(reference.id, index * ID_BYTES);
    places?.set(put.key, index * ID_BYTES);
    const isPlain = put.bytes.buffer === window;
    numbers.set([put.plainBytes, put.codec, put.keyId, isPlain ? 0 : 1], at);
    numbers.set([isPlain ? put.bytes.byteOffset : offset, put.bytes.length], at + 4);
    if (!isPlain) {
      compressed.set(put.bytes, offset);
      offset += put.bytes.length;
    }
  });
  return { numbers, ids, places, window, compressed };
}

export function expandPieces(packed: PackedPieces): readonly ChunkedPiece[] {
  const { numbers, ids, places, window, compressed } = packed;
  const pieces: ChunkedPiece[] = [];
  for (let index = 0; index * NUMBERS_EACH < numbers.length; index += 1) {
    const [lengthBytes = 0, codec = 0, keyId = 0, buffer = 0, offset = 0, storedBytes = 0] = numbers.subarray(
      index * NUMBERS_EACH,
      (index + 1) * NUMBERS_EACH,
    );
    if (codec === ZEROS) {
      pieces.push({ reference: { kind: "zeros", lengthBytes }, put: undefined });
      continue;
    }
    const span = [index * ID_BYTES, (index + 1) * ID_BYTES] as const;
    const id = contentIdOf(ids.slice(...span));
    const bytes =
      buffer === 0
        ? new Uint8Array(window, offset, storedBytes)
        : compressed.subarray(offset, offset + storedBytes);
    pieces.push({
      reference: { kind: "chunk", id, skipBytes: 0, lengthBytes },
      put: { key: places?.slice(...span) ?? id, codec, keyId, plainBytes: lengthBytes, bytes },
    });
  }
  return pieces;
}
