/** The layouts on disk: every example of src/engine/DESIGN.md, byte for byte, and back. */
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byteText } from "../../src/base/byte-text.ts";
import { fromHex, toHex, utf8 } from "../../src/base/bytes.ts";
import { decodeEntry, decodeState, encodeEntry, encodeState } from "../../src/engine/local/chunk-entry.ts";
import { formatText } from "../../src/engine/local/format-file.ts";
import {
  decodeChanges,
  decodeFrameHeader,
  encodeChanges,
  encodeFrameHeader,
} from "../../src/engine/local/journal-frame.ts";
import {
  decodeRecord,
  encodePackHeader,
  encodeRecordHeader,
  isPackHeader,
} from "../../src/engine/local/pack-record.ts";
import { sealed, unsealed } from "../../src/engine/local/record-seal.ts";

const SALT = 0x0123456789abcdefn;
const page = readFileSync(path.resolve(import.meta.dirname, "../../src/engine/DESIGN.md"), "utf8");

/** The bytes of an example: the hexadecimal groups at the start of each line, up to two spaces. */
function example(name: string): Uint8Array {
  const block = new RegExp(`\`\`\`hex ${name}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? "";
  const digits = block
    .split("\n")
    .map((line) => (line.split(/ {2,}/)[0] ?? "").replaceAll(" ", ""))
    .join("");
  const bytes = fromHex(digits);
  if (bytes === undefined || bytes.length === 0) throw new Error(`no example ${name}`);
  return bytes;
}

const CHUNK = {
  key: new Uint8Array(32).map((_, index) => index),
  codec: 1,
  keyId: 2,
  plainBytes: 300,
  bytes: utf8("hello"),
};
const ENTRY = {
  packNumber: 1,
  offset: 16,
  storedBytes: 5,
  plainBytes: 300,
  claimedUntilMs: 1_700_000_000_000,
};
const STATE = { packNumber: 1, endOffset: 77, chunkCount: 1, storedBytes: 5 };
const CHANGES = [
  ["rkey", utf8("value")],
  ["rgone", undefined],
] as const;

describe("the bytes of a data directory", () => {
  it("are those of the page: FORMAT", () => {
    const text = /```text format\n([\s\S]*?)```/.exec(page)?.[1];
    expect(formatText({ version: 1, salt: SALT })).toBe(text);
  });

  it("are those of the page: a pack's header and record", () => {
    expect(toHex(encodePackHeader(1))).toBe(toHex(example("pack-header")));
    expect(isPackHeader(example("pack-header"), 1)).toBe(true);
    expect(isPackHeader(example("pack-header"), 2)).toBe(false);
    const record = new Uint8Array([...encodeRecordHeader(CHUNK), ...CHUNK.bytes]);
    expect(toHex(record)).toBe(toHex(example("pack-record")));
    expect(decodeRecord(example("pack-record"))).toEqual({ ...CHUNK, recordBytes: 61 });
  });

  it("are those of the page: a frame of the journal", () => {
    const payload = encodeChanges(new Map(CHANGES));
    const frame = new Uint8Array([...encodeFrameHeader(SALT, 9n, payload), ...payload]);
    expect(toHex(frame)).toBe(toHex(example("journal-frame")));
    const header = decodeFrameHeader(SALT, example("journal-frame"));
    expect(header).toMatchObject({ sequence: 9n, payloadBytes: 19 });
    expect(decodeChanges(example("journal-frame").subarray(32))).toEqual(CHANGES);
    expect(decodeFrameHeader(SALT + 1n, example("journal-frame"))).toBeUndefined();
  });

  it("are those of the page: what rests in the index", () => {
    expect(toHex(sealed("rkey", utf8("value")).value ?? new Uint8Array())).toBe(
      toHex(example("sealed-value")),
    );
    expect(new Uint8Array(unsealed(utf8("rkey"), example("sealed-value")))).toEqual(utf8("value"));
    expect(toHex(encodeEntry(ENTRY))).toBe(toHex(example("chunk-entry")));
    expect(decodeEntry("ckey", example("chunk-entry"))).toEqual(ENTRY);
    expect(toHex(encodeState(STATE))).toBe(toHex(example("pack-state")));
    expect(decodeState("mpacks", example("pack-state"))).toEqual(STATE);
  });

  it("of changes and records come back as they were", () => {
    const change = fc.tuple(
      fc.uint8Array({ minLength: 1, maxLength: 300 }).map(byteText),
      fc.option(fc.uint8Array({ maxLength: 20_000 }), { nil: undefined }),
    );
    fc.assert(
      fc.property(fc.uniqueArray(change, { selector: ([key]) => key, maxLength: 20 }), (changes) => {
        expect(decodeChanges(encodeChanges(new Map(changes)))).toEqual(changes);
        for (const [key, value] of changes) {
          const entry = sealed(key, value);
          expect(byteText(entry.key)).toBe(key);
          if (value !== undefined && entry.value !== undefined) {
            expect(toHex(unsealed(entry.key, entry.value))).toBe(toHex(value));
          }
        }
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it("cut short anywhere, or with any bit flipped, are no record and no sealed value", () => {
    const record = example("pack-record");
    for (let length = 0; length < record.length; length += 1) {
      expect(decodeRecord(record.subarray(0, length))).toBeUndefined();
    }
    for (let bit = 0; bit < record.length * 8; bit += 1) {
      const flipped = record.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decodeRecord(flipped)).toBeUndefined();
    }
    const value = example("sealed-value");
    for (let length = 0; length < value.length; length += 1) {
      expect(() => unsealed(utf8("rkey"), value.subarray(0, length))).toThrow("checksum");
    }
    for (let bit = 0; bit < value.length * 8; bit += 1) {
      const flipped = value.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => unsealed(utf8("rkey"), flipped)).toThrow("checksum");
    }
    expect(() => unsealed(utf8("rkez"), value)).toThrow("checksum");
    const frame = example("journal-frame");
    for (let bit = 0; bit < 32 * 8; bit += 1) {
      const flipped = frame.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decodeFrameHeader(SALT, flipped)).toBeUndefined();
    }
  });
});
