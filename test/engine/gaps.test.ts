/** Gaps: a range that leaves them out has the same keys. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../src/base/log.ts";
import { assembleLocal } from "../../src/engine/local/assemble.ts";
import { Gaps } from "../../src/engine/local/gaps.ts";
import type { MapRange } from "../../src/engine/local/layer.ts";
import { SimulatedDisk } from "../sim/disk.ts";
import { manualClock } from "./suite.ts";
import { key, text, value } from "./support.ts";

const someKey = fc.constantFrom("a", "a\0", "b", "b\0", "c", "d", "e", "\xff");
const step = fc.oneof(
  fc.record({ kind: fc.constantFrom("put", "remove"), key: someKey }),
  fc.record({
    kind: fc.constant("range"),
    key: someKey,
    to: someKey,
    isBackward: fc.boolean(),
    removedCount: fc.constantFrom(0, 1000),
  }),
) as fc.Arbitrary<
  | { readonly kind: "put" | "remove"; readonly key: string }
  | {
      readonly kind: "range";
      readonly key: string;
      readonly to: string;
      readonly isBackward: boolean;
      readonly removedCount: number;
    }
>;

describe("gaps", () => {
  it("hide no key, whatever is put, removed and asked for", () => {
    const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const gaps = new Gaps();
      const live = new Set<string>();
      const keysIn = ({ from, to, isBackward }: MapRange) => {
        const keys = [...live].filter((each) => each >= from && each < to).sort();
        return isBackward ? keys.reverse() : keys;
      };
      for (const one of steps) {
        if (one.kind === "range") {
          const range = { from: one.key, to: one.to, isBackward: one.isBackward };
          const keys = keysIn(range);
          expect(keysIn(gaps.narrowed(range))).toEqual(keys);
          if (range.from < range.to) gaps.met(range, one.removedCount, keys[0]);
        } else if (one.kind === "put") {
          gaps.put(one.key);
          live.add(one.key);
        } else live.delete(one.key);
      }
    });
    fc.assert(property, { numRuns: 3000, seed: 5 });
  });

  it("let a range be emptied page by page, from both ends, while others are put", async () => {
    const disk = new SimulatedDisk();
    const { records, close } = await assembleLocal({
      disk,
      clock: manualClock(),
      directory: "/data",
      salt: 7n,
      log: silentLog,
      journalFileBytes: 64 * 4096,
    });
    const name = (index: number) => `k${String(index).padStart(5, "0")}`;
    const left = new Set(Array.from({ length: 6000 }, (_, index) => name(index)));
    for (const page of pages([...left])) {
      await records.commit({ writes: page.map((each) => ({ key: key(each), value: value(each) })) });
    }
    for (let round = 0; left.size > 0; round += 1) {
      const direction = round % 3 === 2 ? "backward" : "forward";
      const page = await records.scan({ from: key("k"), to: key("l"), direction, limit: 400 });
      const sorted = [...left].sort();
      const expected = direction === "forward" ? sorted.slice(0, 400) : sorted.reverse().slice(0, 400);
      expect(page.records.map((record) => text(record.key))).toEqual(expected);
      await records.commit({ writes: page.records.map((record) => ({ key: record.key, value: undefined })) });
      for (const each of expected) left.delete(each);
      if (round % 4 !== 3 || round > 12) continue;
      await records.commit({ writes: [{ key: key(name(round * 10)), value: value("again") }] });
      left.add(name(round * 10));
    }
    expect((await records.scan({ from: key("a"), to: key("z"), limit: 10 })).records).toEqual([]);
    await close();
  });
});

function pages(names: readonly string[]): ReadonlyArray<readonly string[]> {
  return Array.from({ length: Math.ceil(names.length / 500) }, (_, index) =>
    names.slice(index * 500, index * 500 + 500),
  );
}
