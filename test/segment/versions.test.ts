/** Null versions, versions that are not, and expunges: every order ends the same, and the record of the object always says what is there. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { seededRandom } from "../../src/base/random.ts";
import { parseSegmentId, parseWriterId } from "../../src/model/ids.ts";
import { parseObjectName } from "../../src/model/names.ts";
import { clockWallMs, makeUvid, uvidParts } from "../../src/model/uvid.ts";
import type { Expunge, Version } from "../../src/model/version.ts";
import { keptOf, mergedKnown } from "../../src/segment/object/kept.ts";
import type { Segment } from "../../src/segment/segment.ts";
import { wrongRecords } from "./object-records.ts";
import {
  BUCKET,
  keptOpen,
  onEachEngine,
  openEngine,
  rounds,
  TestClock,
  testSegment,
  withBucket,
} from "./support.ts";

const START_MS = Date.UTC(2026, 0, 1);
const SEGMENTS = ["A", "B", "C"].map((letter) => parseSegmentId(letter.repeat(16)));
const WRITER = parseWriterId("0123456789ABCDEF");
const VIA = parseSegmentId("F".repeat(16));
const NAMES = ["a", "b"].map(parseObjectName);

type Item = Version | Expunge;

/** Three segments that write two objects, hear of each other, turn versioning on and off, and expunge what they have. */
function randomHistory(seed: number): readonly Item[] {
  const random = seededRandom(seed);
  const pick = (count: number) => Math.floor(random.fraction() * count);
  const sites = SEGMENTS.map((segment) => ({ segment, seen: [] as Version[], isNull: pick(2) === 0 }));
  const all: Item[] = [];
  const steps = 4 + pick(16);
  for (let step = 0; step < steps; step += 1) {
    const site = sites[pick(3)];
    const other = sites[pick(3)];
    if (site === undefined || other === undefined) continue;
    const turn = pick(10);
    if (turn < 2) {
      for (const heard of other.seen) if (!site.seen.includes(heard)) site.seen.push(heard);
    } else if (turn < 3) {
      site.isNull = !site.isNull;
    } else if (turn < 5 && site.seen.length > 0) {
      const one = site.seen[pick(site.seen.length)];
      if (one !== undefined) all.push(expungeOf(one));
    } else {
      const name = NAMES[pick(3) === 0 ? 1 : 0] ?? NAMES[0];
      if (name === undefined) continue;
      const seen = site.seen.filter((one) => one.object === name);
      const clockMs = Math.max(START_MS + pick(50), ...site.seen.map((one) => wallMs(one) + 1));
      const sizeBytes = pick(4) === 0 ? 0 : 1 + pick(100);
      const isDeleted = pick(4) === 0;
      const made: Version = {
        object: name,
        uvid: makeUvid({ clock: BigInt(clockMs) << 16n, segment: site.segment, writer: WRITER }),
        generation: Math.max(0, ...seen.map((one) => one.generation)) + 1,
        known: mergedKnown(seen),
        isDeleted,
        sizeBytes: isDeleted ? 0 : sizeBytes,
        content: isDeleted || sizeBytes === 0 ? { kind: "none" } : { kind: "zeros", lengthBytes: sizeBytes },
        modifiedMs: clockMs,
        contentType: undefined,
        metadata: {},
        isNull: site.isNull,
        headers: {},
        digest: undefined,
      };
      site.seen.push(made);
      all.push(made);
    }
  }
  return all;
}

function expungeOf({ object, uvid, generation, known, isNull }: Version): Expunge {
  return { object, uvid, generation, known, isNull, expungedMs: START_MS };
}

function wallMs({ uvid }: Version): number {
  return clockWallMs(uvidParts(uvid).clock);
}

function isExpunge(item: Item): item is Expunge {
  return "expungedMs" in item;
}

function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  const random = seededRandom(seed);
  const order = items.map((item) => ({ item, rank: random.fraction() }));
  return order.sort((left, right) => left.rank - right.rank).map(({ item }) => item);
}

function apply(segment: Segment, items: readonly Item[]) {
  const versions = items.filter((item): item is Version => !isExpunge(item));
  return segment.replication.apply({ bucket: BUCKET, versions, expunges: items.filter(isExpunge), via: VIA });
}

interface Situation {
  readonly versions: readonly Version[];
  readonly expunges: readonly Expunge[];
}

/** What the rules of kept.ts say of a set of versions and expunges. */
function expectedOf(items: readonly Item[], versionsKept: number): Situation {
  const versions: Version[] = [];
  const expunges: Expunge[] = [];
  for (const name of NAMES) {
    const gone = new Map(items.filter(isExpunge).map((expunge) => [expunge.uvid, expunge]));
    const own = new Map(items.filter((one) => one.object === name).map((one) => [one.uvid, one]));
    for (const one of items) if (!isExpunge(one) && one.object === name) own.set(one.uvid, one);
    if (own.size === 0) continue;
    for (const one of keptOf([...own.values()], versionsKept).versions) {
      const expunge = gone.get(one.uvid);
      if (expunge !== undefined) expunges.push(expunge);
      else if (!isExpunge(one)) versions.push(one);
    }
  }
  return { versions, expunges };
}

async function situationOf(segment: Segment): Promise<Situation> {
  const walked = await segment.replication.walk(BUCKET, undefined, 1000);
  return {
    versions: walked.flatMap(({ versions }) => versions),
    expunges: walked.flatMap(({ expunges }) => expunges),
  };
}

onEachEngine(() => {
  describe("versions of both kinds and expunges", () => {
    test("in any order, with repeats, end the same everywhere, each logged once", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1 }),
          fc.integer({ min: 1, max: 3 }),
          async (seed, versionsKept) => {
            const history = randomHistory(seed);
            const expected = expectedOf(history, versionsKept);
            for (const site of [1, 2, 3]) {
              const engine = await openEngine(new TestClock());
              const segment = await withBucket(await testSegment({ seed: site, engine: keptOpen(engine) }), {
                versionsKept,
              });
              const order = shuffled([...history, ...history.slice(0, 3)], seed + site);
              for (let start = 0; start < order.length; start += site) {
                await apply(segment, order.slice(start, start + site));
                expect(await wrongRecords(segment, engine, NAMES)).toEqual([]);
              }
              const found = await situationOf(segment);
              expect(found.versions).toEqual(expected.versions);
              expect(found.expunges.map(({ uvid }) => uvid)).toEqual(
                expected.expunges.map(({ uvid }) => uvid),
              );
              const log = await segment.replication.readLog(BUCKET, 0n, 1000);
              const ids = log.map(({ kind, uvid }) => `${kind} ${uvid}`);
              expect(new Set(ids).size).toBe(ids.length);
              const { versions } = expected;
              const live = versions.filter(
                (one, index) => one.object !== versions[index - 1]?.object && !one.isDeleted,
              );
              expect(await segment.namespace.showBucket(BUCKET)).toMatchObject({
                objectCount: live.length,
                sizeBytes: live.reduce((sum, one) => sum + one.sizeBytes, 0),
              });
              const isEmpty = live.length === 0 && versions.every(({ isNull }) => isNull);
              const deleting = segment.namespace.deleteBucket(BUCKET);
              if (isEmpty) await deleting;
              else await expect(deleting).rejects.toMatchObject({ code: "NOT_EMPTY" });
              await segment.close();
            }
          },
        ),
        { numRuns: rounds(150, 5), seed: 20261122 },
      );
    });
  });
});
