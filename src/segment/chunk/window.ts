/**
 * The work on one window of a stream: cut it, hash the chunks, compress those that shrink, seal them for an encrypted bucket. Pure and synchronous; runs in a worker
 * thread, or in the caller's for small content.
 */
import type { ChunkPut } from "../../engine/chunk-store.ts";
import { contentId } from "../../model/hash.ts";
import type { Chunking } from "../../model/namespace.ts";
import type { Reference } from "../../model/reference.ts";
import type { Vault } from "../vault/vault.ts";
import { encodeChunk } from "./codec.ts";
import { type CutPiece, cutWindow } from "./cutter.ts";

/** A reference in the order of the content, and the chunk to store for it; zeros have none. */
export interface ChunkedPiece {
  readonly reference: Reference;
  readonly put: ChunkPut | undefined;
}

/** The chunks and zeros of content that is all there. Stored bytes may be views of `bytes`. */
export function chunkWhole(bytes: Uint8Array, chunking: Chunking, vault?: Vault): readonly ChunkedPiece[] {
  return packPieces(bytes, cutWindow({ bytes, chunking, isLast: true, openZerosBytes: 0 }).pieces, vault);
}

/** With a vault: compressed first, then sealed. */
export function packPieces(
  bytes: Uint8Array,
  pieces: readonly CutPiece[],
  vault: Vault | undefined,
): readonly ChunkedPiece[] {
  return pieces.map((piece) => packPiece(bytes, piece, vault));
}

function packPiece(bytes: Uint8Array, piece: CutPiece, vault: Vault | undefined): ChunkedPiece {
  const { lengthBytes } = piece;
  if (piece.kind === "zeros") return { reference: { kind: "zeros", lengthBytes }, put: undefined };
  const plain = bytes.subarray(piece.offset, piece.offset + lengthBytes);
  const id = contentId(plain);
  const stored = encodeChunk(plain);
  return {
    reference: { kind: "chunk", id, skipBytes: 0, lengthBytes },
    put: vault === undefined ? { key: id, ...stored } : vault.sealChunk(id, stored),
  };
}
