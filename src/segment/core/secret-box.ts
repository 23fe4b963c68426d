/**
 * Sealing of small secrets: keys derived by HKDF-SHA256 with the purpose in the info, AES-256-GCM with a tag of 16 bytes. Who may open what is
 * bound in as associated data, so that what is sealed opens nowhere else.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import { utf8 } from "../../base/bytes.ts";

const CIPHER = "aes-256-gcm";
export const BOX_KEY_BYTES = 32;
export const BOX_NONCE_BYTES = 12;
export const BOX_TAG_BYTES = 16;

/** A key of its own for each purpose. */
export function deriveKey(key: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", key, new Uint8Array(0), utf8(purpose), BOX_KEY_BYTES));
}

/** What a box is sealed and opened with: the same three. */
export interface BoxTerms {
  readonly key: Uint8Array;
  /** 12 bytes; never twice for different bytes under one key. */
  readonly nonce: Uint8Array;
  /** Associated data. */
  readonly bound: Uint8Array;
}

/** Writes the sealed bytes and the tag into `room`, which has BOX_TAG_BYTES more than `plain`. */
export function sealInto(room: Uint8Array, { key, nonce, bound }: BoxTerms, plain: Uint8Array): void {
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(bound);
  room.set(cipher.update(plain));
  cipher.final();
  room.set(cipher.getAuthTag(), plain.length);
}

/** The plain bytes; undefined when the box was changed, or sealed on other terms. */
export function openBox({ key, nonce, bound }: BoxTerms, sealed: Uint8Array): Uint8Array | undefined {
  const end = sealed.length - BOX_TAG_BYTES;
  if (end < 0) return undefined;
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: BOX_TAG_BYTES });
  decipher.setAAD(bound).setAuthTag(sealed.subarray(end));
  try {
    const plain = decipher.update(sealed.subarray(0, end));
    decipher.final();
    return new Uint8Array(plain.buffer, plain.byteOffset, plain.length);
  } catch {
    // The cause would say no more than that the tag does not fit.
    return undefined;
  }
}
