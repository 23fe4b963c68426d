/**
 * Seals secrets under keys derived from the segment key: HKDF-SHA256, the purpose in its info; AES-256-GCM, a random nonce, and whose
 * secret it is as associated data, so that a sealed secret opens nowhere else. `g/key-check` holds a value derived from the key by which
 * another key is found out at opening: u8 format 1, 32 bytes.
 */
import { timingSafeEqual } from "node:crypto";
import { assert } from "../../base/assert.ts";
import { concat, fromUtf8, utf8 } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import type { MetaStore } from "../../engine/meta-store.ts";
import type { SealedKey } from "../../model/user.ts";
import { BOX_NONCE_BYTES, BOX_TAG_BYTES, deriveKey, openBox, sealInto } from "../core/secret-box.ts";
import { KEY_CHECK_KEY } from "../keys.ts";
import { SEGMENT_KEY_BYTES } from "../segment-key.ts";

const CHECK_FORMAT = 1;
const SECRET_PURPOSE = "efscli user secret key v1";
const CHECK_PURPOSE = "efscli segment key check v1";

export class Sealer {
  readonly #secretKey: Uint8Array;
  readonly #random: Random;

  constructor(segmentKey: Uint8Array, random: Random) {
    this.#secretKey = deriveKey(segmentKey, SECRET_PURPOSE);
    this.#random = random;
  }

  /** `whose` is bound to it: `open` needs the same. */
  seal(secret: string, whose: string): Pick<SealedKey, "nonce" | "sealed"> {
    const nonce = this.#random.bytes(BOX_NONCE_BYTES);
    const plain = utf8(secret);
    const sealed = new Uint8Array(plain.length + BOX_TAG_BYTES);
    sealInto(sealed, { key: this.#secretKey, nonce, bound: utf8(whose) }, plain);
    return { nonce, sealed };
  }

  /** @throws RECORD_CORRUPT when it is not what `seal` made for `whose` */
  open({ nonce, sealed }: Pick<SealedKey, "nonce" | "sealed">, whose: string): string {
    const plain = openBox({ key: this.#secretKey, nonce, bound: utf8(whose) }, sealed);
    const secret = plain === undefined ? undefined : fromUtf8(plain);
    if (secret !== undefined) return secret;
    throw new EfsError(
      "RECORD_CORRUPT",
      "a sealed secret does not open: it was changed, or moved from elsewhere",
    );
  }
}

/** Notes the first key; refuses another one later. @throws BAD_CONFIG, FORMAT_TOO_NEW */
export async function checkSegmentKey(records: MetaStore, segmentKey: Uint8Array): Promise<void> {
  assert(segmentKey.length === SEGMENT_KEY_BYTES, "a segment key has 32 bytes");
  const value = concat([Uint8Array.of(CHECK_FORMAT), deriveKey(segmentKey, CHECK_PURPOSE)]);
  const stored = await records.get(KEY_CHECK_KEY);
  if (stored === undefined) {
    const outcome = await records.commit({
      checks: [{ key: KEY_CHECK_KEY, expected: undefined }],
      writes: [{ key: KEY_CHECK_KEY, value }],
    });
    if (!outcome.isCommitted) throw new EfsError("BUSY", "the segment is being opened by someone else");
    return;
  }
  const format = stored[0] ?? 0;
  if (format > CHECK_FORMAT) {
    throw new EfsError("FORMAT_TOO_NEW", `the check of the segment key has format ${format}`);
  }
  if (stored.length === value.length && timingSafeEqual(stored, value)) return;
  throw new EfsError(
    "BAD_CONFIG",
    "the segment key is not the one that the users' secrets are sealed under",
    {
      hint: "put the segment's own key back in its place, from where the data directory came or from its backup",
    },
  );
}
