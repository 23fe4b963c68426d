/**
 * Random histories of versions under random rules: what a pass leaves is what a reader of AWS's documentation would leave, written down here
 * without a look at the code; and a second pass at the same moment finds nothing more to do but what the first one made possible.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { silentLog } from "../../src/base/log.ts";
import { DAY_MS } from "../../src/model/lifecycle.ts";
import type { Segment } from "../../src/segment/segment.ts";
import { runUpkeep } from "../../src/segment/upkeep.ts";
import { BUCKET, object, TestClock, testSegment, withBucket } from "./support.ts";

type Step =
  | { readonly kind: "put" | "delete"; readonly name: string }
  | { readonly kind: "wait"; readonly days: number };

interface Kept {
  readonly uvid: string;
  readonly isDeleted: boolean;
  readonly madeMs: number;
}

interface Rule {
  readonly prefix: string;
  readonly days: number | undefined;
  readonly noncurrentDays: number | undefined;
  readonly newerKept: number | undefined;
  readonly isMarkerExpired: boolean;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("put" as const), name: fc.constantFrom("a", "b", "ab") }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("delete" as const), name: fc.constantFrom("a", "b", "ab") }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), days: fc.integer({ min: 0, max: 3 }) }),
  },
);
const optional = (max: number) => fc.option(fc.integer({ min: 1, max }), { nil: undefined });
const rule: fc.Arbitrary<Rule> = fc.record({
  prefix: fc.constantFrom("", "a", "b"),
  days: optional(4),
  noncurrentDays: optional(4),
  newerKept: optional(3),
  isMarkerExpired: fc.boolean(),
});

/** The midnight behind. */
const isOver = (fromMs: number, days: number, nowMs: number) =>
  nowMs >= new Date(fromMs + days * DAY_MS).setUTCHours(24, 0, 0, 0);

/** What is left of one object with versioning on, latest first; `null`: a new marker. */
function expected(
  name: string,
  versions: readonly Kept[],
  rules: readonly Rule[],
  nowMs: number,
): Array<string | null> {
  const mine = rules.filter(({ prefix }) => name.startsWith(prefix));
  const [latest, ...older] = versions;
  if (latest === undefined) return [];
  const left = older.filter((_, index) => {
    const newer = versions[index];
    return !mine.some(
      ({ noncurrentDays, newerKept = 0 }) =>
        noncurrentDays !== undefined &&
        index >= newerKept &&
        isOver(newer?.madeMs ?? 0, noncurrentDays, nowMs),
    );
  });
  const isDue = mine.some(({ days }) => days !== undefined && isOver(latest.madeMs, days, nowMs));
  const rest = left.map(({ uvid }) => uvid);
  if (!latest.isDeleted) return isDue ? [null, latest.uvid, ...rest] : [latest.uvid, ...rest];
  const isMarkerDue =
    isDue || mine.some(({ days, isMarkerExpired }) => days === undefined && isMarkerExpired);
  return older.length === 0 && isMarkerDue ? [] : [latest.uvid, ...rest];
}

async function versionsOf(segment: Segment): Promise<Map<string, Kept[]>> {
  const { items } = await segment.objects.listVersions(BUCKET);
  const found = new Map<string, Kept[]>();
  for (const item of items) {
    if (item.kind !== "version") continue;
    const { object: name, uvid, isDeleted, modifiedMs } = item.version;
    found.set(name, [...(found.get(name) ?? []), { uvid, isDeleted, madeMs: modifiedMs }]);
  }
  return found;
}

it("leaves what the rules leave, whatever happened before", { timeout: 30_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 25 }),
      fc.array(rule, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 0, max: DAY_MS }),
      async (steps, rules, offsetMs) => {
        const clock = new TestClock(Date.UTC(2026, 0, 1) + offsetMs);
        const segment = await withBucket(await testSegment({ clock }), { versioning: "enabled" });
        const kept = rules.map(({ prefix, days, noncurrentDays, newerKept, isMarkerExpired }, index) => ({
          id: `r${index}`,
          isEnabled: true,
          form: "filter",
          filter: { prefix },
          expiration: days === undefined ? { isMarkerExpired } : { days },
          noncurrent: noncurrentDays === undefined ? undefined : { days: noncurrentDays, newerKept },
        }));
        await segment.namespace.putConfig(BUCKET, "lifecycle", JSON.stringify({ rules: kept }));
        for (const each of steps) {
          clock.advance(each.kind === "wait" ? each.days * DAY_MS : 60_000);
          if (each.kind === "put") await segment.objects.put(object(each.name), Uint8Array.of(1));
          if (each.kind === "delete")
            await segment.objects.delete(object(each.name), { isMarkerForced: true });
        }
        const before = await versionsOf(segment);
        const nowMs = clock.wallMs();
        await runUpkeep({ segment, clock, log: silentLog }, new AbortController().signal);
        const after = await versionsOf(segment);
        const wanted = new Map<string, Array<string | null>>();
        for (const [name, versions] of before) {
          const left = expected(name, versions, rules, nowMs);
          if (left.length > 0) wanted.set(name, left);
        }
        const known = new Set([...before.values()].flat().map(({ uvid }) => uvid));
        const found = new Map(
          [...after].map(([name, versions]) => [
            name,
            versions.map(({ uvid }) => (known.has(uvid) ? uvid : null)),
          ]),
        );
        expect(found).toEqual(wanted);
        await segment.close();
      },
    ),
    { seed: 20261122, numRuns: 250 },
  );
});
