/** Stored forms: smaller where that helps, exactly the plain bytes again, and never more than was said. */
import { brotliCompressSync, constants } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EfsError } from "../../../src/base/errors.ts";
import { seededRandom } from "../../../src/base/random.ts";
import type { StoredChunk } from "../../../src/engine/chunk-store.ts";
import { CODEC_BROTLI, CODEC_PLAIN, decodeChunk, encodeChunk } from "../../../src/segment/chunk/codec.ts";

const random = seededRandom(5);
const text = random.bytes(65_536).map((byte) => 97 + (byte & 15));

function codeOf(stored: StoredChunk): string {
  try {
    decodeChunk(stored);
  } catch (error) {
    return error instanceof EfsError ? error.code : String(error);
  }
  return "accepted";
}

describe("the stored form of a chunk", () => {
  it("is compressed where that saves a twentieth, and plain otherwise, without a copy", () => {
    const packed = encodeChunk(text);
    expect(packed).toMatchObject({ codec: CODEC_BROTLI, keyId: 0, plainBytes: 65_536 });
    expect(packed.bytes.length).toBeLessThan(40_000);
    const noise = random.bytes(65_536);
    expect(encodeChunk(noise)).toEqual({ codec: CODEC_PLAIN, keyId: 0, plainBytes: 65_536, bytes: noise });
    expect(encodeChunk(noise).bytes).toBe(noise);
    const short = text.subarray(0, 100);
    expect(encodeChunk(short).bytes).toBe(short);
  });

  it("is compressed when only part of the chunk can be", () => {
    const half = random.bytes(65_536);
    half.fill(7, 0, 32_768);
    expect(encodeChunk(half).bytes.length).toBeLessThan(34_000);
  });

  it("decodes to the plain bytes, whatever they are", () => {
    const plains = fc
      .tuple(fc.nat(), fc.nat({ max: 100_000 }), fc.constantFrom(0xff, 0x0f, 0x01))
      .map(([seed, length, mask]) =>
        seededRandom(seed)
          .bytes(length)
          .map((byte) => byte & mask),
      );
    fc.assert(
      fc.property(plains, (plain) => {
        expect(Buffer.compare(decodeChunk(encodeChunk(plain)), plain)).toBe(0);
      }),
      { seed: 40, numRuns: 60 },
    );
  });
});

describe("decoding", () => {
  const packed = encodeChunk(text);

  it("refuses lengths that are not those of the plain bytes", () => {
    for (const plainBytes of [0, 1, 65_535, 65_537, 1_048_577, -1, 0.5, Number.NaN, 2 ** 53]) {
      expect(codeOf({ ...packed, plainBytes })).toBe("CHUNK_CORRUPT");
      expect(codeOf({ ...packed, codec: CODEC_PLAIN, plainBytes })).toBe("CHUNK_CORRUPT");
    }
  });

  it("stops a bomb at the length that was said", () => {
    const bomb = new Uint8Array(
      brotliCompressSync(new Uint8Array(64 * 1024 * 1024), {
        params: { [constants.BROTLI_PARAM_QUALITY]: 2 },
      }),
    );
    expect(bomb.length).toBeLessThan(1000);
    expect(codeOf({ codec: CODEC_BROTLI, keyId: 0, plainBytes: 1024 * 1024, bytes: bomb })).toBe(
      "CHUNK_CORRUPT",
    );
  });

  it("refuses noise, cut streams and unknown codecs and keys", () => {
    for (let length = 0; length < packed.bytes.length; length += 997) {
      expect(codeOf({ ...packed, bytes: packed.bytes.subarray(0, length) })).toBe("CHUNK_CORRUPT");
    }
    for (let round = 0; round < 200; round += 1) {
      expect(codeOf({ ...packed, bytes: random.bytes(1 + round) })).toBe("CHUNK_CORRUPT");
    }
    expect(codeOf({ ...packed, codec: 2 })).toBe("FORMAT_TOO_NEW");
    expect(codeOf({ ...packed, keyId: 1 })).toBe("FORMAT_TOO_NEW");
  });
});
