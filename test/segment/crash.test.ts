/** A crash at every step of every write: what was acknowledged is there, what was not is there wholly or not at all. */

import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { seededRandom } from "../../src/base/random.ts";
import { openMemoryEngine } from "../../src/engine/memory/memory-engine.ts";
import { parseSegmentId } from "../../src/model/ids.ts";
import { parseServiceName } from "../../src/model/names.ts";
import type { Version } from "../../src/model/version.ts";
import type { Segment } from "../../src/segment/segment.ts";
import { dyingEngine } from "./dying-engine.ts";
import { brokenInvariants } from "./invariants.ts";
import {
  allVersions,
  BUCKET,
  bytesOf,
  keptOpen,
  object,
  TestClock,
  testSegment,
  versionsIn,
  withBucket,
} from "./support.ts";

const BIG = seededRandom(5).bytes(1_600_000);
const VIA = parseSegmentId("F".repeat(16));

interface Scenario {
  readonly name: string;
  readonly prepare: (segment: Segment) => Promise<void>;
  readonly act: (segment: Segment) => Promise<unknown>;
  /** What a reader sees after `act` was acknowledged. */
  readonly done: (segment: Segment) => Promise<boolean>;
  /** What a reader sees when it had no effect. */
  readonly undone: (segment: Segment) => Promise<boolean>;
}

const isText = async (segment: Segment, name: string, expected: Uint8Array | undefined): Promise<boolean> => {
  const content = await segment.objects.get(object(name)).catch(() => undefined);
  if (content === undefined || expected === undefined) return content === expected;
  return Buffer.compare(await bytesOf(content), expected) === 0;
};

const isTagged = async (segment: Segment, name: string, expected: object): Promise<boolean> => {
  const { annotations } = await segment.annotations.show(object(name));
  return JSON.stringify(annotations.tags) === JSON.stringify(expected);
};

const [SMALL, OLD] = [utf8("new"), utf8("old")];
const receivedHistory = async (): Promise<readonly Version[]> => {
  const far = await withBucket(await testSegment({ seed: 99 }), { versionsKept: 5 });
  for (const text of ["1", "22", "333"]) await far.objects.put(object("a"), utf8(text));
  await far.objects.put(object("b"), new Uint8Array(0));
  return allVersions(far);
};

const SCENARIOS: readonly Scenario[] = [
  {
    name: "a small put",
    prepare: async () => {},
    act: (segment) => segment.objects.put(object("a"), SMALL),
    done: (segment) => isText(segment, "a", SMALL),
    undone: (segment) => isText(segment, "a", undefined),
  },
  {
    name: "a large put over a small object",
    prepare: async (segment) => {
      await segment.objects.put(object("a"), OLD);
    },
    act: (segment) => segment.objects.put(object("a"), BIG),
    done: (segment) => isText(segment, "a", BIG),
    undone: (segment) => isText(segment, "a", OLD),
  },
  {
    name: "a delete",
    prepare: async (segment) => {
      await segment.objects.put(object("a"), OLD);
    },
    act: (segment) => segment.objects.delete(object("a")),
    done: (segment) => isText(segment, "a", undefined),
    undone: (segment) => isText(segment, "a", OLD),
  },
  {
    name: "a copy of a large object",
    prepare: async (segment) => {
      await segment.objects.put(object("a"), BIG);
    },
    act: (segment) => segment.objects.copy(object("a"), object("b")),
    done: (segment) => isText(segment, "b", BIG),
    undone: (segment) => isText(segment, "b", undefined),
  },
  {
    name: "versions from a link with their position",
    prepare: async (segment) => {
      const bytes = ["1", "22", "333"].map((text) => utf8(text));
      for (const one of bytes) await segment.objects.put(object("seed"), one);
    },
    act: async (segment) => {
      const state = { service: "hawaii", key: "position", value: utf8("4") };
      await segment.replication.apply({ bucket: BUCKET, versions: await receivedHistory(), via: VIA, state });
    },
    done: async (segment) =>
      (await segment.services.getState(parseServiceName("hawaii"), "position")) !== undefined &&
      (await isText(segment, "a", utf8("333"))),
    undone: async (segment) =>
      (await segment.services.getState(parseServiceName("hawaii"), "position")) === undefined,
  },
  {
    name: "annotations of a version",
    prepare: async (segment) => {
      await segment.objects.put(object("a"), OLD);
    },
    act: (segment) => segment.annotations.annotate(object("a"), undefined, { tags: { a: "1" } }),
    done: (segment) => isTagged(segment, "a", { a: "1" }),
    undone: (segment) => isTagged(segment, "a", {}),
  },
  {
    name: "the removal of an annotated version",
    prepare: async (segment) => {
      const tags = { a: "1" };
      await segment.objects.put(object("a"), OLD, { annotations: { tags } });
      await segment.objects.put(object("a"), SMALL, { annotations: { tags } });
    },
    act: async (segment) => {
      const version = await segment.objects.show(object("a"));
      // Done again, it would remove the next one.
      if (version.generation === 2) await segment.objects.expunge(object("a"), version);
    },
    done: async (segment) => (await isText(segment, "a", OLD)) && (await isTagged(segment, "a", { a: "1" })),
    undone: async (segment) =>
      (await isText(segment, "a", SMALL)) && (await isTagged(segment, "a", { a: "1" })),
  },
  {
    name: "a change of the options of a bucket",
    prepare: async () => {},
    act: (segment) => segment.namespace.updateBucket(BUCKET, { versioning: "enabled", quotaObjects: 7 }),
    done: async (segment) => (await segment.namespace.showBucket(BUCKET)).options.quotaObjects === 7,
    undone: async (segment) => (await segment.namespace.showBucket(BUCKET)).options.versioning === "off",
  },
  {
    name: "a configuration of a bucket",
    prepare: (segment) => segment.namespace.putConfig(BUCKET, "policy", "old"),
    act: (segment) => segment.namespace.putConfig(BUCKET, "policy", "new"),
    done: async (segment) => (await segment.namespace.getConfig(BUCKET, "policy")) === "new",
    undone: async (segment) => (await segment.namespace.getConfig(BUCKET, "policy")) === "old",
  },
  {
    name: "the removal of a delete",
    prepare: async (segment) => {
      await segment.namespace.updateBucket(BUCKET, { versioning: "enabled" });
      await segment.objects.put(object("a"), OLD);
      await segment.objects.delete(object("a"));
    },
    act: async (segment) => {
      const [latest] = versionsIn(await segment.objects.listVersions(BUCKET));
      if (latest?.isDeleted === true) await segment.objects.expunge(object("a"), latest);
    },
    done: (segment) => isText(segment, "a", OLD),
    undone: (segment) => isText(segment, "a", undefined),
  },
  {
    name: "changes from a link with their position",
    prepare: async (segment) => {
      for (const text of ["1", "22", "333"]) await segment.objects.put(object("seed"), utf8(text));
      const versions = await receivedHistory();
      await segment.replication.apply({ bucket: BUCKET, versions, via: VIA });
    },
    act: async (segment) => {
      const [late, , first] = await receivedHistory();
      if (late === undefined || first === undefined) throw new Error("no history");
      const annotations = [{ ...late, record: { tags: { uvid: late.uvid, value: { a: "1" } } } }];
      const expunges = [{ ...first, expungedMs: 1 }];
      const state = { service: "hawaii", key: "position", value: utf8("4") };
      await segment.replication.apply({
        bucket: BUCKET,
        versions: [],
        annotations,
        expunges,
        via: VIA,
        state,
      });
    },
    done: async (segment) =>
      (await segment.services.getState(parseServiceName("hawaii"), "position")) !== undefined &&
      (await isTagged(segment, "a", { a: "1" })) &&
      (await allVersions(segment)).filter((version) => version.object === "a").length === 2,
    undone: async (segment) =>
      (await segment.services.getState(parseServiceName("hawaii"), "position")) === undefined,
  },
];

const CASES = [
  { isAfter: false, encryption: "none" },
  { isAfter: true, encryption: "none" },
  { isAfter: false, encryption: "aes256" },
  { isAfter: true, encryption: "aes256" },
] as const;
const segmentKey = new Uint8Array(32).fill(7);

describe.each(SCENARIOS)("$name", (scenario) => {
  test.each(CASES)(
    "survives a crash at every step (after it took effect: $isAfter, encryption: $encryption)",
    async ({ isAfter, encryption }) => {
      let deathStep = 0;
      for (let isFinished = false; !isFinished; ) {
        deathStep += 1;
        expect(deathStep).toBeLessThan(60);
        const clock = new TestClock();
        const inner = openMemoryEngine({ clock });
        const prepared = await withBucket(await testSegment({ clock, engine: keptOpen(inner), segmentKey }), {
          versionsKept: 3,
          encryption,
        });
        await scenario.prepare(prepared);
        await prepared.close();
        const dying = dyingEngine(inner, deathStep, isAfter);
        const outcome = await testSegment({ clock, engine: dying.engine, seed: 2, segmentKey })
          .then(scenario.act)
          .then(
            () => "acknowledged",
            (thrown: unknown) => {
              expect(thrown).toMatchObject({ code: "UNAVAILABLE" });
              return "failed";
            },
          );
        isFinished = dying.steps() < deathStep;
        const after = await testSegment({ clock, engine: keptOpen(inner), seed: 3, segmentKey });
        const isDone = await scenario.done(after);
        const isUndone = await scenario.undone(after);
        expect({ deathStep, isDone: isDone || outcome === "failed", isEither: isDone || isUndone }).toEqual({
          deathStep,
          isDone: true,
          isEither: true,
        });
        expect(await brokenInvariants(after, inner, BUCKET)).toEqual([]);
        // What was interrupted can be done again.
        await scenario.act(after).catch(() => undefined);
        expect(await scenario.done(after)).toBe(true);
        expect(await brokenInvariants(after, inner, BUCKET)).toEqual([]);
        await after.close();
      }
      expect(deathStep).toBeGreaterThan(1);
    },
  );
});

describe("many writers at once", () => {
  test("commits that were not synced when the machine stopped leave no half of a put", async () => {
    for (let kept = 0; kept < 24; kept += 3) {
      const clock = new TestClock();
      const inner = openMemoryEngine({ clock, isHolding: true });
      const pump = setInterval(() => inner.records.sync(), 0);
      const segment = await withBucket(await testSegment({ clock, engine: keptOpen(inner) }), {
        versionsKept: 2,
      });
      await segment.objects.put(object("0"), utf8("old"));
      clearInterval(pump);
      const acknowledged = new Set<string>();
      const puts = Array.from({ length: 24 }, (_, index) =>
        segment.objects.put(object(`${index % 12}`), utf8(`new ${index}`)).then((version) => {
          acknowledged.add(version.uvid);
        }),
      );
      const settled = Promise.allSettled(puts);
      await expect.poll(() => inner.records.heldCount).toBe(12);
      inner.records.sync(Math.min(kept, 12));
      await expect.poll(() => acknowledged.size).toBe(Math.min(kept, 12));
      inner.records.crash();
      const drain = setInterval(() => inner.records.crash(), 0);
      await settled;
      clearInterval(drain);
      const again = setInterval(() => inner.records.sync(), 0);
      const after = await testSegment({ clock, engine: keptOpen(inner), seed: 2 });
      expect(await brokenInvariants(after, inner, BUCKET)).toEqual([]);
      const items = versionsIn(await after.objects.listVersions(BUCKET));
      const there = new Set(items.map((version) => version.uvid as string));
      expect([...acknowledged].filter((uvid) => !there.has(uvid))).toEqual([]);
      const next = await after.objects.put(object("new"), utf8("x"));
      expect(items.every((version) => version.uvid < next.uvid)).toBe(true);
      await after.close();
      clearInterval(again);
    }
  });
});
