/** Where content is cut: as FORMAT.md says (a plain oracle), whatever the windows, and the same for ever. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat } from "../../../src/base/bytes.ts";
import { seededRandom } from "../../../src/base/random.ts";
import type { Chunking } from "../../../src/model/namespace.ts";
import { type CutPiece, cutWindow, undecidedBytesMax } from "../../../src/segment/chunk/cutter.ts";
import { gearTable } from "../../../src/segment/chunk/gear.ts";
import { below, mixedContent } from "./content.ts";

const CONTENT: Chunking = { kind: "content" };
const KIB = 1024;

/** `12` is a chunk of 12 bytes, `-12` are 12 zeros. */
const shape = (pieces: readonly CutPiece[]) =>
  pieces.map((piece) => (piece.kind === "zeros" ? -piece.lengthBytes : piece.lengthBytes));
const cutWhole = (bytes: Uint8Array, chunking: Chunking = CONTENT) =>
  shape(cutWindow({ bytes, chunking, isLast: true, openZerosBytes: 0 }).pieces);

/** FORMAT.md "Cutting" word by word, slowly. */
function oracle(bytes: Uint8Array): number[] {
  const table = gearTable();
  const lengths: number[] = [];
  let at = 0;
  const cutStretch = (end: number) => {
    while (at < end) {
      const length = chunkLength(at, end);
      lengths.push(length);
      at += length;
    }
  };
  const chunkLength = (start: number, end: number) => {
    let hash = 0n;
    for (let length = 1; start + length <= end; length += 1) {
      hash = BigInt.asUintN(64, (hash << 1n) + (table[bytes[start + length - 1] ?? 0] ?? 0n));
      const zeroBits = length < 64 * KIB ? 18n : 14n;
      if (length >= 16 * KIB && hash >> (64n - zeroBits) === 0n) return length;
      if (length === 256 * KIB) return length;
    }
    return end - start;
  };
  for (let index = 0; index < bytes.length; ) {
    let end = index;
    while (end < bytes.length && bytes[end] === 0) end += 1;
    if (end - index >= 16 * KIB) {
      cutStretch(index);
      lengths.push(-(end - index));
      at = end;
    }
    index = Math.max(end, index + 1);
  }
  cutStretch(bytes.length);
  return lengths;
}

/** As a stream does it: windows of the given sizes, each begun with what the one before left undecided. */
function cutInWindows(bytes: Uint8Array, sizes: () => number, chunking: Chunking = CONTENT): number[] {
  const lengths: number[] = [];
  let undecided = new Uint8Array(0);
  let openZerosBytes = 0;
  let offset = 0;
  do {
    const next = Math.min(bytes.length, offset + sizes());
    const isLast = next === bytes.length;
    const window = concat([undecided, bytes.subarray(offset, next)]);
    const cut = cutWindow({ bytes: window, chunking, isLast, openZerosBytes });
    lengths.push(...shape(cut.pieces));
    undecided = window.slice(cut.undecidedOffset);
    expect(undecided.length).toBeLessThanOrEqual(undecidedBytesMax(chunking));
    if (isLast) expect([undecided.length, cut.openZerosBytes]).toEqual([0, 0]);
    openZerosBytes = cut.openZerosBytes;
    offset = next;
  } while (offset < bytes.length);
  return lengths;
}

describe("cutting by content", () => {
  it.each([1, 2, 3, 4, 5, 6])("is what FORMAT.md says, on mixed content %i", (seed) => {
    const bytes = mixedContent(seed, 8).subarray(0, 900_000);
    expect(cutWhole(bytes)).toEqual(oracle(bytes));
  });

  it("depends on the bytes alone, never on windows", () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(10_000, 30_000, 70_000, 300_000, 1_000_000), (seed, sizeMax) => {
        const bytes = mixedContent(seed, 6);
        const random = seededRandom(seed);
        expect(cutInWindows(bytes, () => 1 + below(random, sizeMax))).toEqual(cutWhole(bytes));
      }),
      { seed: 30, numRuns: 40 },
    );
  });

  it("gives chunks of 16 to 256 KiB, shorter only before zeros and at the end, and loses no byte", () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const bytes = mixedContent(100 + seed, 10);
      const lengths = cutWhole(bytes);
      expect(lengths.reduce((sum, length) => sum + Math.abs(length), 0)).toBe(bytes.length);
      lengths.forEach((length, index) => {
        if (length < 0) {
          expect(-length).toBeGreaterThanOrEqual(16 * KIB);
          expect(lengths[index + 1] ?? 1).toBeGreaterThan(0);
          return;
        }
        expect(length).toBeLessThanOrEqual(256 * KIB);
        if ((lengths[index + 1] ?? -1) > 0) expect(length).toBeGreaterThanOrEqual(16 * KIB);
      });
    }
  });

  it("cuts random bytes at about 64 KiB, at these places for ever", () => {
    const lengths = cutWhole(seededRandom(42).bytes(20_000_000));
    const averageBytes = 20_000_000 / lengths.length;
    expect(averageBytes).toBeGreaterThan(60_000);
    expect(averageBytes).toBeLessThan(85_000);
    expect(lengths.slice(0, 8)).toEqual([97169, 95301, 58235, 38606, 108604, 66411, 81414, 94545]);
  });

  it("falls in step again behind an insertion, and right behind a run of zeros", () => {
    const bytes = seededRandom(7).bytes(3_000_000);
    bytes.fill(0, 1_500_000, 1_540_000);
    const before = cutWhole(bytes);
    for (const place of [0, 100_000, 700_001]) {
      const after = cutWhole(concat([bytes.subarray(0, place), Uint8Array.of(1), bytes.subarray(place)]));
      // The pieces behind the zeros are the same, and so are all but a few before them.
      const zeros = after.indexOf(-40_000);
      expect(after.slice(zeros)).toEqual(before.slice(before.indexOf(-40_000)));
      const kept = new Set(before);
      expect(after.filter((length) => !kept.has(length)).length).toBeLessThanOrEqual(3);
    }
  });

  it("has a run of zeros as one piece from 16 KiB on, however long", () => {
    const one = Uint8Array.of(1);
    const zeros = (count: number) => new Uint8Array(count);
    expect(cutWhole(zeros(16 * KIB - 1))).toEqual([16 * KIB - 1]);
    expect(cutWhole(zeros(16 * KIB))).toEqual([-16 * KIB]);
    expect(cutWhole(concat([one, zeros(16 * KIB), one]))).toEqual([1, -16 * KIB, 1]);
    expect(cutWhole(concat([one, zeros(16 * KIB - 1), one]))).toEqual([16 * KIB + 1]);
    expect(cutWhole(concat([zeros(20_000), one, zeros(20_000)]))).toEqual([-20_000, 1, -20_000]);
    expect(cutInWindows(zeros(5_000_000), () => 70_000)).toEqual([-5_000_000]);
    expect(cutWhole(new Uint8Array(0))).toEqual([]);
  });
});

describe("cutting at fixed size", () => {
  const FIXED: Chunking = { kind: "fixed", chunkBytes: 8 * KIB };

  it("cuts at every multiple, and a chunk of nothing but zeros joins the zeros beside it", () => {
    const bytes = seededRandom(3)
      .bytes(50 * KIB + 5)
      .map((byte) => byte | 1);
    bytes.fill(0, 8 * KIB, 24 * KIB);
    bytes.fill(0, 30 * KIB, 40 * KIB);
    expect(cutWhole(bytes, FIXED)).toEqual([8192, -16384, 8192, -8192, 8192, 2 * KIB + 5]);
    expect(cutWhole(new Uint8Array(20_000), FIXED)).toEqual([-20_000]);
    expect(cutWhole(new Uint8Array(5), FIXED)).toEqual([-5]);
  });

  it("depends on the bytes alone, never on windows", () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(1_000, 9_000, 100_000), (seed, sizeMax) => {
        const bytes = mixedContent(seed, 3);
        const random = seededRandom(seed);
        expect(cutInWindows(bytes, () => 1 + below(random, sizeMax), FIXED)).toEqual(cutWhole(bytes, FIXED));
      }),
      { seed: 31, numRuns: 30 },
    );
  });
});
