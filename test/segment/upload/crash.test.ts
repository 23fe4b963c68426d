/** A crash at every step of what changes an upload: what was acknowledged is there, the rest wholly or not at all, and all can be done again. */
import { expect, test } from "vitest";
import { toHex, utf8 } from "../../../src/base/bytes.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { openMemoryEngine } from "../../../src/engine/memory/memory-engine.ts";
import type { Segment } from "../../../src/segment/segment.ts";
import type { CompletedPart, UploadId } from "../../../src/segment/uploads.ts";
import { dyingEngine } from "../dying-engine.ts";
import { brokenInvariants } from "../invariants.ts";
import {
  BUCKET,
  bytesOf,
  keptOpen,
  object,
  TestClock,
  testSegment,
  versionsIn,
  withBucket,
} from "../support.ts";
import { listed, longPart, md5Of, putPart } from "./parts.ts";

const PATH = object("a");
const [FIRST, LAST, BIG] = [longPart(1), utf8("the end"), seededRandom(2).bytes(700_000)];
const PARTS: readonly CompletedPart[] = [listed(1, FIRST), listed(2, LAST)];

interface Scenario {
  readonly name: string;
  readonly act: (segment: Segment, id: UploadId) => Promise<unknown>;
  readonly isDone: (segment: Segment, id: UploadId) => Promise<boolean>;
  readonly isUndone: (segment: Segment, id: UploadId) => Promise<boolean>;
  /** The upload is over then. */
  readonly isEnd: boolean;
}

const isOpen = (segment: Segment, id: UploadId) =>
  segment.uploads.show(PATH, id).then(
    () => true,
    () => false,
  );
const md5OfPart = async (segment: Segment, id: UploadId, number: number) => {
  const page = await segment.uploads.listParts(PATH, id, { after: number - 1, limit: 1 });
  const part = page.parts.find((found) => found.number === number);
  return part === undefined ? undefined : toHex(part.md5);
};
const isObject = async (segment: Segment) => {
  const content = await segment.objects.get(PATH).catch(() => undefined);
  return content !== undefined && Buffer.concat([FIRST, LAST]).equals(await bytesOf(content));
};

const SCENARIOS: readonly Scenario[] = [
  {
    name: "a part over another",
    act: (segment, id) => putPart(segment, PATH, id, 1, BIG),
    isDone: async (segment, id) => (await md5OfPart(segment, id, 1)) === toHex(md5Of(BIG)),
    isUndone: async (segment, id) => (await md5OfPart(segment, id, 1)) === toHex(md5Of(FIRST)),
    isEnd: false,
  },
  {
    name: "a small part",
    act: (segment, id) => putPart(segment, PATH, id, 3, LAST),
    isDone: async (segment, id) => (await md5OfPart(segment, id, 3)) === toHex(md5Of(LAST)),
    isUndone: async (segment, id) => (await md5OfPart(segment, id, 3)) === undefined,
    isEnd: false,
  },
  {
    name: "a copied part",
    act: (segment, id) =>
      segment.uploads.copyPart(PATH, id, 3, {
        path: object("source"),
        range: { startByte: 10_000, endByte: 690_000 },
      }),
    isDone: async (segment, id) =>
      (await md5OfPart(segment, id, 3)) === toHex(md5Of(BIG.subarray(10_000, 690_000))),
    isUndone: async (segment, id) => (await md5OfPart(segment, id, 3)) === undefined,
    isEnd: false,
  },
  {
    name: "completing",
    act: (segment, id) => segment.uploads.complete(PATH, id, PARTS),
    isDone: async (segment, id) => (await isObject(segment)) && !(await isOpen(segment, id)),
    isUndone: async (segment, id) => !(await isObject(segment)) && (await isOpen(segment, id)),
    isEnd: true,
  },
  {
    name: "aborting",
    act: (segment, id) => segment.uploads.abort(PATH, id),
    isDone: async (segment, id) => !(await isOpen(segment, id)),
    isUndone: (segment, id) => isOpen(segment, id),
    isEnd: true,
  },
];

async function prepared(clock: TestClock, engine: ReturnType<typeof openMemoryEngine>): Promise<UploadId> {
  const segment = await withBucket(await testSegment({ clock, engine: keptOpen(engine) }), {
    versionsKept: 5,
  });
  await segment.objects.put(object("source"), BIG);
  const { id } = await segment.uploads.create(PATH);
  await putPart(segment, PATH, id, 1, FIRST);
  await putPart(segment, PATH, id, 2, LAST);
  await segment.close();
  return id;
}

const recordsUnder = async (engine: ReturnType<typeof openMemoryEngine>, tag: string) => {
  const from = utf8(tag);
  const to = Uint8Array.of((from[0] ?? 0) + 1);
  return (await engine.records.scan({ from, to, limit: 1000 })).records.length;
};

test.each(SCENARIOS.flatMap((scenario) => [false, true].map((isAfter) => ({ ...scenario, isAfter }))))(
  "$name survives a crash at every step (after it took effect: $isAfter)",
  async (scenario) => {
    let deathStep = 0;
    for (let isFinished = false; !isFinished; ) {
      deathStep += 1;
      expect(deathStep).toBeLessThan(40);
      const clock = new TestClock();
      const inner = openMemoryEngine({ clock });
      const id = await prepared(clock, inner);
      const dying = dyingEngine(inner, deathStep, scenario.isAfter);
      const outcome = await testSegment({ clock, engine: dying.engine, seed: 2 })
        .then(async (segment) => {
          await scenario.act(segment, id);
          // What goes on behind the answer meets the crash too.
          await segment.close();
        })
        .then(
          () => "acknowledged",
          () => "failed",
        );
      isFinished = dying.steps() < deathStep;
      const after = await testSegment({ clock, engine: keptOpen(inner), seed: 3 });
      const [isDone, isUndone] = [await scenario.isDone(after, id), await scenario.isUndone(after, id)];
      expect({ deathStep, isEither: isDone !== isUndone }).toEqual({ deathStep, isEither: true });
      if (outcome === "acknowledged") expect(isDone).toBe(true);
      expect(await brokenInvariants(after, inner, BUCKET)).toEqual([]);
      // Again: a client whose answer was lost gets what it wanted, once.
      if (scenario.name !== "aborting" || isUndone) await scenario.act(after, id);
      expect(await scenario.isDone(after, id)).toBe(true);
      const versions = versionsIn(await after.objects.listVersions(BUCKET, { prefix: "a" }));
      expect(versions).toHaveLength(scenario.name === "completing" ? 1 : 0);
      if (scenario.isEnd) {
        await expect.poll(() => recordsUnder(inner, "p")).toBe(0);
        await expect.poll(() => recordsUnder(inner, "w")).toBe(0);
      }
      expect(await brokenInvariants(after, inner, BUCKET)).toEqual([]);
      await after.close();
    }
    expect(deathStep).toBeGreaterThan(1);
  },
);
