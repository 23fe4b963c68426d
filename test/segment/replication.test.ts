/** What a replicating gateway sees: the log, taking in versions and pieces, and that every order ends the same. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { seededRandom } from "../../src/base/random.ts";
import { openMemoryEngine } from "../../src/engine/memory/memory-engine.ts";
import { encodeNode } from "../../src/model/chunk-manifest.ts";
import { contentId, nodeId } from "../../src/model/hash.ts";
import { parseSegmentId, parseWriterId } from "../../src/model/ids.ts";
import { parseObjectName, parseServiceName } from "../../src/model/names.ts";
import { clockWallMs, makeUvid, uvidParts } from "../../src/model/uvid.ts";
import type { Version } from "../../src/model/version.ts";
import { encodeChunk } from "../../src/segment/chunk/codec.ts";
import { CLOCK_AHEAD_TRUSTED_MS } from "../../src/segment/core/hybrid-clock.ts";
import { keptOf, mergedKnown } from "../../src/segment/object/kept.ts";
import type { ReceivedOutcome, ReceivedPiece } from "../../src/segment/replication.ts";
import type { Segment } from "../../src/segment/segment.ts";
import {
  allVersions,
  BUCKET,
  codeOf,
  failureOf,
  keptOpen,
  object,
  onEachEngine,
  rounds,
  TestClock,
  testSegment,
  textOf,
  versionsIn,
  withBucket,
} from "./support.ts";

const START_MS = Date.UTC(2026, 0, 1);
const SEGMENTS = ["A", "B", "C"].map((letter) => parseSegmentId(letter.repeat(16)));
const WRITER = parseWriterId("0123456789ABCDEF");
const VIA = parseSegmentId("F".repeat(16));

interface Made {
  readonly segment?: number;
  readonly clockMs?: number;
  readonly seen?: readonly Version[];
  readonly isDeleted?: boolean;
  readonly sizeBytes?: number;
}

/** A version as a far segment would write it after it saw `seen`. */
function version(name: string, made: Made = {}): Version {
  const seen = made.seen ?? [];
  const segment = SEGMENTS[made.segment ?? 0] ?? SEGMENTS[0];
  if (segment === undefined) throw new Error("no such segment");
  const clockMs = made.clockMs ?? START_MS;
  const sizeBytes = made.isDeleted === true ? 0 : (made.sizeBytes ?? 0);
  return {
    object: parseObjectName(name),
    uvid: makeUvid({ clock: BigInt(clockMs) << 16n, segment, writer: WRITER }),
    generation: Math.max(0, ...seen.map((one) => one.generation)) + 1,
    known: mergedKnown(seen),
    isDeleted: made.isDeleted ?? false,
    sizeBytes,
    content: sizeBytes === 0 ? { kind: "none" } : { kind: "zeros", lengthBytes: sizeBytes },
    modifiedMs: clockMs,
    contentType: undefined,
    metadata: {},
    isNull: true,
    headers: {},
    digest: undefined,
  };
}

function outcome(applied: number, alreadyThere = 0): ReceivedOutcome {
  return { applied, alreadyThere, annotated: 0, expunged: 0, refused: [] };
}

function apply(segment: Segment, versions: readonly Version[]) {
  return segment.replication.apply({ bucket: BUCKET, versions, via: VIA });
}

/** A history of three segments that write two objects and now and then hear of each other. */
function randomHistory(seed: number): readonly Version[] {
  const random = seededRandom(seed);
  const pick = (count: number) => Math.floor(random.fraction() * count);
  const seen: Version[][] = SEGMENTS.map(() => []);
  const all: Version[] = [];
  const steps = 4 + pick(14);
  for (let step = 0; step < steps; step += 1) {
    const segment = pick(3);
    const own = seen[segment] ?? [];
    if (pick(3) === 0) {
      for (const heard of seen[pick(3)] ?? []) if (!own.includes(heard)) own.push(heard);
      continue;
    }
    const name = pick(3) === 0 ? "b" : "a";
    const made = version(name, {
      segment,
      // Wall clocks may disagree; a writer's own clock and what it has seen only go up.
      clockMs: Math.max(START_MS + pick(50), ...own.map((one) => clockWallMs(uvidParts(one.uvid).clock) + 1)),
      seen: own.filter((one) => one.object === name),
      isDeleted: pick(4) === 0,
      sizeBytes: pick(100),
    });
    own.push(made);
    all.push(made);
  }
  return all;
}

function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  const random = seededRandom(seed);
  const order = items.map((item) => ({ item, rank: random.fraction() }));
  return order.sort((left, right) => left.rank - right.rank).map(({ item }) => item);
}

onEachEngine(() => {
  describe("taking in versions", () => {
    test("any order, with repeats, ends with the same latest, the same kept versions and each logged once", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1 }),
          fc.integer({ min: 1, max: 3 }),
          async (seed, versionsKept) => {
            const history = randomHistory(seed);
            const expected = ["a", "b"].flatMap((name) => {
              const own = history.filter((one) => one.object === name);
              return own.length === 0 ? [] : keptOf(own, versionsKept).versions;
            });
            for (const site of [1, 2, 3]) {
              const segment = await withBucket(await testSegment({ seed: site }), { versionsKept });
              const order = shuffled([...history, ...history.slice(0, 3)], seed + site);
              let applied = 0;
              for (let start = 0; start < order.length; start += site) {
                applied += (await apply(segment, order.slice(start, start + site))).applied;
              }
              const kept = await allVersions(segment);
              expect(kept).toEqual(expected);
              const log = await segment.replication.readLog(BUCKET, 0n, 1000);
              expect(new Set(log.map((entry) => entry.uvid)).size).toBe(log.length);
              expect(log.length).toBe(applied);
              expect(log.map((entry) => entry.position)).toEqual(log.map((_, index) => BigInt(index + 1)));
              const live = expected.filter(
                (one, index) => one.object !== expected[index - 1]?.object && !one.isDeleted,
              );
              expect(await segment.namespace.showBucket(BUCKET)).toMatchObject({
                objectCount: live.length,
                sizeBytes: live.reduce((sum, one) => sum + one.sizeBytes, 0),
              });
            }
          },
        ),
        { numRuns: rounds(60, 4), seed: 20261122 },
      );
    });

    test("a concurrent version that loses is kept, and goes when a later write has seen both", async () => {
      const segment = await withBucket(await testSegment());
      const first = version("a", { segment: 0, sizeBytes: 1 });
      const winner = version("a", { segment: 1, sizeBytes: 2 });
      expect(await apply(segment, [winner, first])).toEqual(outcome(2));
      const items = versionsIn(await segment.objects.listVersions(BUCKET));
      expect(items.map(({ uvid, isLatest }) => [uvid, isLatest])).toEqual([
        [winner.uvid, true],
        [first.uvid, false],
      ]);
      expect((await segment.objects.show(object("a"))).uvid).toBe(winner.uvid);
      const written = await segment.objects.put(object("a"), utf8("both seen"));
      expect(written.known.map((entry) => entry.uvid).sort()).toEqual([first.uvid, winner.uvid].sort());
      expect(await allVersions(segment)).toEqual([written]);
      expect(await apply(segment, [first, winner])).toEqual(outcome(0, 2));
    });

    test("a local write and a received one of the same object at the same time both count", async () => {
      const segment = await withBucket(await testSegment(), { versionsKept: 10 });
      const received = Array.from({ length: 20 }, (_, index) =>
        version("a", { clockMs: START_MS + index, segment: index % 3, sizeBytes: index + 1 }),
      );
      await Promise.all([
        ...received.map((one) => apply(segment, [one])),
        ...received.map((_, index) => segment.objects.put(object("a"), utf8(`${index}`))),
      ]);
      const log = await segment.replication.readLog(BUCKET, 0n, 1000);
      expect(new Set(log.map((entry) => entry.uvid)).size).toBe(log.length);
      expect(log.filter((entry) => entry.via === undefined)).toHaveLength(20);
      const shown = await segment.namespace.showBucket(BUCKET);
      const latest = await segment.objects.show(object("a"));
      expect(shown).toMatchObject({ objectCount: 1, sizeBytes: latest.sizeBytes });
    });

    test("many versions in one call fill several commits, the state goes with the last", async () => {
      const engine = openMemoryEngine({ clock: new TestClock() });
      const segment = await withBucket(await testSegment({ engine }));
      const versions = Array.from({ length: 500 }, (_, index) => version(`o${index}`, { sizeBytes: 1 }));
      const name = parseServiceName("hawaii");
      const state = { service: name, key: "position", value: utf8("500") };
      const before = engine.records.syncCount();
      const received = { bucket: BUCKET, versions, via: VIA, state };
      expect(await segment.replication.apply(received)).toEqual(outcome(500));
      expect(engine.records.syncCount() - before).toBeLessThanOrEqual(4);
      expect(await segment.services.getState(name, "position")).toEqual(utf8("500"));
      expect(await segment.replication.apply(received)).toEqual(outcome(0, 500));
      const nothing = { ...received, versions: [], state: { ...state, value: utf8("501") } };
      expect(await segment.replication.apply(nothing)).toEqual(outcome(0));
      expect(await segment.services.getState(name, "position")).toEqual(utf8("501"));
      expect(await codeOf(apply(segment, [...versions, version("x")]))).toBe("LIMIT");
    });

    test("a version whose content is not here is refused, and nothing of the call is taken in", async () => {
      const segment = await withBucket(await testSegment());
      const id = contentId(utf8("not here"));
      const absent = {
        ...version("b"),
        sizeBytes: 8,
        content: { kind: "small" as const, id, lengthBytes: 8 },
      };
      const failure = await failureOf(apply(segment, [version("a"), absent]));
      expect(failure).toMatchObject({
        code: "CHUNK_MISSING",
        details: { object: "b", version: absent.uvid },
      });
      expect((await segment.replication.logHead(BUCKET)).position).toBe(0n);
      expect(await codeOf(apply(segment, [{ ...version("a"), sizeBytes: 7 }]))).toBe("RECORD_CORRUPT");
    });

    test("received clocks move ours, but not those from far in the future", async () => {
      const clock = new TestClock(START_MS);
      const engine = openMemoryEngine({ clock });
      const segment = await withBucket(await testSegment({ clock, engine: keptOpen(engine) }));
      const ahead = version("a", { clockMs: START_MS + 60_000 });
      await apply(segment, [ahead]);
      const above = await segment.objects.put(object("b"), utf8("x"));
      expect(above.uvid > ahead.uvid).toBe(true);
      const future = version("a", { clockMs: START_MS + CLOCK_AHEAD_TRUSTED_MS + 1, seen: [ahead] });
      await apply(segment, [future]);
      const still = await segment.objects.put(object("a"), utf8("y"));
      expect(still.uvid < future.uvid).toBe(true);
      expect((await segment.objects.show(object("a"))).uvid).toBe(still.uvid);
      await segment.close();
      clock.nowMs = START_MS - 86_400_000;
      const again = await testSegment({ clock, engine, seed: 2 });
      const next = await again.objects.put(object("c"), utf8("z"));
      expect(next.uvid > still.uvid && next.uvid > ahead.uvid).toBe(true);
    });
  });

  describe("the log", () => {
    test("names every version in order with what was there before, and is read by position", async () => {
      const segment = await withBucket(await testSegment());
      const one = await segment.objects.put(object("a"), utf8("1"));
      const two = await segment.objects.put(object("a"), utf8("22"));
      await segment.objects.delete(object("a"));
      await apply(segment, [version("z", { sizeBytes: 9 })]);
      const { replication } = segment;
      const entries = (await replication.readLog(BUCKET, 0n, 100)).flatMap((entry) =>
        entry.kind === "version" ? [entry] : [],
      );
      expect(
        entries.map(({ object: name, base, isDeleted, via }) => [name, base.kind, isDeleted, via]),
      ).toEqual([
        ["a", "none", false, undefined],
        ["a", "small", false, undefined],
        ["a", "small", true, undefined],
        ["z", "none", false, VIA],
      ]);
      expect(entries[2]?.base).toEqual(two.content);
      expect((await replication.readLog(BUCKET, 2n, 1)).map((entry) => entry.position)).toEqual([3n]);
      expect(await replication.readLog(BUCKET, 4n, 10)).toEqual([]);
      expect(await replication.readLog(BUCKET, 2n ** 60n, 10)).toEqual([]);
      expect(await replication.backlog(BUCKET, 1n, 100)).toMatchObject({ versions: 3, bytes: 11 });
      expect(await replication.backlog(BUCKET, 1n, 1)).toMatchObject({ versions: 3, bytes: 2 });
      expect(await replication.backlog(BUCKET, 4n, 1)).toEqual({
        versions: 0,
        bytes: 0,
        oldestLoggedMs: undefined,
      });
      const ids = entries.map(({ object: name, uvid }) => ({ object: name, uvid }));
      const kept = await replication.getVersions(BUCKET, [
        ...ids,
        { object: object("no").object, uvid: one.uvid },
      ]);
      expect(kept.map((found) => found?.uvid)).toEqual([
        undefined,
        undefined,
        ids[2]?.uvid,
        ids[3]?.uvid,
        undefined,
      ]);
    });

    test("tells watchers that it grew", async () => {
      const segment = await withBucket(await testSegment());
      let calls = 0;
      const end = segment.replication.watchLog(BUCKET, () => {
        calls += 1;
      });
      await segment.objects.put(object("a"), utf8("1"));
      await segment.objects.put(object("a"), utf8("2"));
      await expect.poll(() => calls).toBeGreaterThan(0);
      end();
    });

    test("a walk gives every kept version, all of a name on one page", async () => {
      const segment = await withBucket(await testSegment(), { versionsKept: 3 });
      for (const name of ["a", "b", "c"]) {
        for (let index = 0; index < 3; index += 1) await segment.objects.put(object(name), utf8(`${index}`));
      }
      const page = await segment.replication.walk(BUCKET, undefined, 4);
      expect(page.map((one) => [one.object, one.versions.map(({ generation }) => generation)])).toEqual([
        ["a", [3, 2, 1]],
        ["b", [3, 2, 1]],
      ]);
      const rest = await segment.replication.walk(BUCKET, page.at(-1)?.object, 4);
      expect(rest.map((one) => [one.object, one.versions.length])).toEqual([["c", 3]]);
      expect(await segment.replication.walk(BUCKET, rest.at(-1)?.object, 4)).toEqual([]);
    });

    test("served paths name their buckets", async () => {
      const segment = await withBucket(await testSegment());
      const { replication } = segment;
      const tenant = { cluster: BUCKET.cluster, tenant: BUCKET.tenant };
      expect((await replication.buckets(tenant)).map(({ path }) => path.bucket)).toEqual(["bk1"]);
      expect((await replication.buckets(BUCKET)).map(({ path }) => path.bucket)).toEqual(["bk1"]);
      expect(await replication.buckets({ ...BUCKET, bucket: object("x").object as never })).toEqual([]);
    });
  });

  describe("pieces", () => {
    const small = (text: string): ReceivedPiece => {
      const bytes = utf8(text);
      const stored = { codec: 0, keyId: 0, plainBytes: bytes.length, bytes };
      return { kind: "small", id: contentId(bytes), stored };
    };
    const chunk = (text: string): ReceivedPiece => {
      const bytes = utf8(text);
      return { kind: "chunk", id: contentId(bytes), stored: encodeChunk(bytes) };
    };
    const node = (...children: readonly ReceivedPiece[]): ReceivedPiece => {
      const bytes = encodeNode(
        children.map(({ kind, id, stored }) => ({
          kind: kind === "node" ? ("node" as const) : ("chunk" as const),
          id,
          skipBytes: 0,
          lengthBytes: stored.plainBytes,
        })),
      );
      const stored = { codec: 0, keyId: 0, plainBytes: bytes.length, bytes };
      return { kind: "node", id: nodeId(bytes), stored };
    };

    test("what was stored is there, verified and as it was sent", async () => {
      const { replication } = await withBucket(await testSegment());
      const pieces = [small("s"), chunk("aloha ".repeat(500)), chunk("second")];
      const all = [...pieces, node(...pieces.slice(1))];
      expect(await replication.missing(all)).toEqual([0, 1, 2, 3]);
      await replication.store(all);
      expect(await replication.missing(all)).toEqual([]);
      const read = await replication.read([...all, chunk("other")]);
      expect(read.map((stored) => stored?.plainBytes)).toEqual([
        1,
        3000,
        6,
        all[3]?.stored.plainBytes,
        undefined,
      ]);
      expect(Buffer.from(await replication.readPlain(all[1] ?? small(""))).toString()).toBe(
        "aloha ".repeat(500),
      );
      const references = await replication.readNode((all[3] ?? small("")).id);
      expect(references.map((reference) => reference.lengthBytes)).toEqual([3000, 6]);
      const root = { kind: "node" as const, id: (all[3] ?? small("")).id, skipBytes: 0, lengthBytes: 3006 };
      expect(Buffer.from(await replication.readRange(root, 2998, 8)).toString()).toBe("a second");
      expect(await codeOf(replication.readRange(root, 3000, 8))).toBe("BAD_VALUE");
      expect(await codeOf(replication.readPlain(chunk("other")))).toBe("CHUNK_MISSING");
    });

    test("a piece that is not what its id says is refused, and nothing of the call is stored", async () => {
      const { replication } = await withBucket(await testSegment());
      const good = chunk("good");
      const lies: ReceivedPiece[] = [
        { ...chunk("x"), id: good.id },
        { ...small("x"), id: contentId(utf8("y")) },
        { ...chunk("x"), stored: { codec: 1, keyId: 0, plainBytes: 1, bytes: utf8("not brotli") } },
        { ...chunk("x"), stored: { codec: 99, keyId: 0, plainBytes: 1, bytes: utf8("x") } },
        { ...chunk("x"), stored: { codec: 0, keyId: 0, plainBytes: 2 ** 40, bytes: utf8("x") } },
        { ...small("x".repeat(1025)), kind: "small" },
        { ...node(good), kind: "chunk" },
        { ...chunk("x"), kind: "node" },
      ];
      for (const lie of lies) expect(await codeOf(replication.store([good, lie]))).toBe("HASH_MISMATCH");
      expect(await replication.missing([good])).toEqual([0]);
    });

    test("a node whose children are not here is refused", async () => {
      const { replication } = await withBucket(await testSegment());
      const [one, two] = [chunk("one"), chunk("two")];
      const parent = node(one, two);
      expect(await codeOf(replication.store([one, parent]))).toBe("CHUNK_MISSING");
      expect(await codeOf(replication.store([parent, one, two]))).toBe("CHUNK_MISSING");
      await replication.store([one, two]);
      await replication.store([parent]);
      expect(await codeOf(replication.store([node(parent, node(node(two)))]))).toBe("CHUNK_MISSING");
    });

    test("a reference past the end of what it names is refused, in nodes and in versions", async () => {
      const { replication } = await withBucket(await testSegment());
      const one = chunk("one");
      const over = [{ kind: "chunk" as const, id: one.id, skipBytes: 1, lengthBytes: 3 }];
      const bytes = encodeNode([...over, ...over]);
      const stored = { codec: 0, keyId: 0, plainBytes: bytes.length, bytes };
      const wrong: ReceivedPiece = { kind: "node", id: nodeId(bytes), stored };
      expect(await codeOf(replication.store([one, wrong]))).toBe("HASH_MISMATCH");
      await replication.store([one]);
      expect(await codeOf(replication.store([wrong]))).toBe("HASH_MISMATCH");
      const right = node(one, one);
      await replication.store([right]);
      const longer = { kind: "node" as const, id: right.id, skipBytes: 0, lengthBytes: 7 };
      const taken = { ...longer, lengthBytes: 6 };
      const apply = (content: typeof longer) => {
        const versions = [{ ...version("a"), sizeBytes: content.lengthBytes, content }];
        return replication.apply({ bucket: BUCKET, versions, via: VIA });
      };
      expect(await codeOf(apply(longer))).toBe("HASH_MISMATCH");
      expect((await apply(taken)).applied).toBe(1);
    });

    test("a version comes with its content and reads the same at the far side", async () => {
      const near = await withBucket(await testSegment({ seed: 1 }));
      const far = await withBucket(await testSegment({ seed: 2 }));
      const written = await near.objects.put(object("a"), utf8("across"));
      if (written.content.kind !== "small") throw new Error("not small");
      const piece = { kind: "small" as const, id: written.content.id };
      const [stored] = await near.replication.read([piece]);
      if (stored === undefined) throw new Error("not stored");
      await far.replication.store([{ ...piece, stored }]);
      await far.replication.apply({ bucket: BUCKET, versions: [written], via: near.id });
      expect(await far.objects.show(object("a"))).toEqual(written);
      expect(await textOf(far, object("a"))).toBe("across");
    });
  });
});
