/**
 * The vault of an encrypted bucket: under which keys its content rests, and how bytes are sealed. Everything follows from the bucket's key, so that
 * equal content of one bucket is stored once and that of two buckets has nothing in common. Pure; worker threads make one of their own.
 *
 * The nonce of a box is derived from a secret key, its place and its bytes: the same bytes at the same place give the same box (checks of
 * records and deduplication need that), and different bytes never share a nonce.
 */
import { byteText } from "../../base/byte-text.ts";
import { EfsError } from "../../base/errors.ts";
import type { ChunkKey, ChunkPut, StoredChunk } from "../../engine/chunk-store.ts";
import { type KeyedHasher, keyedHasher } from "../../model/hash.ts";
import type { ContentId } from "../../model/ids.ts";
import {
  BOX_KEY_BYTES,
  BOX_NONCE_BYTES,
  BOX_TAG_BYTES,
  deriveKey,
  openBox,
  sealInto,
} from "../core/secret-box.ts";

export const VAULT_KEY_BYTES = BOX_KEY_BYTES;
/** `keyId` of chunks that a bucket's vault sealed. */
export const VAULT_KEY_ID = 1;
/** What sealing adds to bytes. */
export const SEAL_BYTES = BOX_NONCE_BYTES + BOX_TAG_BYTES;

export class Vault {
  /** As it goes to worker threads. */
  readonly bucketKey: Uint8Array;
  readonly #idHasher: KeyedHasher;
  readonly #nonceHasher: KeyedHasher;
  readonly #dataKey: Uint8Array;

  /** `bucketKey`: 32 random bytes. */
  constructor(bucketKey: Uint8Array) {
    this.bucketKey = bucketKey;
    this.#idHasher = keyedHasher(deriveKey(bucketKey, "efscli vault ids v1"));
    this.#nonceHasher = keyedHasher(deriveKey(bucketKey, "efscli vault nonces v1"));
    this.#dataKey = deriveKey(bucketKey, "efscli vault data v1");
  }

  /** Where content with this id rests: nobody without the bucket's key can tell what is there. */
  placeOf(id: ContentId): ChunkKey {
    return this.#idHasher.hash(id);
  }

  /** The sealed form of a chunk in its stored form, at its place. */
  sealChunk(id: ContentId, { codec, plainBytes, bytes }: StoredChunk): ChunkPut {
    const key = this.placeOf(id);
    const sealed = this.#seal(boundOf(key, codec, plainBytes), bytes);
    return { key, codec, keyId: VAULT_KEY_ID, plainBytes, bytes: sealed };
  }

  /** The stored form of what rests at a place; its hash is not checked. @throws CHUNK_CORRUPT, FORMAT_TOO_NEW */
  openChunk(place: ChunkKey, { codec, keyId, plainBytes, bytes }: StoredChunk): StoredChunk {
    if (keyId > VAULT_KEY_ID) throw new EfsError("FORMAT_TOO_NEW", `a chunk is encrypted with key ${keyId}`);
    const plain = this.#open(boundOf(place, codec, plainBytes), bytes);
    if (plain === undefined) throw new EfsError("CHUNK_CORRUPT", "a sealed chunk does not open");
    return { codec, keyId: 0, plainBytes, bytes: plain };
  }

  /** `place`: the key of the record. */
  sealValue(place: Uint8Array, value: Uint8Array): Uint8Array {
    return this.#seal(place, value);
  }

  /** undefined when it was changed, or sealed at another place. */
  openValue(place: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    return this.#open(place, sealed);
  }

  #seal(bound: Uint8Array, plain: Uint8Array): Uint8Array {
    const box = new Uint8Array(plain.length + SEAL_BYTES);
    const nonce = this.#nonceHasher.hash(lengthOf(bound), bound, plain).subarray(0, BOX_NONCE_BYTES);
    box.set(nonce);
    sealInto(box.subarray(BOX_NONCE_BYTES), { key: this.#dataKey, nonce, bound }, plain);
    return box;
  }

  #open(bound: Uint8Array, box: Uint8Array): Uint8Array | undefined {
    if (box.length < SEAL_BYTES) return undefined;
    const nonce = box.subarray(0, BOX_NONCE_BYTES);
    return openBox({ key: this.#dataKey, nonce, bound }, box.subarray(BOX_NONCE_BYTES));
  }
}

/** The last vault of a worker thread: a stream's windows come one after another. */
let lately: { readonly text: string; readonly vault: Vault } | undefined;

/** For a worker thread, which gets the key with each window. */
export function vaultOfKey(bucketKey: Uint8Array | undefined): Vault | undefined {
  if (bucketKey === undefined) return undefined;
  const text = byteText(bucketKey);
  if (lately?.text !== text) lately = { text, vault: new Vault(bucketKey) };
  return lately.vault;
}

/** A chunk's place, codec and plain length: what its header says is sealed with it. */
function boundOf(key: ChunkKey, codec: number, plainBytes: number): Uint8Array {
  const bound = new Uint8Array(key.length + 5);
  bound.set(key);
  const view = new DataView(bound.buffer, key.length);
  view.setUint8(0, codec);
  view.setUint32(1, plainBytes);
  return bound;
}

function lengthOf(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of((bytes.length >> 8) & 0xff, bytes.length & 0xff);
}
