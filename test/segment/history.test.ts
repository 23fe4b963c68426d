/** Random histories of puts, deletes, copies and reopenings against plain bytes: every read equals what was written. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/base/random.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Uvid } from "../../src/model/uvid.ts";
import type { Segment } from "../../src/segment/segment.ts";
import { brokenInvariants } from "./invariants.ts";
import {
  BUCKET,
  bytesOf,
  codeOf,
  keptOpen,
  object,
  onEachEngine,
  openEngine,
  rounds,
  streamOf,
  TestClock,
  testSegment,
  withBucket,
} from "./support.ts";

const NAMES = ["a", "a/b", "b", "\u00e9 \t\n", "z".repeat(1024)];
const SIZES = [0, 1, 900, 1024, 1025, 20_000, 70_000, 400_000];

type Step =
  | {
      readonly kind: "put";
      readonly name: number;
      readonly size: number;
      readonly seed: number;
      readonly isStream: boolean;
    }
  | { readonly kind: "edit"; readonly name: number; readonly at: number; readonly seed: number }
  | { readonly kind: "delete"; readonly name: number }
  | { readonly kind: "copy"; readonly name: number; readonly to: number }
  | { readonly kind: "reopen"; readonly backMs: number };

const name = fc.integer({ min: 0, max: NAMES.length - 1 });
const seed = fc.integer({ min: 1, max: 1000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("put" as const),
      name,
      size: fc.integer({ min: 0, max: SIZES.length - 1 }),
      seed,
      isStream: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("edit" as const),
      name,
      at: fc.integer({ min: 0, max: 400_000 }),
      seed,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete" as const), name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("copy" as const), name, to: name }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("reopen" as const),
      backMs: fc.integer({ min: -60_000, max: 3_600_000 }),
    }),
  },
);

interface Kept {
  readonly uvid: Uvid;
  /** undefined: a delete. */
  readonly bytes: Uint8Array | undefined;
}

/** What a bucket that keeps three versions of everything must hold: plain bytes. */
class Model {
  readonly objects = new Map<string, Kept[]>();

  latest(of: string): Uint8Array | undefined {
    return this.objects.get(of)?.[0]?.bytes;
  }

  add(of: string, kept: Kept): void {
    this.objects.set(of, [kept, ...(this.objects.get(of) ?? [])].slice(0, 3));
  }
}

async function play(segment: Segment, model: Model, one: Exclude<Step, { kind: "reopen" }>): Promise<void> {
  const from = NAMES[one.name] ?? "a";
  const before = model.latest(from);
  if (one.kind === "put" || one.kind === "edit") {
    if (one.kind === "edit" && before === undefined) return;
    const bytes =
      one.kind === "put" ? bodyOf(one.seed, SIZES[one.size] ?? 0) : edited(before ?? new Uint8Array(0), one);
    const half = Math.floor(bytes.length / 2);
    const isStream = one.kind === "put" && one.isStream;
    const body = isStream ? streamOf(bytes.subarray(0, half), bytes.subarray(half)) : bytes;
    const { uvid } = await segment.objects.put(object(from), body);
    model.add(from, { uvid, bytes });
  } else if (one.kind === "delete") {
    const deleting = segment.objects.delete(object(from));
    if (before === undefined) expect(await codeOf(deleting)).toBe("OBJECT_NOT_FOUND");
    else model.add(from, { uvid: (await deleting).uvid, bytes: undefined });
  } else {
    const to = NAMES[one.to] ?? "a";
    const copying = segment.objects.copy(object(from), object(to));
    if (before === undefined) expect(await codeOf(copying)).toBe("OBJECT_NOT_FOUND");
    else model.add(to, { uvid: (await copying).uvid, bytes: before });
  }
}

function bodyOf(bodySeed: number, sizeBytes: number): Uint8Array {
  const bytes = seededRandom(bodySeed).bytes(sizeBytes);
  if (bodySeed % 3 === 0) bytes.fill(0, Math.floor(sizeBytes / 4), Math.floor(sizeBytes / 2));
  if (bodySeed % 4 === 0)
    for (let index = 0; index < sizeBytes; index += 1) bytes[index] = (bytes[index] ?? 0) & 7;
  return bytes;
}

/** A few bytes put in somewhere, others overwritten behind them. */
function edited(
  bytes: Uint8Array,
  { at, seed: editSeed }: { readonly at: number; readonly seed: number },
): Uint8Array {
  const place = bytes.length === 0 ? 0 : at % bytes.length;
  const insert = seededRandom(editSeed).bytes(editSeed % 50);
  const result = Buffer.concat([bytes.subarray(0, place), insert, bytes.subarray(place)]);
  if (result.length > 0) result[(place * 3) % result.length] = editSeed;
  return new Uint8Array(result);
}

async function compare(segment: Segment, model: Model): Promise<void> {
  const live = [...model.objects].filter(([of]) => model.latest(of) !== undefined).map(([of]) => of);
  const listed = (await segment.objects.list(BUCKET)).items.map((item) =>
    item.kind === "object" ? item.version.object : "",
  );
  expect(listed.map(String).sort()).toEqual(live.sort());
  for (const [of, kept] of model.objects) {
    for (const { uvid, bytes } of kept) {
      if (bytes === undefined) {
        expect((await segment.objects.show(object(of), { uvid })).isDeleted).toBe(true);
        continue;
      }
      const startByte = Math.floor(bytes.length / 3);
      const endByte = Math.min(bytes.length, startByte + 70_000);
      const whole = await bytesOf(await segment.objects.get(object(of), { version: { uvid } }));
      const part = await bytesOf(
        await segment.objects.get(object(of), { version: { uvid }, range: { startByte, endByte } }),
      );
      expect(Buffer.compare(whole, bytes)).toBe(0);
      expect(Buffer.compare(part, bytes.subarray(startByte, endByte))).toBe(0);
    }
  }
}

onEachEngine(() => {
  describe("after a random history", () => {
    test("every kept version reads as it was written, also after reopening", async () => {
      const steps = fc.array(step, { minLength: 5, maxLength: 25 });
      await fc.assert(
        fc.asyncProperty(steps, async (history) => {
          const clock = new TestClock();
          const engine: Engine = keptOpen(await openEngine(clock));
          let segment = await withBucket(await testSegment({ clock, engine }), { versionsKept: 3 });
          const model = new Model();
          let starts = 1;
          for (const one of history) {
            if (one.kind !== "reopen") {
              await play(segment, model, one);
              continue;
            }
            await segment.close();
            clock.nowMs -= one.backMs;
            starts += 1;
            segment = await testSegment({ clock, engine, seed: starts });
          }
          await compare(segment, model);
          expect(await brokenInvariants(segment, engine, BUCKET)).toEqual([]);
          await segment.close();
        }),
        { numRuns: rounds(40, 3), seed: 20261122 },
      );
    });
  });
});
