import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EfsError } from "../../../src/base/errors.ts";
import { contentIdOf, parseSegmentId, parseWriterId } from "../../../src/model/ids.ts";
import type { ObjectName } from "../../../src/model/names.ts";
import type { ContentRoot } from "../../../src/model/reference.ts";
import { makeUvid } from "../../../src/model/uvid.ts";
import { CHECKSUM_ALGORITHMS, type Version } from "../../../src/model/version.ts";
import {
  decodeCompleted,
  decodePart,
  encodeCompleted,
  encodePart,
  type StoredPart,
} from "../../../src/segment/upload/part-record.ts";
import { decodeUpload, encodeUpload } from "../../../src/segment/upload/upload-record.ts";
import type { Upload } from "../../../src/segment/uploads.ts";

const ID = "0123456789abcdef0123456789abcdef";
const NAME = "some name" as ObjectName;

const text = fc.string({ unit: "grapheme", maxLength: 40 });
const wall = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const pairs = fc.dictionary(fc.stringMatching(/^[a-z0-9-]{1,20}$/), text, { maxKeys: 5 });
const upload: fc.Arbitrary<Upload> = fc.record({
  id: fc.constant(ID),
  object: fc.constant(NAME),
  createdMs: wall,
  contentType: fc.option(text, { nil: undefined }),
  metadata: pairs,
  headers: pairs,
  checksum: fc.option(
    fc.record({
      algorithm: fc.constantFrom(...CHECKSUM_ALGORITHMS),
      kind: fc.constantFrom("full" as const, "composite" as const),
    }),
    { nil: undefined },
  ),
  annotations: fc.option(
    fc.record({
      tags: fc.option(pairs, { nil: undefined }),
      acl: fc.option(fc.constantFrom("private" as const, "public-read" as const), { nil: undefined }),
      hold: fc.option(fc.boolean(), { nil: undefined }),
      retention: fc.option(fc.record({ mode: fc.constant("governance" as const), untilMs: wall }), {
        nil: undefined,
      }),
    }),
    { nil: undefined },
  ),
  initiator: fc.option(text, { nil: undefined }),
});
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const root: fc.Arbitrary<ContentRoot> = fc.oneof(
  fc.constant({ kind: "none" as const }),
  fc.record({ kind: fc.constant("zeros" as const), lengthBytes: fc.integer({ min: 1, max: 2 ** 40 }) }),
  fc.record({
    kind: fc.constant("small" as const),
    id: bytes(32).map(contentIdOf),
    lengthBytes: fc.integer({ min: 1, max: 1024 }),
  }),
  fc.record({
    kind: fc.constant("node" as const),
    id: bytes(32).map(contentIdOf),
    skipBytes: fc.integer({ min: 0, max: 2 ** 30 }),
    lengthBytes: fc.integer({ min: 1, max: 2 ** 40 }),
  }),
);
const part: fc.Arbitrary<StoredPart> = fc
  .record({
    number: fc.integer({ min: 1, max: 10_000 }),
    md5: bytes(16),
    checksum: fc.option(fc.uint8Array({ minLength: 4, maxLength: 32 }), { nil: undefined }),
    modifiedMs: wall,
    root,
  })
  .map((drawn) => ({ ...drawn, sizeBytes: drawn.root.kind === "none" ? 0 : drawn.root.lengthBytes }));

/** Every cut and every flipped bit is refused as damage, or read as something else; nothing else is thrown. */
function attack(encoded: Uint8Array, decode: (bytes: Uint8Array) => unknown): void {
  const attempt = (damaged: Uint8Array) => {
    try {
      decode(damaged);
      return "read";
    } catch (thrown) {
      if (!(thrown instanceof EfsError)) throw thrown;
      expect(["RECORD_CORRUPT", "TRUNCATED", "FORMAT_TOO_NEW"]).toContain(thrown.code);
      return "refused";
    }
  };
  for (let length = 0; length < encoded.length; length += 1) {
    expect(attempt(encoded.subarray(0, length))).toBe("refused");
  }
  expect(attempt(Uint8Array.of(...encoded, 0))).toBe("refused");
  for (let bit = 0; bit < encoded.length * 8; bit += 1) {
    const damaged = encoded.slice();
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    attempt(damaged);
  }
}

const whole: Upload = {
  id: ID,
  object: NAME,
  createdMs: 1_700_000_000_000,
  contentType: "text/plain",
  metadata: { a: "1" },
  headers: { "cache-control": "no-store" },
  checksum: { algorithm: "sha256", kind: "composite" },
  annotations: { tags: { t: "1" }, acl: "public-read", hold: undefined, retention: undefined },
  initiator: "amy",
};

describe("the record of an upload", () => {
  test("is read as it was written", () => {
    fc.assert(
      fc.property(upload, (drawn) => {
        expect(decodeUpload(NAME, ID, encodeUpload(drawn))).toEqual(drawn);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test("that is damaged is refused", () => {
    attack(encodeUpload(whole), (damaged) => decodeUpload(NAME, ID, damaged));
  });
});

describe("the record of a part", () => {
  test("is read as it was written", () => {
    fc.assert(
      fc.property(part, (drawn) => {
        expect(decodePart(drawn.number, encodePart(drawn))).toEqual(drawn);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  test("that is damaged is refused", () => {
    const stored: StoredPart = {
      number: 1,
      sizeBytes: 7,
      md5: new Uint8Array(16).fill(3),
      checksum: new Uint8Array(4).fill(4),
      modifiedMs: 5,
      root: { kind: "chunk", id: contentIdOf(new Uint8Array(32).fill(6)), skipBytes: 0, lengthBytes: 7 },
    };
    attack(encodePart(stored), (damaged) => decodePart(1, damaged));
  });
});

test("the note of a completed upload is read as it was written, and refused when it is damaged", () => {
  const version: Version = {
    object: NAME,
    uvid: makeUvid({
      clock: 5n << 16n,
      segment: parseSegmentId("A".repeat(16)),
      writer: parseWriterId("B".repeat(16)),
    }),
    generation: 1,
    known: [],
    isDeleted: false,
    sizeBytes: 0,
    content: { kind: "none" },
    modifiedMs: 5,
    contentType: undefined,
    metadata: {},
    isNull: true,
    headers: {},
    digest: { md5: new Uint8Array(16), checksum: undefined, parts: [{ sizeBytes: 0, checksum: undefined }] },
  };
  const note = { completedMs: 9, listDigest: new Uint8Array(32).fill(1), version };
  const encoded = encodeCompleted(note);
  expect(decodeCompleted(encoded)).toEqual(note);
  attack(encoded, decodeCompleted);
});
