/** Versioning as S3 has it: enabled, suspended, delete markers, removal of one version; lists; quotas; options and configurations. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { openMemoryEngine } from "../../src/engine/memory/memory-engine.ts";
import { parseObjectName } from "../../src/model/names.ts";
import type { BucketOptions, Versioning } from "../../src/model/namespace.ts";
import type { Version } from "../../src/model/version.ts";
import type { VersionRef } from "../../src/segment/objects.ts";
import type { Segment } from "../../src/segment/segment.ts";
import { brokenInvariants } from "./invariants.ts";
import { wrongRecords } from "./object-records.ts";
import {
  BUCKET,
  codeOf,
  failureOf,
  keptOpen,
  object,
  onEachEngine,
  openEngine,
  rounds,
  TestClock,
  testSegment,
  textOf,
  versionsIn,
  withBucket,
} from "./support.ts";

const NAMES = ["a", "a/b", "b"].map(parseObjectName);

type Step =
  | { readonly kind: "put"; readonly name: number; readonly isAnnotated: boolean }
  | { readonly kind: "delete"; readonly name: number }
  | { readonly kind: "expunge"; readonly name: number; readonly pick: number; readonly by: number }
  | { readonly kind: "versioning"; readonly to: Versioning }
  | { readonly kind: "reopen" };

const nameIndex = fc.integer({ min: 0, max: NAMES.length - 1 });
const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant("put" as const),
        name: nameIndex,
        isAnnotated: fc.boolean(),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("delete" as const), name: nameIndex }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("expunge" as const),
        name: nameIndex,
        pick: fc.nat({ max: 20 }),
        by: fc.nat({ max: 2 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("versioning" as const),
        to: fc.constantFrom("enabled" as const, "suspended" as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("reopen" as const) }) },
  ),
  { minLength: 1, maxLength: 30 },
);

interface Kept {
  readonly version: Version;
  readonly text: string;
  isGone: boolean;
}

/** Versions of each name, latest first; a removed one keeps its place. */
class Model {
  readonly kept = new Map<string, Kept[]>(NAMES.map((name) => [name, []]));
  readonly #nullsKept: number;

  constructor(nullsKept: number) {
    this.#nullsKept = nullsKept;
  }

  add(version: Version, text: string): void {
    const all = [{ version, text, isGone: false }, ...(this.kept.get(version.object) ?? [])];
    let nulls = 0;
    this.kept.set(
      version.object,
      all.filter((one) => !one.version.isNull || ++nulls <= this.#nullsKept),
    );
  }

  versions(name: string): readonly Kept[] {
    return (this.kept.get(name) ?? []).filter((one) => !one.isGone);
  }

  get all(): readonly Kept[] {
    return NAMES.flatMap((name) => this.versions(name));
  }
}

async function play(segment: Segment, model: Model, step: Exclude<Step, { kind: "reopen" }>): Promise<void> {
  if (step.kind === "versioning") {
    await segment.namespace.updateBucket(BUCKET, { versioning: step.to });
    return;
  }
  const name = NAMES[step.name] ?? NAMES[0];
  if (name === undefined) return;
  const path = object(name);
  if (step.kind === "put") {
    const text = `${name} ${model.all.length}`;
    const annotations = step.isAnnotated ? { tags: { is: "tagged" } } : undefined;
    model.add(await segment.objects.put(path, utf8(text), { annotations }), text);
  } else if (step.kind === "delete") {
    const { versioning } = (await segment.namespace.showBucket(BUCKET)).options;
    const isThere = model.versions(name)[0]?.version.isDeleted === false;
    const deleting = segment.objects.delete(path, { isMarkerForced: true });
    if (versioning === "off" && !isThere) expect(await codeOf(deleting)).toBe("OBJECT_NOT_FOUND");
    else model.add(await deleting, "");
  } else {
    const there = model.versions(name);
    const one = there[step.pick % Math.max(1, there.length)];
    if (one === undefined) return;
    const { uvid, generation, isNull } = one.version;
    const ref: VersionRef = step.by === 0 ? { uvid } : { uvid, generation };
    const null0 = there.find((other) => other.version.isNull);
    const byNull = step.by === 2 && isNull ? null0 : undefined;
    const removed = await segment.objects.expunge(path, byNull === undefined ? ref : { uvid: "null" });
    const gone = byNull ?? one;
    expect(removed.uvid).toBe(gone.version.uvid);
    gone.isGone = true;
    expect(await codeOf(segment.objects.expunge(path, { uvid: removed.uvid }))).toBe("VERSION_NOT_FOUND");
  }
}

async function compare(segment: Segment, model: Model, limit: number): Promise<void> {
  const listed: string[] = [];
  let place: { after?: string; afterVersion?: VersionRef | undefined } = {};
  for (;;) {
    const page = await segment.objects.listVersions(BUCKET, { ...place, limit });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    for (const { uvid, isLatest } of versionsIn(page)) listed.push(`${uvid} ${isLatest}`);
    if (page.next === undefined) break;
    place = page.next;
  }
  const expected = NAMES.flatMap((name) =>
    model.versions(name).map(({ version }, index) => `${version.uvid} ${index === 0}`),
  );
  expect(listed).toEqual(expected);
  const live = NAMES.filter((name) => model.versions(name)[0]?.version.isDeleted === false);
  const { items } = await segment.objects.list(BUCKET);
  expect(items.map((item) => (item.kind === "object" ? item.version.object : ""))).toEqual(live);
  for (const name of NAMES) {
    const isNull = model.versions(name).find(({ version }) => version.isNull);
    const showing = segment.objects.show(object(name), { uvid: "null" });
    if (isNull === undefined) expect(await codeOf(showing)).toBe("VERSION_NOT_FOUND");
    else expect((await showing).uvid).toBe(isNull.version.uvid);
  }
  for (const { version, text } of model.all) {
    const path = object(version.object);
    expect(await segment.objects.show(path, version)).toEqual(version);
    if (version.isDeleted) continue;
    const { body } = await segment.objects.get(path, { version: { uvid: version.uvid } });
    for await (const piece of body) expect(Buffer.from(piece).toString()).toBe(text);
  }
}

onEachEngine(() => {
  describe("versioning", () => {
    test("a random history of puts, deletes and removals keeps just what S3 would", async () => {
      await fc.assert(
        fc.asyncProperty(
          steps,
          fc.integer({ min: 1, max: 3 }),
          fc.integer({ min: 1, max: 4 }),
          fc.boolean(),
          async (history, versionsKept, limit, isOff) => {
            const clock = new TestClock();
            const engine = await openEngine(clock);
            const versioning: Versioning = isOff ? "off" : "enabled";
            let segment = await testSegment({ clock, engine: keptOpen(engine) });
            await withBucket(segment, { versionsKept, versioning });
            const model = new Model(versionsKept);
            for (const step of history) {
              if (step.kind === "reopen") {
                await segment.close();
                segment = await testSegment({ clock, engine: keptOpen(engine), seed: 2 });
              } else {
                await play(segment, model, step);
              }
              clock.advance(1);
              expect(await wrongRecords(segment, engine, NAMES)).toEqual([]);
            }
            await compare(segment, model, limit);
            expect(await brokenInvariants(segment, engine, BUCKET)).toEqual([]);
            await segment.close();
          },
        ),
        { numRuns: rounds(120, 4), seed: 20261122 },
      );
    });

    test("a suspended bucket replaces its null version and leaves the others", async () => {
      const segment = await withBucket(await testSegment(), { versioning: "enabled" });
      const { objects, namespace } = segment;
      const one = await objects.put(object("a"), utf8("one"));
      await namespace.updateBucket(BUCKET, { versioning: "suspended" });
      await objects.put(object("a"), utf8("two"));
      const three = await objects.put(object("a"), utf8("three"));
      expect([one.isNull, three.isNull]).toEqual([false, true]);
      const items = versionsIn(await objects.listVersions(BUCKET));
      expect(items.map(({ uvid }) => uvid)).toEqual([three.uvid, one.uvid]);
      const marker = await objects.delete(object("a"), { isMarkerForced: true });
      expect([marker.isNull, marker.isDeleted]).toEqual([true, true]);
      expect(await codeOf(objects.get(object("a")))).toBe("OBJECT_NOT_FOUND");
      await objects.expunge(object("a"), { uvid: "null" });
      expect(await textOf(segment, object("a"))).toBe("one");
      expect(await codeOf(namespace.updateBucket(BUCKET, { versioning: "off" }))).toBe("CONFLICT");
    });

    test("removing a delete marker brings the object back, in counters and lists too", async () => {
      const segment = await withBucket(await testSegment(), { versioning: "enabled" });
      const put = await segment.objects.put(object("a"), utf8("12345"));
      const marker = await segment.objects.delete(object("a"));
      expect(await segment.namespace.showBucket(BUCKET)).toMatchObject({ objectCount: 0, sizeBytes: 0 });
      expect(await codeOf(segment.namespace.deleteBucket(BUCKET))).toBe("NOT_EMPTY");
      await segment.objects.expunge(object("a"), marker);
      expect(await segment.namespace.showBucket(BUCKET)).toMatchObject({ objectCount: 1, sizeBytes: 5 });
      expect((await segment.objects.list(BUCKET)).items.length).toBe(1);
      await segment.objects.expunge(object("a"), put);
      expect((await segment.objects.listVersions(BUCKET)).items).toEqual([]);
      expect(await codeOf(segment.objects.show(object("a"), put))).toBe("VERSION_NOT_FOUND");
      const again = await segment.objects.put(object("a"), utf8("again"));
      expect(again.generation).toBe(3);
      await segment.objects.expunge(object("a"), again);
      await segment.namespace.deleteBucket(BUCKET);
    });

    test("a name with thousands of versions is listed in bounded pages, with prefixes rolled up", async () => {
      const segment = await withBucket(await testSegment(), { versioning: "enabled" });
      const count = rounds(2_500, 120);
      for (let index = 0; index < count; index += 50) {
        const puts = Array.from({ length: 50 }, () => segment.objects.put(object("dir/many"), utf8("x")));
        await Promise.all(puts);
      }
      await segment.objects.put(object("dir2/x"), utf8("x"));
      await segment.objects.delete(object("dir2/x"));
      await segment.objects.put(object("z"), utf8("x"));
      const seen = new Set<string>();
      let place: { after?: string; afterVersion?: VersionRef | undefined } = {};
      for (let pages = 0; ; pages += 1) {
        const page = await segment.objects.listVersions(BUCKET, { ...place, limit: 1000 });
        for (const { uvid } of versionsIn(page)) seen.add(uvid);
        if (page.next === undefined) break;
        expect(page.items.length).toBe(1000);
        // As S3's markers say it: without a generation.
        const { after, afterVersion } = page.next;
        place = { after, afterVersion: afterVersion && { uvid: afterVersion.uvid } };
        expect(pages).toBeLessThan(10);
      }
      expect(seen.size).toBe(Math.ceil(count / 50) * 50 + 3);
      const rolled = await segment.objects.listVersions(BUCKET, { delimiter: "/" });
      expect(
        rolled.items.map((item) => (item.kind === "prefix" ? item.prefix : item.version.object)),
      ).toEqual(["dir/", "dir2/", "z"]);
      const behind = await segment.objects.listVersions(BUCKET, { delimiter: "/", after: "dir/", limit: 1 });
      expect(behind.items).toEqual([{ kind: "prefix", prefix: "dir2/" }]);
      expect(behind.next).toEqual({ after: "dir2/", afterVersion: undefined });
    });
  });

  describe("a put", () => {
    test("keeps headers, digests and annotations, and a copy has them unless others are given", async () => {
      const segment = await withBucket(await testSegment());
      const digest = { md5: new Uint8Array(16).fill(7), checksum: undefined, parts: [] };
      const order: string[] = [];
      const headers = { "content-language": "haw", "cache-control": "no-store" };
      const put = await segment.objects.put(object("a"), utf8("x"), {
        headers,
        digest: () => {
          order.push("digest");
          return digest;
        },
        allow: () => order.push("allow"),
        annotations: { tags: { a: "1" } },
      });
      expect(put).toMatchObject({ headers, digest });
      expect(Object.keys(put.headers)).toEqual(["cache-control", "content-language"]);
      expect(order).toEqual(["digest", "allow"]);
      expect((await segment.annotations.show(object("a"))).annotations.tags).toEqual({ a: "1" });
      const copy = await segment.objects.copy(object("a"), object("b"));
      expect(copy).toMatchObject({ headers, digest });
      const other = await segment.objects.copy(object("a"), object("c"), { headers: {} });
      expect(other).toMatchObject({ headers: {}, digest });
      const refused = segment.objects.put(object("a"), utf8("y"), { headers: { "x-other": "1" } });
      expect(await codeOf(refused)).toBe("BAD_VALUE");
    });

    test("that its digest or a condition refuses changes nothing", async () => {
      const segment = await withBucket(await testSegment());
      const { objects } = segment;
      const no = () => {
        throw new Error("no");
      };
      await expect(objects.put(object("a"), utf8("x"), { digest: no })).rejects.toThrow("no");
      await expect(objects.put(object("a"), utf8("x"), { allow: no })).rejects.toThrow("no");
      await expect(objects.copy(object("a"), object("b"))).rejects.toMatchObject({
        code: "OBJECT_NOT_FOUND",
      });
      await objects.put(object("a"), utf8("x"));
      await expect(objects.copy(object("a"), object("b"), { allowFrom: no })).rejects.toThrow("no");
      await expect(objects.delete(object("a"), { allow: no })).rejects.toThrow("no");
      const version = await objects.show(object("a"));
      await expect(objects.expunge(object("a"), version, { allow: no })).rejects.toThrow("no");
      expect(versionsIn(await objects.listVersions(BUCKET)).length).toBe(1);
    });
  });

  describe("the quota of a bucket", () => {
    test("binds objects and bytes exactly, however many puts race", async () => {
      const options: Partial<BucketOptions> = { quotaObjects: 10, quotaBytes: 1000 };
      const segment = await withBucket(await testSegment(), options);
      const puts = Array.from({ length: 30 }, (_, index) =>
        segment.objects.put(object(`o${index}`), new Uint8Array(10)).then(
          () => "put",
          (thrown) => thrown.code,
        ),
      );
      const outcomes = await Promise.all(puts);
      expect(outcomes.filter((outcome) => outcome === "put").length).toBe(10);
      expect(outcomes.filter((outcome) => outcome === "QUOTA").length).toBe(20);
      expect(await segment.namespace.showBucket(BUCKET)).toMatchObject({ objectCount: 10, sizeBytes: 100 });
      const there = object(
        (await segment.objects.list(BUCKET)).items.flatMap((item) =>
          item.kind === "object" ? [item.version.object] : [],
        )[0] ?? "",
      );
      await segment.objects.put(there, new Uint8Array(910));
      expect(await codeOf(segment.objects.put(there, new Uint8Array(911)))).toBe("QUOTA");
      expect(await codeOf(segment.objects.put(object("new"), new Uint8Array(0)))).toBe("QUOTA");
      await segment.objects.put(there, new Uint8Array(0));
      await segment.objects.delete(there);
      await segment.objects.put(object("new"), new Uint8Array(900));
      const failure = await failureOf(segment.objects.copy(object("new"), there));
      expect([failure.code, failure.kind]).toEqual(["QUOTA", "limit"]);
      await segment.namespace.updateBucket(BUCKET, { quotaBytes: undefined, quotaObjects: undefined });
      await segment.objects.put(there, new Uint8Array(5000));
    });

    test("refuses a body of a known size before taking it", async () => {
      const segment = await withBucket(await testSegment(), { quotaBytes: 100 });
      let isTaken = false;
      const body = (async function* () {
        isTaken = true;
        yield new Uint8Array(2000);
      })();
      expect(await codeOf(segment.objects.put(object("a"), body, { sizeBytes: 2000 }))).toBe("QUOTA");
      expect(isTaken).toBe(false);
    });

    test("binds versions that come through a link", async () => {
      const near = await withBucket(await testSegment({ seed: 1 }));
      const far = await withBucket(await testSegment({ seed: 2 }), { quotaObjects: 1 });
      const versions = [
        await near.objects.put(object("a"), new Uint8Array(0)),
        await near.objects.put(object("b"), new Uint8Array(0)),
      ];
      const apply = (some: readonly Version[]) =>
        far.replication.apply({ bucket: BUCKET, versions: some, via: near.id });
      expect(await codeOf(apply(versions))).toBe("QUOTA");
      await apply(versions.slice(0, 1));
      expect(await codeOf(apply(versions))).toBe("QUOTA");
      expect(await far.namespace.showBucket(BUCKET)).toMatchObject({ objectCount: 1 });
    });
  });

  describe("options and configurations of a bucket", () => {
    test("change under writers, and what cannot be taken back stays", async () => {
      const segment = await withBucket(await testSegment());
      const { namespace, objects } = segment;
      const puts = Array.from({ length: 20 }, (_, index) => objects.put(object(`${index}`), utf8("x")));
      const lock = { default: { mode: "governance" as const, days: 1 } };
      expect(await codeOf(namespace.updateBucket(BUCKET, { lock }))).toBe("CONFLICT");
      await namespace.updateBucket(BUCKET, { lock, versioning: "enabled" });
      await Promise.all(puts);
      expect(await codeOf(namespace.updateBucket(BUCKET, { versioning: "suspended" }))).toBe("CONFLICT");
      expect(await codeOf(namespace.updateBucket(BUCKET, { lock: undefined }))).toBe("CONFLICT");
      expect(await codeOf(namespace.updateBucket(BUCKET, { versionsKept: 0 }))).toBe("BAD_VALUE");
      const updated = await namespace.updateBucket(BUCKET, { quotaObjects: 100, custom: { "X-a": "b" } });
      expect(updated.options).toMatchObject({ lock, versioning: "enabled", quotaObjects: 100 });
      expect((await namespace.showBucket(BUCKET)).options).toEqual(updated.options);
      const locked = await objects.put(object("locked"), utf8("x"));
      expect(await codeOf(objects.expunge(object("locked"), locked))).toBe("LOCKED");
      await objects.expunge(object("locked"), locked, { isGovernanceBypassed: true });
    });

    test("a configuration is kept, replaced, removed, and goes with its bucket", async () => {
      const clock = new TestClock();
      const engine = await openEngine(clock);
      let segment = await withBucket(await testSegment({ clock, engine: keptOpen(engine) }));
      expect(await segment.namespace.getConfig(BUCKET, "policy")).toBe(undefined);
      await segment.namespace.putConfig(BUCKET, "policy", "{}");
      await segment.namespace.putConfig(BUCKET, "cors", "<x/>");
      await segment.namespace.putConfig(BUCKET, "policy", "{1}");
      expect(await segment.namespace.getConfig(BUCKET, "policy")).toBe("{1}");
      expect(await codeOf(segment.namespace.putConfig(BUCKET, "acl", "x".repeat(65_537)))).toBe("LIMIT");
      await segment.close();
      segment = await testSegment({ clock, engine: keptOpen(engine), seed: 2 });
      expect(await segment.namespace.getConfig(BUCKET, "policy")).toBe("{1}");
      await segment.namespace.putConfig(BUCKET, "policy", undefined);
      expect(await segment.namespace.getConfig(BUCKET, "policy")).toBe(undefined);
      await segment.namespace.deleteBucket(BUCKET);
      expect(await codeOf(segment.namespace.getConfig(BUCKET, "cors"))).toBe("BUCKET_NOT_FOUND");
      await withBucket(segment);
      expect(await segment.namespace.getConfig(BUCKET, "cors")).toBe(undefined);
      await segment.close();
    });
  });
});

describe("a racing reader", () => {
  test("of the list of versions sees each version once at most", async () => {
    const clock = new TestClock();
    const segment = await withBucket(await testSegment({ clock, engine: openMemoryEngine({ clock }) }), {
      versioning: "enabled",
    });
    for (let index = 0; index < 20; index += 1) {
      const listing = segment.objects.listVersions(BUCKET);
      const put = segment.objects.put(object("a"), utf8(`${index}`));
      const items = versionsIn(await listing);
      expect(new Set(items.map(({ uvid }) => uvid)).size).toBe(items.length);
      await put;
    }
  });
});
