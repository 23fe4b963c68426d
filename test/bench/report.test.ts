/** The bench's answers: which way a ratio goes, and when a target is met. */
import { describe, expect, it } from "vitest";
import { isMet, median, type Report, type Row, ratioOf, table } from "../../bench/report.ts";

const row = (ours: number, theirs: number | undefined, target: Row["target"]): Row => ({
  what: "a step",
  unit: "ms",
  ours,
  theirs,
  against: "plain",
  target,
});

describe("a row of the bench", () => {
  it("is met `at most` when ours is small enough", () => {
    expect(ratioOf(row(300, 100, { kind: "at most", ratio: 2 }))).toBe(3);
    expect(isMet(row(300, 100, { kind: "at most", ratio: 2 }))).toBe(false);
    expect(isMet(row(200, 100, { kind: "at most", ratio: 2 }))).toBe(true);
  });

  it("is met `at least` when ours is fast enough, by times", () => {
    expect(ratioOf(row(300, 100, { kind: "at least", ratio: 0.5 }))).toBeCloseTo(1 / 3);
    expect(isMet(row(300, 100, { kind: "at least", ratio: 0.5 }))).toBe(false);
    expect(isMet(row(200, 100, { kind: "at least", ratio: 0.5 }))).toBe(true);
  });

  it("is met `exactly` by the figure itself, and has no answer without a target", () => {
    expect(isMet(row(1, undefined, { kind: "exactly", value: 0 }))).toBe(false);
    expect(isMet(row(0, undefined, { kind: "exactly", value: 0 }))).toBe(true);
    expect(isMet(row(1, 2, undefined))).toBeUndefined();
  });

  it("says NO in the table when it is not met", () => {
    const report: Report = {
      title: "t",
      rows: [row(300, 100, { kind: "at most", ratio: 2 })],
      rounds: [],
      notes: [],
    };
    expect(table(report)).toMatch(/^a step +300 ms +100 ms +plain +3\.00 +<= 2 +NO$/m);
  });

  it("takes the middle of the values as median", () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });
});
