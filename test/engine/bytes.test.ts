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
import { Block, PieceSeal } from "../../src/engine/local/run-block.ts";
import { hashOf, RunFilter } from "../../src/engine/local/run-filter.ts";
import { decodeFooter } from "../../src/engine/local/run-footer.ts";
import { decodeRunList, encodeRunList } from "../../src/engine/local/run-list.ts";
import { writeRun } from "../../src/engine/local/run-writer.ts";
import { SimulatedDisk } from "../sim/disk.ts";

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
    expect(formatText({ version: 2, salt: SALT })).toBe(text);
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

  it("are those of the page: a run of the index and the list of runs", async () => {
    const changes = [
      ["rgone", undefined],
      ["rkey", utf8("value")],
    ] as const;
    expect(toHex(await runBytes(3, changes))).toBe(toHex(example("run")));
    const seal = new PieceSeal(SALT, 3);
    const run = example("run");
    const footer = decodeFooter(seal.open(run.subarray(-44), run.length - 44), 3, run.length);
    expect(footer).toMatchObject({ indexOffset: 26, indexBytes: 15, changeCount: 2, removedCount: 1 });
    const block = Block.parse(seal.open(run.subarray(0, 26), 0) ?? Buffer.alloc(0));
    expect([block?.keyAt(0), block?.valueAt(0)]).toEqual(["rgone", undefined]);
    expect([block?.keyAt(1), block?.valueAt(1)]).toEqual(["rkey", utf8("value")]);
    const list = { applied: 9n, numbers: [5, 3] };
    expect(toHex(encodeRunList(list, SALT))).toBe(toHex(example("run-list")));
    expect(decodeRunList(example("run-list"), SALT)).toEqual(list);
    expect(decodeRunList(example("run-list"), SALT + 1n)).toBeUndefined();
  });

  it("are those of the page: what rests in the index", () => {
    expect(toHex(encodeEntry(ENTRY))).toBe(toHex(example("chunk-entry")));
    expect(decodeEntry("ckey", example("chunk-entry"))).toEqual(ENTRY);
    expect(toHex(encodeState(STATE))).toBe(toHex(example("pack-state")));
    expect(decodeState("mpacks", example("pack-state"))).toEqual(STATE);
  });

  it("of changes come back as they were", () => {
    const change = fc.tuple(
      fc.uint8Array({ minLength: 1, maxLength: 300 }).map(byteText),
      fc.option(fc.uint8Array({ maxLength: 20_000 }), { nil: undefined }),
    );
    fc.assert(
      fc.property(fc.uniqueArray(change, { selector: ([key]) => key, maxLength: 20 }), (changes) => {
        expect(decodeChanges(encodeChanges(new Map(changes)))).toEqual(changes);
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it("cut short anywhere, or with any bit flipped, are no record, no frame, no piece and no list", () => {
    const record = example("pack-record");
    for (let length = 0; length < record.length; length += 1) {
      expect(decodeRecord(record.subarray(0, length))).toBeUndefined();
    }
    for (let bit = 0; bit < record.length * 8; bit += 1) {
      const flipped = record.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decodeRecord(flipped)).toBeUndefined();
    }
    const piece = example("run").subarray(0, 26);
    const isWhole = (bytes: Uint8Array) => new PieceSeal(SALT, 3).open(bytes, 0) !== undefined;
    const list = example("run-list");
    for (let length = 0; length < list.length; length += 1) {
      expect(decodeRunList(list.subarray(0, length), SALT)).toBeUndefined();
      if (length < piece.length) expect(isWhole(piece.subarray(0, length))).toBe(false);
    }
    for (let bit = 0; bit < list.length * 8; bit += 1) {
      const flip = (bytes: Uint8Array) => {
        const flipped = bytes.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        return flipped;
      };
      expect(decodeRunList(flip(list), SALT)).toBeUndefined();
      if (bit < piece.length * 8) expect(isWhole(flip(piece))).toBe(false);
    }
    expect(new PieceSeal(SALT, 3).open(piece, 4096)).toBeUndefined();
    expect(new PieceSeal(SALT, 4).open(piece, 0)).toBeUndefined();
    expect(new PieceSeal(SALT + 1n, 3).open(piece, 0)).toBeUndefined();
    const frame = example("journal-frame");
    for (let bit = 0; bit < 32 * 8; bit += 1) {
      const flipped = frame.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decodeFrameHeader(SALT, flipped)).toBeUndefined();
    }
  });

  it("of a block that is none, with a right checksum, are refused whatever they say", () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => new Uint8Array([0, 0, 0, bytes.length % 9, ...bytes])),
    );
    fc.assert(
      fc.property(hostile, (bytes) => {
        const block = Block.parse(Buffer.from(bytes));
        for (let index = 0; index < (block?.count ?? 0); index += 1) {
          expect(bytes.length).toBeGreaterThanOrEqual(
            4 + (block?.keyAt(index).length ?? 0) + (block?.valueAt(index)?.length ?? 0),
          );
        }
      }),
      { numRuns: 2000, seed: 7 },
    );
    expect(Block.parse(Buffer.from([255, 255, 255, 255, 0, 0]))).toBeUndefined();
  });

  it("of a filter say of every key that it may be there, and of 98 in 100 others that they are not", () => {
    for (const count of [1, 50, 5000, 100_000]) {
      const filter = RunFilter.forKeys(count);
      for (let index = 0; index < count; index += 1) filter.add(hashOf(`key ${index}`));
      for (let index = 0; index < count; index += 1) {
        if (!filter.mayHave(hashOf(`key ${index}`))) throw new Error(`key ${index} is missed`);
      }
      let wrongCount = 0;
      for (let index = 0; index < 10_000; index += 1)
        wrongCount += filter.mayHave(hashOf(`other ${index}`)) ? 1 : 0;
      expect(wrongCount).toBeLessThan(200);
    }
  });
});

async function runBytes(
  number: number,
  changes: Iterable<readonly [string, Uint8Array | undefined]>,
): Promise<Uint8Array> {
  const disk = new SimulatedDisk();
  const file = await disk.open("/run", { create: true });
  await writeRun(changes, {
    file,
    salt: SALT,
    number,
    changeCountMax: 2,
    keepsRemoved: true,
    pause: async () => {},
    sync: () => file.sync(),
  });
  return disk.bytesOf("/run");
}
