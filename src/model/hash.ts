/**
 * Names of content: BLAKE3-256. Chunks and small contents are named by the plain hash of their bytes; tree nodes by BLAKE3 in its
 * key-derivation mode under a fixed context, so that no object's content can pass for a node.
 */
import { Blake3Hasher, blake3 } from "@napi-rs/blake-hash";
import { type ContentId, contentIdOf } from "./ids.ts";

/** Fixed for ever: part of the format. */
const NODE_CONTEXT = "efscli 2026-11-22 chunk manifest node id v1";

export function contentId(bytes: Uint8Array): ContentId {
  return blake3(bytes) as Uint8Array as ContentId;
}

/** The id of an encoded tree node. */
export function nodeId(encoded: Uint8Array): ContentId {
  return contentIdOf(Blake3Hasher.newDeriveKey(NODE_CONTEXT).update(encoded).digestBuffer());
}

export interface ContentHasher {
  update(bytes: Uint8Array): void;
  finish(): ContentId;
}

/** The id of bytes that come in pieces. */
export function contentHasher(): ContentHasher {
  const hasher = new Blake3Hasher();
  return {
    update: (bytes) => {
      hasher.update(bytes);
    },
    finish: () => contentIdOf(hasher.digestBuffer()),
  };
}
