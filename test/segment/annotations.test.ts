/** Tags, ACL, legal hold and retention of versions: what is taken, what is refused, and that it lasts. */
import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { openMemoryEngine } from "../../src/engine/memory/memory-engine.ts";
import { NO_ANNOTATIONS } from "../../src/model/annotation.ts";
import {
  BUCKET,
  codeOf,
  keptOpen,
  object,
  onEachEngine,
  TestClock,
  testSegment,
  withBucket,
} from "./support.ts";

const PHOTO = object("photo");
const DAY_MS = 86_400_000;
const LOCKED = { versioning: "enabled", lock: { default: undefined } } as const;

onEachEngine(() => {
  describe("annotations", () => {
    test("of a version that has none are empty and private", async () => {
      const segment = await withBucket(await testSegment());
      const version = await segment.objects.put(PHOTO, utf8("1"));
      expect(await segment.annotations.show(PHOTO)).toEqual({ version, annotations: NO_ANNOTATIONS });
    });

    test("change field by field, of the latest version or the one asked, and make no version", async () => {
      const segment = await withBucket(await testSegment(), { versioning: "enabled" });
      const first = await segment.objects.put(PHOTO, utf8("1"));
      const second = await segment.objects.put(PHOTO, utf8("2"));
      await segment.annotations.annotate(PHOTO, undefined, { tags: { island: "Hawaii" } });
      await segment.annotations.annotate(PHOTO, { uvid: first.uvid }, { acl: "public-read" });
      const done = await segment.annotations.annotate(PHOTO, undefined, { acl: "authenticated-read" });
      expect(done).toEqual({
        version: second,
        annotations: { ...NO_ANNOTATIONS, tags: { island: "Hawaii" }, acl: "authenticated-read" },
      });
      expect(await segment.annotations.showMany(BUCKET, [first, second])).toEqual([
        { ...NO_ANNOTATIONS, acl: "public-read" },
        done.annotations,
      ]);
      await segment.annotations.annotate(PHOTO, undefined, { tags: {} });
      expect((await segment.annotations.show(PHOTO)).annotations.tags).toEqual({});
      expect((await segment.objects.listVersions(BUCKET)).items).toHaveLength(2);
    });

    test("are there after a restart and are logged once each", async () => {
      const clock = new TestClock();
      const engine = keptOpen(openMemoryEngine({ clock }));
      const first = await withBucket(await testSegment({ clock, engine }));
      const version = await first.objects.put(PHOTO, utf8("1"));
      await first.annotations.annotate(PHOTO, undefined, { tags: { a: "1" } });
      await first.close();
      const second = await testSegment({ clock, engine, seed: 2 });
      expect((await second.annotations.show(PHOTO)).annotations.tags).toEqual({ a: "1" });
      const log = await second.replication.readLog(BUCKET, 0n, 10);
      expect(log).toMatchObject([
        { kind: "version", uvid: version.uvid },
        { kind: "annotation", uvid: version.uvid, generation: 1, object: "photo", via: undefined },
      ]);
    });

    test("that change at the same time are all there in the end", async () => {
      const segment = await withBucket(await testSegment(), LOCKED);
      await segment.objects.put(PHOTO, utf8("1"));
      const { annotations } = segment;
      await Promise.all([
        annotations.annotate(PHOTO, undefined, { tags: { a: "1" } }),
        annotations.annotate(PHOTO, undefined, { acl: "public-read" }),
        annotations.annotate(PHOTO, undefined, { hold: true }),
        segment.objects.put(object("other"), utf8("2")),
      ]);
      const shown = (await annotations.show(PHOTO)).annotations;
      expect(shown).toEqual({ tags: { a: "1" }, acl: "public-read", hold: true, retention: undefined });
    });

    test("of what is not there, or of a delete, are refused", async () => {
      const segment = await withBucket(await testSegment(), { versioning: "enabled" });
      const { annotations, objects } = segment;
      const change = { tags: {} };
      expect(await codeOf(annotations.annotate(PHOTO, undefined, change))).toBe("OBJECT_NOT_FOUND");
      const version = await objects.put(PHOTO, utf8("1"));
      const marker = await objects.delete(PHOTO);
      expect(await codeOf(annotations.annotate(PHOTO, undefined, change))).toBe("OBJECT_NOT_FOUND");
      expect(await codeOf(annotations.annotate(PHOTO, { uvid: marker.uvid }, change))).toBe("BAD_VALUE");
      expect(await codeOf(annotations.annotate(PHOTO, { uvid: "null" }, change))).toBe("VERSION_NOT_FOUND");
      await annotations.annotate(PHOTO, { uvid: version.uvid }, change);
      const elsewhere = { ...BUCKET, bucket: "none", object: PHOTO.object } as never;
      expect(await codeOf(annotations.annotate(elsewhere, undefined, change))).toBe("BUCKET_NOT_FOUND");
    });

    test("over the limits, or that are not what they say, are refused and change nothing", async () => {
      const segment = await withBucket(await testSegment(), LOCKED);
      await segment.objects.put(PHOTO, utf8("1"));
      const change = (given: object) => codeOf(segment.annotations.annotate(PHOTO, undefined, given));
      const tags = (count: number) =>
        Object.fromEntries(Array.from({ length: count }, (_, at) => [`t${at}`, ""]));
      expect(await change({ tags: tags(11) })).toBe("LIMIT");
      expect(await change({ tags: { "": "1" } })).toBe("BAD_VALUE");
      expect(await change({ tags: { ["k".repeat(129)]: "1" } })).toBe("BAD_VALUE");
      expect(await change({ tags: { k: "v".repeat(257) } })).toBe("BAD_VALUE");
      expect(await change({ tags: { k: "\ud800" } })).toBe("BAD_VALUE");
      expect(await change({ acl: "public-read-write" })).toBe("BAD_VALUE");
      expect(await change({ retention: { mode: "eternal", untilMs: 4e12 } })).toBe("BAD_VALUE");
      expect(await change({ retention: { mode: "governance", untilMs: 1 } })).toBe("BAD_VALUE");
      expect(await change({ retention: { mode: "governance", untilMs: Number.NaN } })).toBe("BAD_VALUE");
      expect(await change({ retention: { mode: "governance", untilMs: 8e15 } })).toBe("BAD_VALUE");
      expect((await segment.annotations.show(PHOTO)).annotations).toEqual(NO_ANNOTATIONS);
      const most = { ...tags(9), ["字".repeat(128)]: "字".repeat(256) };
      await segment.annotations.annotate(PHOTO, undefined, { tags: most });
      expect((await segment.annotations.show(PHOTO)).annotations.tags).toEqual(most);
    });
  });

  describe("retention and legal hold", () => {
    test("need a bucket with lock", async () => {
      const segment = await withBucket(await testSegment(), { versioning: "enabled" });
      await segment.objects.put(PHOTO, utf8("1"));
      expect(await codeOf(segment.annotations.annotate(PHOTO, undefined, { hold: true }))).toBe("CONFLICT");
      expect(await codeOf(segment.annotations.annotate(PHOTO, undefined, { retention: null }))).toBe(
        "CONFLICT",
      );
    });

    test("of governance may be extended by all, shortened or removed only by who may bypass it", async () => {
      const clock = new TestClock();
      const segment = await withBucket(await testSegment({ clock }), LOCKED);
      await segment.objects.put(PHOTO, utf8("1"));
      const until = (days: number) => ({ mode: "governance", untilMs: clock.nowMs + days * DAY_MS }) as const;
      const retain = (retention: ReturnType<typeof until> | null, isGovernanceBypassed = false) =>
        segment.annotations.annotate(PHOTO, undefined, { retention }, { isGovernanceBypassed });
      await retain(until(10));
      await retain(until(20));
      expect(await codeOf(retain(until(19)))).toBe("LOCKED");
      expect(await codeOf(retain(null))).toBe("LOCKED");
      expect((await retain(until(5), true)).annotations.retention).toEqual(until(5));
      expect((await retain(null, true)).annotations.retention).toBeUndefined();
    });

    test("of compliance may be extended, and nothing else by anybody until it ends", async () => {
      const clock = new TestClock();
      const segment = await withBucket(await testSegment({ clock }), LOCKED);
      await segment.objects.put(PHOTO, utf8("1"));
      const startMs = clock.nowMs;
      const until = (days: number, mode: "governance" | "compliance" = "compliance") =>
        ({ mode, untilMs: startMs + days * DAY_MS }) as const;
      const retain = (retention: ReturnType<typeof until> | null) =>
        segment.annotations.annotate(PHOTO, undefined, { retention }, { isGovernanceBypassed: true });
      await retain(until(10));
      await retain(until(11));
      expect(await codeOf(retain(until(10)))).toBe("LOCKED");
      expect(await codeOf(retain(until(100, "governance")))).toBe("LOCKED");
      expect(await codeOf(retain(null))).toBe("LOCKED");
      clock.advance(11 * DAY_MS);
      expect((await retain(null)).annotations.retention).toBeUndefined();
    });
  });
});
