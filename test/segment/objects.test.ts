/** Objects on a segment: put, get, list, versions, delete, copy, as a gateway sees them. */

import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { openMemoryEngine } from "../../src/engine/memory/memory-engine.ts";
import type { Uvid } from "../../src/model/uvid.ts";
import {
  BUCKET,
  bytesOf,
  codeOf,
  failureOf,
  keptOpen,
  object,
  onEachEngine,
  streamOf,
  TestClock,
  testSegment,
  textOf,
  versionsIn,
  withBucket,
} from "./support.ts";

onEachEngine(() => {
  describe("small objects", () => {
    test("what was put comes back, with its metadata", async () => {
      const segment = await withBucket(await testSegment());
      const put = await segment.objects.put(object("a/b"), utf8("aloha"), {
        contentType: "text/plain",
        metadata: { mtime: "12", "1": "x", mode: "644" },
      });
      expect(put).toMatchObject({ object: "a/b", generation: 1, sizeBytes: 5, isDeleted: false, known: [] });
      const content = await segment.objects.get(object("a/b"));
      expect(content.version).toEqual(put);
      expect(content.version.metadata).toEqual({ mtime: "12", "1": "x", mode: "644" });
      expect(Buffer.from(await bytesOf(content)).toString()).toBe("aloha");
    });

    test("an empty object has no content and comes back empty", async () => {
      const segment = await withBucket(await testSegment());
      const put = await segment.objects.put(object("empty"), new Uint8Array(0));
      expect(put.content).toEqual({ kind: "none" });
      expect(await bytesOf(await segment.objects.get(object("empty")))).toEqual(new Uint8Array(0));
    });

    test("a body that is changed after the put returns does not change the object", async () => {
      const segment = await withBucket(await testSegment());
      const body = utf8("before");
      const done = segment.objects.put(object("a"), body);
      body.fill(0);
      await done;
      const text = await textOf(segment, object("a"));
      expect(["before", "\0\0\0\0\0\0"]).toContain(text);
    });

    test("an overwrite raises the generation and knows what it replaced", async () => {
      const segment = await withBucket(await testSegment());
      const one = await segment.objects.put(object("a"), utf8("1"));
      const two = await segment.objects.put(object("a"), utf8("22"));
      expect(two.generation).toBe(2);
      expect(two.uvid > one.uvid).toBe(true);
      expect(two.known).toEqual([{ segment: segment.id, uvid: one.uvid }]);
      expect(await textOf(segment, object("a"))).toBe("22");
      expect(await codeOf(segment.objects.get(object("a"), { version: { uvid: one.uvid } }))).toBe(
        "VERSION_NOT_FOUND",
      );
    });

    test("many writers of one object all succeed, one generation after the other", async () => {
      const segment = await withBucket(await testSegment(), { versionsKept: 100 });
      const versions = await Promise.all(
        Array.from({ length: 40 }, (_, index) => segment.objects.put(object("a"), utf8(`v${index}`))),
      );
      const generations = versions.map((version) => version.generation).sort((left, right) => left - right);
      expect(generations).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
      const listed = versionsIn(await segment.objects.listVersions(BUCKET));
      expect(listed.map((version) => version.generation)).toEqual([...generations].reverse());
      expect(listed.map((version) => version.isLatest)).toEqual(listed.map((_, index) => index === 0));
    });

    test("as many versions as the bucket keeps can be had, the others are gone", async () => {
      const segment = await withBucket(await testSegment(), { versionsKept: 3 });
      const uvids: Uvid[] = [];
      for (let index = 0; index < 6; index += 1) {
        uvids.push((await segment.objects.put(object("a"), utf8(`v${index}`))).uvid);
      }
      const items = versionsIn(await segment.objects.listVersions(BUCKET));
      expect(items.map((version) => version.uvid)).toEqual([uvids[5], uvids[4], uvids[3]]);
      const older = await segment.objects.get(object("a"), { version: { uvid: uvids[3] as Uvid } });
      expect(Buffer.from(await bytesOf(older)).toString()).toBe("v3");
      expect(await codeOf(segment.objects.show(object("a"), { uvid: uvids[2] as Uvid }))).toBe(
        "VERSION_NOT_FOUND",
      );
    });
  });

  describe("bodies that come in pieces", () => {
    test("a body of the promised length is taken, a shorter or longer one is refused and changes nothing", async () => {
      const segment = await withBucket(await testSegment());
      await segment.objects.put(object("a"), streamOf(utf8("he"), utf8("llo")), { sizeBytes: 5 });
      const short = segment.objects.put(object("a"), streamOf(utf8("he")), { sizeBytes: 5 });
      expect(await codeOf(short)).toBe("TRUNCATED");
      const long = segment.objects.put(object("a"), streamOf(utf8("hello!")), { sizeBytes: 5 });
      expect(await codeOf(long)).toBe("TOO_LARGE");
      expect(await codeOf(segment.objects.put(object("a"), utf8("xy"), { sizeBytes: 1 }))).toBe("TOO_LARGE");
      expect(await textOf(segment, object("a"))).toBe("hello");
    });

    test("a body that fails, and one that is aborted while it hangs, leave the object as it was", async () => {
      const segment = await withBucket(await testSegment());
      await segment.objects.put(object("a"), utf8("old"));
      async function* failing() {
        yield utf8("new");
        throw new Error("the client went away");
      }
      await expect(segment.objects.put(object("a"), failing())).rejects.toThrow("the client went away");
      const abort = new AbortController();
      async function* hanging() {
        yield utf8("new");
        abort.abort();
        await new Promise(() => {});
      }
      const aborted = segment.objects.put(object("a"), hanging(), { signal: abort.signal });
      expect(await codeOf(aborted)).toBe("CANCELLED");
      expect(await textOf(segment, object("a"))).toBe("old");
    });
  });

  describe("deletes", () => {
    test("a delete is a version: the object is gone, its history is not", async () => {
      const segment = await withBucket(await testSegment(), { versionsKept: 5 });
      const put = await segment.objects.put(object("a"), utf8("1"));
      const deleted = await segment.objects.delete(object("a"));
      expect(deleted).toMatchObject({ isDeleted: true, generation: 2, sizeBytes: 0 });
      expect(await codeOf(segment.objects.get(object("a")))).toBe("OBJECT_NOT_FOUND");
      expect(await codeOf(segment.objects.delete(object("a")))).toBe("OBJECT_NOT_FOUND");
      expect(await codeOf(segment.objects.delete(object("never")))).toBe("OBJECT_NOT_FOUND");
      expect((await segment.objects.list(BUCKET)).items).toEqual([]);
      expect(versionsIn(await segment.objects.listVersions(BUCKET)).map((version) => version.uvid)).toEqual([
        deleted.uvid,
        put.uvid,
      ]);
      expect((await segment.objects.put(object("a"), utf8("2"))).generation).toBe(3);
    });
  });

  describe("conditions", () => {
    test("absent and a version id are kept to, also when writers race", async () => {
      const segment = await withBucket(await testSegment());
      const outcomes = await Promise.allSettled(
        [1, 2, 3].map((index) => segment.objects.put(object("a"), utf8(`${index}`), { ifLatest: "absent" })),
      );
      expect(outcomes.filter((outcome) => outcome.status === "fulfilled")).toHaveLength(1);
      const latest = await segment.objects.show(object("a"));
      await segment.objects.put(object("a"), utf8("next"), { ifLatest: latest.uvid });
      const stale = segment.objects.put(object("a"), utf8("stale"), { ifLatest: latest.uvid });
      expect(await failureOf(stale)).toMatchObject({ code: "PRECONDITION" });
      await segment.objects.delete(object("a"));
      await segment.objects.put(object("a"), utf8("again"), { ifLatest: "absent" });
      expect(await textOf(segment, object("a"))).toBe("again");
    });
  });

  describe("ranges", () => {
    test("a range is cut at the end and refused past it", async () => {
      const segment = await withBucket(await testSegment());
      await segment.objects.put(object("a"), utf8("0123456789"));
      const range = async (startByte: number, endByte?: number) => {
        const content = await segment.objects.get(object("a"), { range: { startByte, endByte } });
        return [content.startByte, content.endByte, Buffer.from(await bytesOf(content)).toString()];
      };
      expect(await range(2, 5)).toEqual([2, 5, "234"]);
      expect(await range(8, 99)).toEqual([8, 10, "89"]);
      expect(await range(10)).toEqual([10, 10, ""]);
      for (const [start, end] of [
        [11, 12],
        [-1, 2],
        [5, 4],
        [0.5, 2],
        [Number.NaN, 3],
      ]) {
        expect(await codeOf(range(start ?? 0, end))).toBe("BAD_VALUE");
      }
    });
  });

  describe("copies", () => {
    test("a copy shares the content and carries the metadata unless it is given", async () => {
      const segment = await withBucket(await testSegment());
      const from = await segment.objects.put(object("a"), utf8("text"), { metadata: { k: "v" } });
      const copy = await segment.objects.copy(object("a"), object("b"));
      expect(copy).toMatchObject({ object: "b", content: from.content, metadata: { k: "v" }, generation: 1 });
      const other = await segment.objects.copy(object("a"), object("b"), { metadata: {} });
      expect(other).toMatchObject({ metadata: {}, generation: 2 });
      expect(await textOf(segment, object("b"))).toBe("text");
      expect(await codeOf(segment.objects.copy(object("none"), object("c")))).toBe("OBJECT_NOT_FOUND");
    });
  });

  describe("listing", () => {
    test("names come in byte order, page after page, without deletes", async () => {
      const segment = await withBucket(await testSegment());
      const names = ["Z", "a", "a/1", "a0", "é", "\u{1F600}", "\uffff", "b\x01", "..", "/", " "];
      for (const name of [...names, "gone"]) await segment.objects.put(object(name), utf8(name));
      await segment.objects.delete(object("gone"));
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await segment.objects.list(BUCKET, { after, limit: 2 });
        expect(page.items.length).toBeLessThanOrEqual(2);
        for (const item of page.items) if (item.kind === "object") seen.push(item.version.object);
        after = page.next;
      } while (after !== undefined);
      expect(seen).toEqual([...names].sort((left, right) => Buffer.compare(utf8(left), utf8(right))));
    });

    test("a delimiter rolls names up, also over pages and when the marker lies inside", async () => {
      const segment = await withBucket(await testSegment());
      for (const name of ["a", "a/1", "a/2/x", "b/", "b/1", "c", "d/only-deleted"]) {
        await segment.objects.put(object(name), utf8(name));
      }
      await segment.objects.delete(object("d/only-deleted"));
      const list = async (options: Parameters<typeof segment.objects.list>[1]) => {
        const page = await segment.objects.list(BUCKET, options);
        const items = page.items.map((item) =>
          item.kind === "object" ? item.version.object : `<${item.prefix}>`,
        );
        return [...items, page.next];
      };
      expect(await list({ delimiter: "/" })).toEqual(["a", "<a/>", "<b/>", "c", undefined]);
      expect(await list({ delimiter: "/", limit: 2 })).toEqual(["a", "<a/>", "a/"]);
      expect(await list({ delimiter: "/", limit: 2, after: "a/" })).toEqual(["<b/>", "c", undefined]);
      expect(await list({ delimiter: "/", after: "a/1" })).toEqual(["<b/>", "c", undefined]);
      expect(await list({ delimiter: "/", prefix: "a/" })).toEqual(["a/1", "<a/2/>", undefined]);
      expect(await list({ prefix: "a" })).toEqual(["a", "a/1", "a/2/x", undefined]);
      expect(await list({ prefix: "a", after: "zzz" })).toEqual([undefined]);
      expect(await list({ prefix: "b", after: "a" })).toEqual(["b/", "b/1", undefined]);
      expect(await codeOf(list({ limit: 0 }))).toBe("BAD_VALUE");
    });

    test("rolled-up names are skipped by seeking, not by reading", async () => {
      const clock = new TestClock();
      const engine = openMemoryEngine({ clock });
      let read = 0;
      const counting = Object.assign(Object.create(engine.records), {
        scan: async (options: Parameters<typeof engine.records.scan>[0]) => {
          const page = await engine.records.scan(options);
          read += page.records.length;
          return page;
        },
      });
      for (const method of [
        "get",
        "getMany",
        "commit",
        "lastPosition",
        "watch",
        "syncCount",
        "close",
      ] as const) {
        counting[method] = (...args: never[]) =>
          (engine.records[method] as (...all: never[]) => unknown)(...args);
      }
      const segment = await withBucket(
        await testSegment({ clock, engine: { ...engine, records: counting } }),
      );
      const puts = [];
      for (let index = 0; index < 1000; index += 1)
        puts.push(segment.objects.put(object(`dir/${index}`), utf8("x")));
      puts.push(segment.objects.put(object("z"), utf8("x")));
      await Promise.all(puts);
      read = 0;
      const page = await segment.objects.list(BUCKET, { delimiter: "/" });
      expect(page.items).toHaveLength(2);
      expect(read).toBeLessThan(250);
    });

    test("showMany answers for each name, deletes and strangers as undefined", async () => {
      const segment = await withBucket(await testSegment());
      await segment.objects.put(object("a"), utf8("1"));
      await segment.objects.put(object("b"), utf8("1"));
      await segment.objects.delete(object("b"));
      const names = ["b", "a", "c"].map((name) => object(name).object);
      const shown = await segment.objects.showMany(BUCKET, names);
      expect(shown.map((version) => version?.object)).toEqual([undefined, "a", undefined]);
    });
  });

  describe("counters and limits", () => {
    test("the bucket counts objects and bytes as readers see them", async () => {
      const segment = await withBucket(await testSegment(), { versionsKept: 4 });
      await segment.objects.put(object("a"), utf8("12345"));
      await segment.objects.put(object("a"), utf8("123"));
      await segment.objects.put(object("b"), utf8("1234567"));
      await segment.objects.delete(object("a"));
      expect(await segment.namespace.showBucket(BUCKET)).toMatchObject({ objectCount: 1, sizeBytes: 7 });
      expect(await segment.usage()).toMatchObject({ objectCount: 1, logicalBytes: 7, isWritable: true });
    });

    test("metadata and content types out of bounds are refused before anything is stored", async () => {
      const segment = await withBucket(await testSegment());
      const put = (options: Parameters<typeof segment.objects.put>[2]) =>
        codeOf(segment.objects.put(object("a"), utf8("x"), options));
      expect(await put({ metadata: { Upper: "x" } })).toBe("BAD_VALUE");
      expect(await put({ metadata: { "sp ace": "x" } })).toBe("BAD_VALUE");
      expect(await put({ metadata: { ["k".repeat(129)]: "x" } })).toBe("LIMIT");
      expect(await put({ metadata: { k: "x".repeat(2049) } })).toBe("LIMIT");
      expect(await put({ metadata: { k: "\ud800" } })).toBe("BAD_VALUE");
      const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`k${index}`, "x"]));
      expect(await put({ metadata: many })).toBe("LIMIT");
      const heavy = Object.fromEntries(
        Array.from({ length: 5 }, (_, index) => [`k${index}`, "x".repeat(2000)]),
      );
      expect(await put({ metadata: heavy })).toBe("LIMIT");
      expect(await put({ contentType: "text/plain\n" })).toBe("BAD_VALUE");
      expect(await put({ contentType: "x".repeat(256) })).toBe("LIMIT");
      expect(await put({ sizeBytes: -1 })).toBe("BAD_VALUE");
      expect(await put({ sizeBytes: 2 ** 50 })).toBe("TOO_LARGE");
      expect((await segment.objects.list(BUCKET)).items).toEqual([]);
    });

    test("everything is there after a restart, and the clock goes on above it", async () => {
      const clock = new TestClock();
      const engine = keptOpen(openMemoryEngine({ clock }));
      const first = await withBucket(await testSegment({ clock, engine, name: "hawaii" }));
      const before = await first.objects.put(object("a"), utf8("kept"));
      await first.close();
      expect(await codeOf(first.objects.show(object("a")))).toBe("SHUTTING_DOWN");
      clock.nowMs -= 3_600_000;
      const second = await testSegment({ clock, engine, seed: 2 });
      expect([second.guid, second.name, second.writer === first.writer]).toEqual([
        first.guid,
        "hawaii",
        false,
      ]);
      expect(await textOf(second, object("a"))).toBe("kept");
      const after = await second.objects.put(object("b"), utf8("x"));
      expect(after.uvid > before.uvid).toBe(true);
    });
  });
});
