/**
 * Content ids: BLAKE3-256. Chunks and small content are hashed plain, tree nodes in derive-key mode under a context of
 * their own, so that no content that anybody can store passes for a node. FORMAT.md "Identities".
 */
import { Blake3Hasher, blake3 } from "@napi-rs/blake-hash";
import { type ContentId, contentIdOf } from "./ids.ts";

/** The derive-key context of tree nodes. Fixed for ever. */
export const NODE_CONTEXT = "efscli 2026-11-22 chunk manifest node v1";

/** Making a keyed hasher costs ten times a small hash, so the one is reset and used again; nothing is awaited between. */
const nodeHasher = Blake3Hasher.newDeriveKey(NODE_CONTEXT);

/** The id of plain bytes: of a chunk, of small content. */
export function contentId(bytes: Uint8Array): ContentId {
  return idFrom(blake3(bytes));
}

/** The id of an encoded tree node (chunk-manifest.ts). */
export function nodeId(bytes: Uint8Array): ContentId {
  nodeHasher.reset();
  nodeHasher.update(bytes);
  return idFrom(nodeHasher.digestBuffer());
}

/** Hashes of one secret key: nobody without it can tell what has which hash. */
export interface KeyedHasher {
  /** 32 bytes for all parts end to end; where a part ends must follow from what they are. */
  hash(...parts: readonly Uint8Array[]): Uint8Array;
}

/** BLAKE3 in keyed mode. The key has 32 bytes. */
export function keyedHasher(key: Uint8Array): KeyedHasher {
  const hasher = Blake3Hasher.newKeyed(Buffer.from(key));
  return {
    hash: (...parts) => {
      hasher.reset();
      for (const part of parts) hasher.update(part);
      return new Uint8Array(hasher.digestBuffer());
    },
  };
}

export interface ContentHasher {
  update(bytes: Uint8Array): void;
  /** The id of everything given so far; more may follow. */
  id(): ContentId;
}

/** `contentId` of bytes that come piece by piece. */
export function contentHasher(): ContentHasher {
  const hasher = new Blake3Hasher();
  return {
    update: (bytes) => {
      hasher.update(bytes);
    },
    id: () => idFrom(hasher.digestBuffer()),
  };
}

/** A copy that owns its 32 bytes: a Buffer would compare and slice unlike other ids. */
function idFrom(digest: Uint8Array): ContentId {
  return contentIdOf(new Uint8Array(digest));
}
