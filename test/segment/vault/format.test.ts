/** What rests in a vault, by another way of computing it, and that nothing that was changed opens. */
import { createDecipheriv, hkdfSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, utf8 } from "../../../src/base/bytes.ts";
import { contentId, keyedHasher } from "../../../src/model/hash.ts";
import { SEAL_BYTES, Vault, vaultOfKey } from "../../../src/segment/vault/vault.ts";
import { codeOf } from "../support.ts";

const KEY = Uint8Array.from({ length: 32 }, (_, index) => index);
const vault = new Vault(KEY);
const derived = (purpose: string) => new Uint8Array(hkdfSync("sha256", KEY, new Uint8Array(0), purpose, 32));
const PLAIN = { codec: 0, keyId: 0, plainBytes: 5, bytes: utf8("aloha") };
const ID = contentId(PLAIN.bytes);

describe("a vault", () => {
  it("has the bytes that it had", () => {
    const { key, codec, keyId, plainBytes, bytes } = vault.sealChunk(ID, PLAIN);
    expect({ codec, keyId, plainBytes }).toEqual({ codec: 0, keyId: 1, plainBytes: 5 });
    expect(Buffer.from(key).toString("hex")).toMatchInlineSnapshot(
      `"ff8c0c152b6906993c805e34feb88d63da6329524c83854d25d97fcaf3da3156"`,
    );
    expect(Buffer.from(bytes).toString("hex")).toMatchInlineSnapshot(
      `"7fe6f52fcc2bd21605064c406a121d2e2699a26490e4e471224c61a18bd12de809"`,
    );
    expect(Buffer.from(vault.sealValue(utf8("o-key"), utf8("value"))).toString("hex")).toMatchInlineSnapshot(
      `"97b7e79e1f32223ae975bcacb5278b1094162a6a85181ea11b974bba7fcf508036"`,
    );
  });

  it("keeps content under a keyed hash of its id, as nonce, ciphertext and tag of AES-256-GCM", () => {
    const { key, bytes } = vault.sealChunk(ID, { ...PLAIN, codec: 1, plainBytes: 0x010203 });
    expect(key).toEqual(keyedHasher(derived("efscli vault ids v1")).hash(ID));
    expect(bytes.length).toBe(PLAIN.bytes.length + SEAL_BYTES);
    const bound = concat([key, Uint8Array.of(1, 0, 1, 2, 3)]);
    const nonce = keyedHasher(derived("efscli vault nonces v1")).hash(
      Uint8Array.of(0, 37),
      bound,
      PLAIN.bytes,
    );
    expect(bytes.subarray(0, 12)).toEqual(nonce.subarray(0, 12));
    const decipher = createDecipheriv("aes-256-gcm", derived("efscli vault data v1"), bytes.subarray(0, 12));
    decipher.setAAD(bound).setAuthTag(bytes.subarray(-16));
    expect(Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString()).toBe(
      "aloha",
    );
  });

  it("opens what it sealed, and nothing of which a bit was changed, moved or said otherwise", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(), async (bytes, pick) => {
        const id = contentId(bytes);
        const plain = { codec: 0, keyId: 0, plainBytes: bytes.length, bytes };
        const put = vault.sealChunk(id, plain);
        expect(vault.openChunk(put.key, put)).toEqual(plain);
        expect(vault.sealChunk(id, plain)).toEqual(put);
        const flipped = put.bytes.slice();
        const bit = pick % (flipped.length * 8);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const elsewhere = vault.placeOf(contentId(concat([bytes, Uint8Array.of(1)])));
        for (const [place, stored] of [
          [put.key, { ...put, bytes: flipped }],
          [put.key, { ...put, bytes: put.bytes.subarray(0, pick % put.bytes.length) }],
          [put.key, { ...put, codec: 1 }],
          [put.key, { ...put, plainBytes: bytes.length + 1 }],
          [elsewhere, put],
        ] as const) {
          expect(await codeOf((async () => vault.openChunk(place, stored))())).toBe("CHUNK_CORRUPT");
        }
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it("has nothing in common with another one, and is the same wherever it is made", () => {
    const other = new Vault(KEY.map((byte) => byte ^ 1));
    expect(other.placeOf(ID)).not.toEqual(vault.placeOf(ID));
    const sealed = vault.sealValue(utf8("k"), utf8("v"));
    expect(other.openValue(utf8("k"), sealed)).toBeUndefined();
    expect(vault.openValue(utf8("j"), sealed)).toBeUndefined();
    expect(vaultOfKey(KEY.slice())?.openValue(utf8("k"), sealed)).toEqual(utf8("v"));
    expect(vaultOfKey(undefined)).toBeUndefined();
  });
});
