/**
 * What changes without a new version crosses too: annotations and expunges, in any order, also in rings, and locks of the taking
 * side bind. Segments exchange what a link would send.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { type Random, seededRandom } from "../../src/base/random.ts";
import { logItems, walkItems } from "../../src/gateway/isgw/sender/source.ts";
import { encodeAnnotations } from "../../src/model/annotation-record.ts";
import { makeUvid, uvidParts } from "../../src/model/uvid.ts";
import type { Version } from "../../src/model/version.ts";
import type { ReceivedOutcome, VersionAnnotations, WalkedObject } from "../../src/segment/replication.ts";
import type { Segment } from "../../src/segment/segment.ts";
import {
  BUCKET,
  codeOf,
  object,
  onEachEngine,
  rounds,
  TestClock,
  testSegment,
  withBucket,
} from "./support.ts";

const DAY_MS = 86_400_000;
const EMPTY = new Uint8Array(0);
const PHOTO = object("photo");
const LOCKED = { versioning: "enabled", lock: { default: undefined } } as const;

type Items = Awaited<ReturnType<typeof logItems>>;

/** As a receiver does with the batches of a sender. */
async function take(from: Segment, to: Segment, items: Items): Promise<ReceivedOutcome> {
  return to.replication.apply({
    bucket: BUCKET,
    versions: items.flatMap((item) => item.version?.version ?? []),
    annotations: items.flatMap((item) => item.annotations ?? []),
    expunges: items.flatMap((item) => item.expunge ?? []),
    via: from.id,
  });
}

/** Sends up to `limit` entries of the log behind `position`; resolves with where the link is then. */
async function follow(from: Segment, to: Segment, position = 0n, limit = 500): Promise<bigint> {
  const entries = await from.replication.readLog(BUCKET, position, limit);
  const options = { bucket: BUCKET, isEverything: true, peer: to.id };
  await take(from, to, await logItems(from.replication, entries, options));
  return entries.at(-1)?.position ?? position;
}

async function copyAll(from: Segment, to: Segment): Promise<ReceivedOutcome> {
  const objects = await from.replication.walk(BUCKET, undefined, 1000);
  return take(from, to, walkItems(objects, { position: 0n, uvid: undefined }));
}

const everything = (segment: Segment): Promise<readonly WalkedObject[]> =>
  segment.replication.walk(BUCKET, undefined, 10_000);

/** Everything in a form that can be compared: when something was expunged and by whose leave may differ. */
async function comparable(segment: Segment) {
  return (await everything(segment)).map(({ object: name, versions, annotations, expunges }) => ({
    name,
    versions: versions.map(({ uvid }) => uvid),
    annotations: annotations.map(({ uvid, record }) => [
      uvid,
      Buffer.from(encodeAnnotations(record)).toString("hex"),
    ]),
    expunges: expunges.map(({ uvid }) => uvid),
  }));
}

async function several(count: number, clock: TestClock, options = {}): Promise<readonly Segment[]> {
  const segments: Segment[] = [];
  for (let seed = 1; seed <= count; seed += 1) {
    segments.push(await withBucket(await testSegment({ seed, clock }), options));
  }
  return segments;
}

async function two(options = {}) {
  const clock = new TestClock();
  const [near, far] = await several(2, clock, options);
  if (near === undefined || far === undefined) throw new Error("two segments are needed");
  return { clock, near, far };
}

/** One thing that somebody does at a segment; what cannot be done is not. */
async function act(segment: Segment, random: Random): Promise<void> {
  const pick = (count: number) => Math.floor(random.fraction() * count);
  const path = object(["a", "b"][pick(2)] ?? "a");
  const kept = (await everything(segment)).find(({ object: name }) => name === path.object)?.versions ?? [];
  const version: Version | undefined = kept[pick(kept.length)];
  const kind = pick(9);
  if (kind < 3 || version === undefined) {
    await segment.objects.put(path, EMPTY, {
      annotations: pick(2) === 0 ? { tags: { n: `${pick(9)}` } } : undefined,
    });
  } else if (kind === 3) {
    await segment.objects.delete(path, { isMarkerForced: true });
  } else if (kind < 7 && !version.isDeleted) {
    const change = pick(2) === 0 ? { tags: { n: `${pick(99)}` } } : ({ acl: "public-read" } as const);
    await segment.annotations.annotate(path, version, change);
  } else {
    await segment.objects.expunge(path, version, { isGovernanceBypassed: true });
  }
}

onEachEngine(() => {
  describe("annotations and expunges", () => {
    test("end the same at three sites, whatever is done where and heard when", async () => {
      const histories = fc.record({
        seed: fc.integer({ min: 1 }),
        versioning: fc.constantFrom("off" as const, "enabled" as const),
      });
      await fc.assert(
        fc.asyncProperty(histories, async ({ seed, versioning }) => {
          const random = seededRandom(seed);
          const pick = (count: number) => Math.floor(random.fraction() * count);
          const clock = new TestClock();
          const sites = await several(3, clock, { versioning, versionsKept: 2 });
          const positions = new Map<string, bigint>();
          const hear = async (from: number, to: number, limit: number) => {
            const [near, far] = [sites[from], sites[to]];
            if (near === undefined || far === undefined || near === far) return false;
            const key = `${from} ${to}`;
            const before = positions.get(key) ?? 0n;
            const after = await follow(near, far, before, limit);
            positions.set(key, after);
            return after !== before;
          };
          for (let step = 0; step < 24; step += 1) {
            clock.advance(pick(3));
            const site = sites[pick(3)];
            if (pick(3) === 0) await hear(pick(3), pick(3), 1 + pick(4));
            else if (site !== undefined) await act(site, random).catch(() => undefined);
          }
          // A ring is enough: what one hears goes on to the next.
          for (let isMoving = true; isMoving; ) {
            isMoving = false;
            for (const from of [0, 1, 2]) isMoving = (await hear(from, (from + 1) % 3, 500)) || isMoving;
          }
          const [first, ...others] = await Promise.all(sites.map(comparable));
          for (const other of others) expect(other).toEqual(first);
          const [near, far] = sites;
          if (near === undefined || far === undefined) return;
          expect(await copyAll(near, far)).toMatchObject({ applied: 0, annotated: 0, expunged: 0 });
        }),
        { numRuns: rounds(60, 3), seed: 20261122, endOnFailure: true },
      );
    });

    test("of a new version are there with it, in its one commit", async () => {
      const { near, far } = await two(LOCKED);
      const retention = { mode: "compliance", untilMs: Date.UTC(2027, 0, 1) } as const;
      await near.objects.put(PHOTO, EMPTY, { annotations: { tags: { a: "1" }, retention } });
      await follow(near, far);
      expect((await far.annotations.show(PHOTO)).annotations).toMatchObject({ tags: { a: "1" }, retention });
      expect(await far.replication.readLog(BUCKET, 0n, 10)).toMatchObject([
        { kind: "version", via: near.id },
      ]);
    });

    test("are merged into a version that is there already, and logged only when they change something", async () => {
      const { near, far } = await two();
      await near.objects.put(PHOTO, EMPTY);
      const first = await follow(near, far);
      await near.annotations.annotate(PHOTO, undefined, { tags: { a: "1" } });
      await far.annotations.annotate(PHOTO, undefined, { acl: "public-read" });
      await follow(near, far, first);
      await follow(near, far, first);
      await follow(near, far, 0n);
      await follow(far, near);
      const expected = { tags: { a: "1" }, acl: "public-read" };
      expect((await near.annotations.show(PHOTO)).annotations).toMatchObject(expected);
      expect((await far.annotations.show(PHOTO)).annotations).toMatchObject(expected);
      const kinds = async (segment: Segment) =>
        (await segment.replication.readLog(BUCKET, 0n, 10)).map(
          ({ kind, via }) => `${kind} ${via === undefined ? "here" : "there"}`,
        );
      expect(await kinds(near)).toEqual(["version here", "annotation here", "annotation there"]);
      expect(await kinds(far)).toEqual(["version there", "annotation here", "annotation there"]);
    });

    test("of versions that are not kept, of deletes and of another generation are passed over", async () => {
      const { near, far } = await two({ versioning: "enabled" });
      const version = await near.objects.put(PHOTO, EMPTY);
      const marker = await near.objects.delete(PHOTO);
      await follow(near, far);
      const record = { hold: { uvid: version.uvid, value: true } };
      const forged: readonly VersionAnnotations[] = [
        { ...version, record, generation: 7 },
        { ...version, record, object: object("none").object },
        { ...marker, record },
        { ...version, record: {} },
      ];
      const received = { bucket: BUCKET, versions: [], annotations: forged, via: near.id };
      expect(await far.replication.apply(received)).toMatchObject({ annotated: 0 });
      expect((await everything(far)).flatMap(({ annotations }) => annotations)).toEqual([]);
    });

    test("of a segment whose clock is far ahead are still changed here afterwards", async () => {
      const { near, far } = await two();
      const version = await near.objects.put(PHOTO, EMPTY);
      await follow(near, far);
      const { clock, ...parts } = uvidParts(version.uvid);
      const uvid = makeUvid({ ...parts, clock: clock + (BigInt(400 * DAY_MS) << 16n) });
      const annotations = [{ ...version, record: { tags: { uvid, value: { from: "the future" } } } }];
      await far.replication.apply({ bucket: BUCKET, versions: [], annotations, via: near.id });
      await far.annotations.annotate(PHOTO, undefined, { tags: { from: "here" } });
      expect((await far.annotations.show(PHOTO)).annotations.tags).toEqual({ from: "here" });
    });

    test("an expunge takes the version and its annotations away, and comes before it just as well", async () => {
      const { near, far } = await two({ versioning: "enabled" });
      const first = await near.objects.put(PHOTO, EMPTY, { annotations: { tags: { a: "1" } } });
      await near.objects.put(PHOTO, EMPTY);
      const [early] = await near.replication.walk(BUCKET, undefined, 10);
      await near.objects.expunge(PHOTO, first);
      const [late] = await near.replication.walk(BUCKET, undefined, 10);
      if (early === undefined || late === undefined) throw new Error("nothing was walked");
      expect(late).toMatchObject({
        versions: [{ generation: 2 }],
        annotations: [],
        expunges: [{ uvid: first.uvid }],
      });
      const point = { position: 0n, uvid: undefined };
      await take(near, far, walkItems([late], point));
      expect(await take(near, far, walkItems([early], point))).toMatchObject({ applied: 0, annotated: 0 });
      expect(await comparable(far)).toEqual(await comparable(near));
      const third = await several(1, new TestClock(), { versioning: "enabled" });
      for (const segment of third) {
        await take(near, segment, walkItems([early], point));
        expect(await take(near, segment, walkItems([late], point))).toMatchObject({
          expunged: 1,
          refused: [],
        });
        expect(await comparable(segment)).toEqual(await comparable(near));
        expect(await take(near, segment, walkItems([early, late], point))).toMatchObject({
          applied: 0,
          expunged: 0,
        });
      }
    });
  });

  describe("locks of the side that takes in", () => {
    test("forbid an expunge under legal hold: it is left out, and what is beside it is taken", async () => {
      const { near, far } = await two(LOCKED);
      const held = await near.objects.put(PHOTO, EMPTY);
      const other = await near.objects.put(object("other"), EMPTY);
      const position = await follow(near, far);
      await far.annotations.annotate(PHOTO, undefined, { hold: true });
      await near.objects.expunge(PHOTO, held);
      await near.objects.expunge(object("other"), other);
      await near.objects.put(object("new"), utf8(""));
      const entries = await near.replication.readLog(BUCKET, position, 10);
      const options = { bucket: BUCKET, isEverything: true, peer: far.id };
      const items = await logItems(near.replication, entries, options);
      const outcome = await take(near, far, items);
      expect(outcome).toMatchObject({ applied: 1, expunged: 1, refused: [{ code: "LOCKED" }] });
      expect(outcome.refused[0]?.details).toMatchObject({
        object: "Hawaii/Cola/bk1/photo",
        version: held.uvid,
      });
      expect((await far.annotations.show(PHOTO)).annotations.hold).toBe(true);
      expect(await codeOf(far.objects.show(object("other")))).toBe("OBJECT_NOT_FOUND");
      // When it is let go, a full compare brings the expunge again.
      await far.annotations.annotate(PHOTO, undefined, { hold: false });
      expect(await copyAll(near, far)).toMatchObject({ expunged: 1, refused: [] });
      expect(await codeOf(far.objects.show(PHOTO))).toBe("OBJECT_NOT_FOUND");
    });

    test("bind an expunge that names the version under another generation", async () => {
      for (const isOlder of [false, true]) {
        const { near, far } = await two(LOCKED);
        const held = await near.objects.put(PHOTO, EMPTY);
        if (isOlder) await near.objects.put(PHOTO, EMPTY);
        await follow(near, far);
        await far.annotations.annotate(PHOTO, held, { hold: true });
        const { uvid, known, isNull } = held;
        for (const forgedNull of [isNull, !isNull]) {
          const expunges = [
            {
              object: PHOTO.object,
              uvid,
              generation: 9,
              known,
              isNull: forgedNull,
              expungedMs: 1,
              isGovernanceBypassed: true,
            },
          ];
          const received = { bucket: BUCKET, versions: [], expunges, via: near.id };
          expect(await far.replication.apply(received)).toMatchObject({ expunged: 0 });
        }
        expect((await far.annotations.show(PHOTO, held)).annotations.hold).toBe(true);
        expect(await comparable(far)).toMatchObject([{ expunges: [] }]);
      }
    });

    test("of governance bind unless the other side bypassed them, of compliance always", async () => {
      const { clock, near, far } = await two(LOCKED);
      const until = (mode: "governance" | "compliance") =>
        ({ retention: { mode, untilMs: clock.nowMs + DAY_MS } }) as const;
      const one = await near.objects.put(PHOTO, EMPTY);
      const two_ = await near.objects.put(PHOTO, EMPTY);
      const three = await near.objects.put(PHOTO, EMPTY);
      await follow(near, far);
      await far.annotations.annotate(PHOTO, one, until("governance"));
      await far.annotations.annotate(PHOTO, two_, until("governance"));
      await far.annotations.annotate(PHOTO, three, until("compliance"));
      await near.objects.expunge(PHOTO, one);
      await near.objects.expunge(PHOTO, two_, { isGovernanceBypassed: true });
      await near.objects.expunge(PHOTO, three, { isGovernanceBypassed: true });
      expect(await copyAll(near, far)).toMatchObject({
        expunged: 1,
        refused: [{ code: "LOCKED" }, { code: "LOCKED" }],
      });
      expect((await everything(far))[0]?.versions.map(({ uvid }) => uvid)).toEqual([three.uvid, one.uvid]);
      clock.advance(DAY_MS);
      expect(await copyAll(near, far)).toMatchObject({ expunged: 2, refused: [] });
    });

    test("a compliance retention is not shortened by a segment whose clock is ahead of its end", async () => {
      const { clock, near, far } = await two(LOCKED);
      const version = await near.objects.put(PHOTO, EMPTY);
      await follow(near, far);
      const retention = { mode: "compliance", untilMs: clock.nowMs + DAY_MS } as const;
      await far.annotations.annotate(PHOTO, undefined, { retention });
      const { clock: word, ...parts } = uvidParts(version.uvid);
      const uvid = makeUvid({ ...parts, clock: word + (BigInt(2 * DAY_MS) << 16n) });
      const annotations = [{ ...version, record: { retention: { uvid, value: null } } }];
      const received = { bucket: BUCKET, versions: [], annotations, via: near.id };
      expect(await far.replication.apply(received)).toMatchObject({ annotated: 0 });
      expect((await far.annotations.show(PHOTO)).annotations.retention).toEqual(retention);
      clock.advance(DAY_MS);
      expect(await far.replication.apply(received)).toMatchObject({ annotated: 1 });
    });

    test("the quota of the side that takes in binds versions, and nothing is marked as taken", async () => {
      const { near, far } = await two();
      await far.namespace.updateBucket(BUCKET, { quotaObjects: 1 });
      await near.objects.put(object("a"), EMPTY);
      await near.objects.put(object("b"), EMPTY);
      const versions = (await everything(near)).flatMap((one) => one.versions);
      const state = { service: "hawaii", key: "position", value: utf8("2") };
      const received = { bucket: BUCKET, versions, via: near.id, state };
      expect(await codeOf(far.replication.apply(received))).toBe("QUOTA");
      await far.namespace.updateBucket(BUCKET, { quotaObjects: undefined });
      expect((await far.replication.apply(received)).applied).toBeGreaterThan(0);
      expect(await comparable(far)).toEqual(await comparable(near));
    });
  });
});
