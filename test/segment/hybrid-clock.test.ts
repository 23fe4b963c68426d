/** The hybrid clock: UVIDs only go up, however the wall clock steps, over restarts and crashes, and for many askers at once. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { openMemoryEngine } from "../../src/engine/memory/memory-engine.ts";
import { parseSegmentId, parseWriterId } from "../../src/model/ids.ts";
import { clockWallMs, makeUvid, type Uvid, uvidParts } from "../../src/model/uvid.ts";
import { CLOCK_AHEAD_TRUSTED_MS, HybridClock } from "../../src/segment/core/hybrid-clock.ts";
import { TestClock } from "./support.ts";

const SEGMENT = parseSegmentId("A".repeat(16));
const WRITER = parseWriterId("B".repeat(16));

function openClock(clock: TestClock, records: ReturnType<typeof openMemoryEngine>["records"]) {
  return HybridClock.open({ records, clock, segment: SEGMENT, writer: WRITER });
}

test("UVIDs strictly increase over steps, bursts, crashes and clean restarts", async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("move" as const), byMs: fc.integer({ min: -100_000, max: 100_000 }) }),
    fc.record({ kind: fc.constant("burst" as const), count: fc.integer({ min: 1, max: 50 }) }),
    fc.record({ kind: fc.constant("crash" as const) }),
    fc.record({ kind: fc.constant("close" as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const clock = new TestClock();
      const { records } = openMemoryEngine({ clock });
      let hybrid = await openClock(clock, records);
      let last = "" as Uvid;
      for (const one of steps) {
        if (one.kind === "move") clock.nowMs += one.byMs;
        if (one.kind === "close") await hybrid.close();
        if (one.kind === "close" || one.kind === "crash") hybrid = await openClock(clock, records);
        if (one.kind !== "burst") continue;
        const uvids = await Promise.all(Array.from({ length: one.count }, () => hybrid.next()));
        expect(new Set(uvids).size).toBe(uvids.length);
        const sorted = [...uvids].sort();
        expect((sorted[0] ?? last) > last).toBe(true);
        last = sorted.at(-1) ?? last;
      }
    }),
    { numRuns: 100, seed: 20261122 },
  );
});

test("a clean restart does not move the clock ahead of the wall clock, a crash by about a second at most", async () => {
  const clock = new TestClock();
  const { records } = openMemoryEngine({ clock });
  const first = await openClock(clock, records);
  await first.next();
  await first.close();
  const second = await openClock(clock, records);
  expect(clockWallMs(uvidParts(await second.next()).clock) - clock.nowMs).toBeLessThanOrEqual(1);
  const third = await openClock(clock, records);
  expect(clockWallMs(uvidParts(await third.next()).clock) - clock.nowMs).toBeLessThanOrEqual(1002);
});

test("more UVIDs than a millisecond can hold go on into the next", async () => {
  const clock = new TestClock();
  const { records } = openMemoryEngine({ clock });
  const hybrid = await openClock(clock, records);
  let last = await hybrid.next();
  for (let index = 0; index < 70_000; index += 1) {
    const next = await hybrid.next();
    if (next <= last) throw new Error(`${next} after ${last}`);
    last = next;
  }
  expect(clockWallMs(uvidParts(last).clock)).toBe(clock.nowMs + 1);
});

test("an observed UVID raises the clock for good, unless it is too far ahead", async () => {
  const clock = new TestClock();
  const { records } = openMemoryEngine({ clock });
  const hybrid = await openClock(clock, records);
  const at = (wallMs: number) =>
    makeUvid({ clock: (BigInt(wallMs) << 16n) | 7n, segment: SEGMENT, writer: WRITER });
  const near = at(clock.nowMs + CLOCK_AHEAD_TRUSTED_MS);
  expect(await hybrid.observe(near)).toBe(true);
  expect((await hybrid.next()) > near).toBe(true);
  const far = at(clock.nowMs + CLOCK_AHEAD_TRUSTED_MS + 1000);
  expect(await hybrid.observe(far)).toBe(false);
  expect((await hybrid.next()) < far).toBe(true);
  const crashed = await openClock(clock, records);
  expect((await crashed.next()) > near).toBe(true);
  expect(await crashed.observe(at(2 ** 48 - 1))).toBe(false);
});
