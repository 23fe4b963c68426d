import { describe, expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { openMemoryEngine } from "../../../src/engine/memory/memory-engine.ts";
import type { Segment } from "../../../src/segment/segment.ts";
import { PART_BYTES_MAX, PART_BYTES_MIN } from "../../../src/segment/uploads.ts";
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
  withBucket,
} from "../support.ts";
import { checksumOf, digestOf, listed, longPart, md5Of, putPart } from "./parts.ts";

const PATH = object("dir/a");

async function read(segment: Segment, path = PATH): Promise<Buffer> {
  return Buffer.from(await bytesOf(await segment.objects.get(path)));
}

onEachEngine(() => {
  test("parts that came in any order make one version in order of their numbers", async () => {
    const segment = await withBucket(await testSegment());
    const { id } = await segment.uploads.create(PATH, {
      contentType: "text/plain",
      metadata: { of: "me" },
      headers: { "cache-control": "no-store" },
      annotations: { tags: { a: "1" }, acl: "public-read" },
    });
    const [first, second, last] = [longPart(1), seededRandom(2).bytes(PART_BYTES_MIN + 17), utf8("end")];
    const parts = await Promise.all([
      putPart(segment, PATH, id, 9_999, last),
      putPart(segment, PATH, id, 7, second),
      putPart(segment, PATH, id, 2, first),
    ]);
    expect(await codeOf(segment.objects.show(PATH))).toBe("OBJECT_NOT_FOUND");
    const version = await segment.uploads.complete(PATH, id, parts.toReversed());
    expect((await read(segment)).equals(Buffer.concat([first, second, last]))).toBe(true);
    const md5s = Buffer.concat([first, second, last].map(md5Of));
    expect(version).toMatchObject({
      sizeBytes: first.length + second.length + 3,
      contentType: "text/plain",
      metadata: { of: "me" },
      headers: { "cache-control": "no-store" },
    });
    expect(version.digest?.md5).toEqual(md5Of(md5s));
    expect(version.digest?.parts.map((part) => part.sizeBytes)).toEqual([first.length, second.length, 3]);
    const { annotations } = await segment.annotations.show(PATH);
    expect(annotations).toMatchObject({ tags: { a: "1" }, acl: "public-read" });
    expect(await codeOf(segment.uploads.show(PATH, id))).toBe("UPLOAD_NOT_FOUND");
    // Ranges over the seams read what they should.
    const at = first.length - 5;
    const over = await bytesOf(
      await segment.objects.get(PATH, { range: { startByte: at, endByte: at + 10 } }),
    );
    expect(Buffer.from(over).equals(Buffer.concat([first.subarray(-5), second.subarray(0, 5)]))).toBe(true);
  });

  test("the same list again gets the same answer, another list does not", async () => {
    const segment = await withBucket(await testSegment(), { versionsKept: 1 });
    const { id } = await segment.uploads.create(PATH);
    const parts = [await putPart(segment, PATH, id, 1, utf8("one"))];
    const version = await segment.uploads.complete(PATH, id, parts);
    await segment.objects.put(PATH, utf8("newer"));
    expect(await segment.uploads.complete(PATH, id, parts)).toEqual(version);
    expect(await textOf(segment, PATH)).toBe("newer");
    expect(await codeOf(segment.uploads.complete(PATH, id, [listed(1, utf8("two"))]))).toBe(
      "UPLOAD_NOT_FOUND",
    );
    expect(await codeOf(segment.uploads.complete(object("other"), id, parts))).toBe("UPLOAD_NOT_FOUND");
    expect(await codeOf(segment.uploads.abort(PATH, id))).toBe("UPLOAD_NOT_FOUND");
  });

  test("completes at the same time make one version", async () => {
    const segment = await withBucket(await testSegment(), { versionsKept: 5 });
    const { id } = await segment.uploads.create(PATH);
    const parts = [await putPart(segment, PATH, id, 1, utf8("one"))];
    const versions = await Promise.all([1, 2, 3].map(() => segment.uploads.complete(PATH, id, parts)));
    expect(new Set(versions.map(({ uvid }) => uvid)).size).toBe(1);
    expect((await segment.objects.listVersions(BUCKET)).items).toHaveLength(1);
  });
});

describe("a part", () => {
  test("counts as it came last under its number, and a failed one changes nothing", async () => {
    const segment = await withBucket(await testSegment());
    const { id } = await segment.uploads.create(PATH);
    await putPart(segment, PATH, id, 1, utf8("old"));
    const kept = await putPart(segment, PATH, id, 1, utf8("new"));
    const broken = segment.uploads.putPart(PATH, id, 1, streamOf(utf8("ne")), {
      sizeBytes: 3,
      digest: digestOf(utf8("ne")),
    });
    expect(await codeOf(broken)).toBe("TRUNCATED");
    const refused = segment.uploads.putPart(PATH, id, 1, utf8("bad"), {
      digest: () => {
        throw new Error("digest");
      },
    });
    await expect(refused).rejects.toThrow("digest");
    expect((await segment.uploads.listParts(PATH, id)).parts).toMatchObject([{ number: 1, sizeBytes: 3 }]);
    expect(await codeOf(segment.uploads.complete(PATH, id, [listed(1, utf8("old"))]))).toBe("BAD_PART");
    await segment.uploads.complete(PATH, id, [kept]);
    expect(await textOf(segment, PATH)).toBe("new");
  });

  test.each([0, 10_001, 1.5, -1, Number.NaN])("has no number %s", async (number) => {
    const segment = await withBucket(await testSegment());
    const { id } = await segment.uploads.create(PATH);
    expect(await codeOf(putPart(segment, PATH, id, number, utf8("a")))).toBe("BAD_PART");
    expect(await codeOf(segment.uploads.complete(PATH, id, [listed(number, utf8("a"))]))).toBe("BAD_PART");
    expect(await codeOf(segment.uploads.copyPart(PATH, id, number, { path: PATH }))).toBe("BAD_PART");
  });

  test("is refused above its limit before a byte is taken", async () => {
    const segment = await withBucket(await testSegment());
    const { id } = await segment.uploads.create(PATH);
    let isRead = false;
    async function* body() {
      isRead = true;
      yield utf8("a");
    }
    const options = { sizeBytes: PART_BYTES_MAX + 1, digest: digestOf(utf8("a")) };
    expect(await codeOf(segment.uploads.putPart(PATH, id, 1, body(), options))).toBe("TOO_LARGE");
    expect(isRead).toBe(false);
  });

  test("of an upload that is not there is refused before a byte is taken", async () => {
    const segment = await withBucket(await testSegment());
    const { id } = await segment.uploads.create(PATH);
    for (const [path, asked] of [
      [PATH, "0".repeat(32)],
      [PATH, "x"],
      [PATH, ""],
      [PATH, id.toUpperCase()],
      [object("other"), id],
    ] as const) {
      expect(await codeOf(putPart(segment, path, asked, 1, utf8("a")))).toBe("UPLOAD_NOT_FOUND");
    }
    const nowhere = { ...PATH, bucket: "nowhere" as typeof PATH.bucket };
    expect(await codeOf(putPart(segment, nowhere, id, 1, utf8("a")))).toBe("BUCKET_NOT_FOUND");
  });

  test("that is under way when the upload ends is refused", async () => {
    const segment = await withBucket(await testSegment());
    const { id } = await segment.uploads.create(PATH);
    async function* body() {
      yield utf8("a");
      await segment.uploads.abort(PATH, id);
      yield utf8("b");
    }
    const put = segment.uploads.putPart(PATH, id, 1, body(), { digest: digestOf(utf8("ab")) });
    expect(await codeOf(put)).toBe("UPLOAD_NOT_FOUND");
  });
});

describe("a list", () => {
  test("out of order, twice the same or empty is refused", async () => {
    const segment = await withBucket(await testSegment());
    const { id } = await segment.uploads.create(PATH);
    const [one, two] = [
      await putPart(segment, PATH, id, 1, longPart(1)),
      await putPart(segment, PATH, id, 2, utf8("2")),
    ];
    expect(await codeOf(segment.uploads.complete(PATH, id, [two, one]))).toBe("PART_ORDER");
    expect(await codeOf(segment.uploads.complete(PATH, id, [one, one]))).toBe("PART_ORDER");
    expect(await codeOf(segment.uploads.complete(PATH, id, []))).toBe("BAD_PART");
    expect(await codeOf(segment.uploads.complete(PATH, id, [one, listed(3, utf8("2"))]))).toBe("BAD_PART");
    expect(
      (await failureOf(segment.uploads.complete(PATH, id, [one, two], { sizeBytes: 5 }))).details,
    ).toEqual({
      number: 2,
      reason: "size",
    });
    await segment.uploads.complete(PATH, id, [one, two], { sizeBytes: PART_BYTES_MIN + 1 });
  });

  test("with a short part that is not the last is refused, and can be mended", async () => {
    const segment = await withBucket(await testSegment());
    const { id } = await segment.uploads.create(PATH);
    const short = await putPart(segment, PATH, id, 1, new Uint8Array(PART_BYTES_MIN - 1));
    const last = await putPart(segment, PATH, id, 2, new Uint8Array(0));
    const failure = await failureOf(segment.uploads.complete(PATH, id, [short, last]));
    expect(failure).toMatchObject({
      code: "PART_TOO_SMALL",
      details: { number: 1, sizeBytes: PART_BYTES_MIN - 1 },
    });
    const mended = await putPart(segment, PATH, id, 1, longPart(3));
    await segment.uploads.complete(PATH, id, [mended, last]);
    expect((await segment.objects.show(PATH)).sizeBytes).toBe(PART_BYTES_MIN);
  });

  test("of one part takes any length, also none", async () => {
    const segment = await withBucket(await testSegment());
    for (const sizeBytes of [0, 1, 1024, 1025, 300_000]) {
      const bytes = seededRandom(9).bytes(sizeBytes);
      const { id } = await segment.uploads.create(PATH);
      const part = await putPart(segment, PATH, id, 5, bytes);
      const version = await segment.uploads.complete(PATH, id, [part]);
      expect(version.digest?.parts).toMatchObject([{ sizeBytes }]);
      expect((await read(segment)).equals(Buffer.from(bytes))).toBe(true);
    }
  });

  test("that `allow` forbids leaves the upload open", async () => {
    const segment = await withBucket(await testSegment());
    await segment.objects.put(PATH, utf8("there"));
    const { id } = await segment.uploads.create(PATH);
    const parts = [await putPart(segment, PATH, id, 1, utf8("one"))];
    const allow = () => {
      throw new Error("forbidden");
    };
    await expect(segment.uploads.complete(PATH, id, parts, { allow })).rejects.toThrow("forbidden");
    expect(await textOf(segment, PATH)).toBe("there");
    await segment.uploads.complete(PATH, id, parts);
    expect(await textOf(segment, PATH)).toBe("one");
  });

  test("of ten thousand parts is completed, and its parts are removed behind", async () => {
    const clock = new TestClock();
    const engine = openMemoryEngine({ clock });
    const segment = await withBucket(await testSegment({ clock, engine: keptOpen(engine) }));
    const { id } = await segment.uploads.create(PATH, { checksum: { algorithm: "crc32c", kind: "full" } });
    // Zeros cost nothing, so that this stays quick: each part is copied from one object.
    const source = object("zeros");
    await segment.objects.put(source, new Uint8Array(PART_BYTES_MIN), {
      digest: digestOf(new Uint8Array(PART_BYTES_MIN), "crc32c"),
    });
    const numbers = Array.from({ length: 10_000 }, (_, index) => index + 1);
    const parts = await Promise.all(
      numbers.map((number) => segment.uploads.copyPart(PATH, id, number, { path: source })),
    );
    const version = await segment.uploads.complete(PATH, id, parts);
    expect(version.sizeBytes).toBe(10_000 * PART_BYTES_MIN);
    const page = { startByte: 5_000 * PART_BYTES_MIN - 10, endByte: 5_000 * PART_BYTES_MIN + 10 };
    expect(await bytesOf(await segment.objects.get(PATH, { range: page }))).toEqual(new Uint8Array(20));
    expect(await segment.uploads.complete(PATH, id, parts)).toEqual(version);
    await expect.poll(() => recordsUnder(engine, "p")).toBe(0);
    await expect.poll(() => recordsUnder(engine, "w")).toBe(0);
  });
});

describe("a checksum", () => {
  test.each([
    ["crc32", "full"],
    ["crc32c", "full"],
    ["crc64nvme", "full"],
    ["crc32", "composite"],
    ["crc32c", "composite"],
    ["sha1", "composite"],
    ["sha256", "composite"],
  ] as const)("%s %s of the whole comes from those of the parts", async (algorithm, kind) => {
    const segment = await withBucket(await testSegment());
    const { id } = await segment.uploads.create(PATH, { checksum: { algorithm, kind } });
    const pieces = [longPart(1), longPart(2, PART_BYTES_MIN + 3), seededRandom(5).bytes(70_000)];
    const parts = [];
    for (const [index, bytes] of pieces.entries()) {
      parts.push(await putPart(segment, PATH, id, index + 1, bytes, algorithm));
    }
    const expected =
      kind === "full"
        ? checksumOf(Buffer.concat(pieces), algorithm)
        : checksumOf(Buffer.concat(pieces.map((bytes) => checksumOf(bytes, algorithm))), algorithm);
    const wrong = segment.uploads.complete(PATH, id, parts, { checksum: expected.map((byte) => byte ^ 1) });
    expect((await failureOf(wrong)).details).toMatchObject({ reason: "whole" });
    const version = await segment.uploads.complete(PATH, id, parts, { checksum: expected });
    expect(version.digest?.checksum).toEqual({ algorithm, kind, value: expected });
    expect(version.digest?.parts.map((part) => part.checksum)).toEqual(parts.map((part) => part.checksum));
  });

  test("of a kind that cannot be is refused", async () => {
    const segment = await withBucket(await testSegment());
    for (const [algorithm, kind] of [
      ["sha1", "full"],
      ["sha256", "full"],
      ["crc64nvme", "composite"],
    ] as const) {
      expect(await codeOf(segment.uploads.create(PATH, { checksum: { algorithm, kind } }))).toBe("BAD_VALUE");
    }
  });

  test("by another algorithm, or missing, is refused", async () => {
    const segment = await withBucket(await testSegment());
    const { id } = await segment.uploads.create(PATH, {
      checksum: { algorithm: "sha256", kind: "composite" },
    });
    expect(await codeOf(putPart(segment, PATH, id, 1, utf8("a"), "crc32"))).toBe("BAD_PART");
    const bare = await putPart(segment, PATH, id, 1, utf8("a"));
    expect((await failureOf(segment.uploads.complete(PATH, id, [bare]))).details).toMatchObject({
      reason: "checksum",
    });
    const part = await putPart(segment, PATH, id, 1, utf8("a"), "sha256");
    const wrong = { ...part, checksum: new Uint8Array(32) };
    expect((await failureOf(segment.uploads.complete(PATH, id, [wrong]))).details).toMatchObject({
      reason: "checksum",
    });
  });
});

describe("a copied part", () => {
  test("is a range of an object with its own MD5 and checksum, and no chunk is made", async () => {
    const clock = new TestClock();
    const engine = openMemoryEngine({ clock });
    const segment = await withBucket(await testSegment({ clock, engine: keptOpen(engine) }));
    const content = seededRandom(4).bytes(7_000_000);
    await segment.objects.put(object("source"), content);
    const { id } = await segment.uploads.create(PATH, { checksum: { algorithm: "crc64nvme", kind: "full" } });
    const before = engine.chunks.stats().storedBytes;
    const ranges = [
      [1_234, 1_234 + PART_BYTES_MIN],
      [6_999_000, 7_000_000],
    ] as const;
    const parts = [];
    for (const [index, [startByte, endByte]] of ranges.entries()) {
      const from = { path: object("source"), range: { startByte, endByte } };
      const part = await segment.uploads.copyPart(PATH, id, index + 1, from);
      const bytes = content.subarray(startByte, endByte);
      expect(part).toMatchObject({ md5: md5Of(bytes), checksum: checksumOf(bytes, "crc64nvme") });
      parts.push(part);
    }
    const version = await segment.uploads.complete(PATH, id, parts);
    const whole = Buffer.concat(ranges.map(([startByte, endByte]) => content.subarray(startByte, endByte)));
    expect((await read(segment)).equals(whole)).toBe(true);
    expect(version.digest?.checksum?.value).toEqual(checksumOf(whole, "crc64nvme"));
    // Nodes and the small end of 1,000 bytes only.
    expect(engine.chunks.stats().storedBytes - before).toBeLessThan(20_000);
  });

  test("of an object that grows by copying itself stays readable", async () => {
    const segment = await withBucket(await testSegment());
    const log = object("log");
    let expected = Buffer.from(longPart(1));
    await segment.objects.put(log, expected);
    for (let round = 0; round < 20; round += 1) {
      const { id } = await segment.uploads.create(log);
      const head = await segment.uploads.copyPart(log, id, 1, { path: log });
      const line = utf8(`line ${round}\n`.repeat(round === 0 ? 30_000 : 1));
      const tail = await putPart(segment, log, id, 2, line);
      await segment.uploads.complete(log, id, [head, tail]);
      expected = Buffer.concat([expected, line]);
    }
    expect((await read(segment, log)).equals(expected)).toBe(true);
  });

  test("needs a source that is there and a range within it", async () => {
    const segment = await withBucket(await testSegment());
    await segment.objects.put(object("source"), utf8("text"));
    const { id } = await segment.uploads.create(PATH);
    const copy = (range: { startByte: number; endByte: number }) =>
      codeOf(segment.uploads.copyPart(PATH, id, 1, { path: object("source"), range }));
    expect(await copy({ startByte: 0, endByte: 5 })).toBe("BAD_VALUE");
    expect(await copy({ startByte: 3, endByte: 2 })).toBe("BAD_VALUE");
    expect(await copy({ startByte: -1, endByte: 2 })).toBe("BAD_VALUE");
    expect(await codeOf(segment.uploads.copyPart(PATH, id, 1, { path: object("nothing") }))).toBe(
      "OBJECT_NOT_FOUND",
    );
    const part = await segment.uploads.copyPart(PATH, id, 1, {
      path: object("source"),
      range: { startByte: 1, endByte: 3 },
    });
    await segment.uploads.complete(PATH, id, [part]);
    expect(await textOf(segment, PATH)).toBe("ex");
  });

  test("takes the digests that the source has", async () => {
    const segment = await withBucket(await testSegment());
    const bytes = seededRandom(8).bytes(200_000);
    const source = object("source");
    await segment.objects.put(source, bytes, { digest: digestOf(bytes, "sha256") });
    for (const [algorithm, kind] of [
      ["sha256", "composite"],
      ["crc32", "full"],
    ] as const) {
      const { id } = await segment.uploads.create(PATH, { checksum: { algorithm, kind } });
      const part = await segment.uploads.copyPart(PATH, id, 1, { path: source });
      expect(part).toMatchObject({ md5: md5Of(bytes), checksum: checksumOf(bytes, algorithm) });
    }
  });
});

describe("lists", () => {
  test("parts come in pages in order of their numbers", async () => {
    const segment = await withBucket(await testSegment());
    const { id } = await segment.uploads.create(PATH, { initiator: "amy" });
    for (const number of [300, 1, 255, 10_000, 256]) {
      await putPart(segment, PATH, id, number, utf8(`${number}`));
    }
    const first = await segment.uploads.listParts(PATH, id, { limit: 3 });
    expect(first.upload.initiator).toBe("amy");
    expect(first.parts.map((part) => part.number)).toEqual([1, 255, 256]);
    expect(first.next).toBe(256);
    const rest = await segment.uploads.listParts(PATH, id, { after: 256 });
    expect(rest.parts.map((part) => part.number)).toEqual([300, 10_000]);
    expect(rest.next).toBeUndefined();
    expect((await segment.uploads.listParts(PATH, id, { after: 10_000 })).parts).toEqual([]);
  });

  test("uploads come by name, then by time, in pages and rolled up", async () => {
    const clock = new TestClock();
    const segment = await withBucket(await testSegment({ clock }));
    const made: string[] = [];
    for (const name of ["b", "a", "d/1", "a", "d/2", "a\u0001", "d/", "e"]) {
      clock.advance(5);
      const { id } = await segment.uploads.create(object(name));
      made.push(`${name} ${id}`);
    }
    const [b, a1, d1, a2, d2, control, d, e] = made as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const all = [a1, a2, control, b, d, d1, d2, e];
    const walk = async (options: { delimiter?: string; prefix?: string; limit?: number }) => {
      const seen: string[] = [];
      let next: Awaited<ReturnType<Segment["uploads"]["list"]>>["next"];
      do {
        const page = await segment.uploads.list(BUCKET, { ...options, ...next });
        for (const item of page.items) {
          seen.push(item.kind === "prefix" ? item.prefix : `${item.upload.object} ${item.upload.id}`);
        }
        next = page.next;
      } while (next !== undefined);
      return seen;
    };
    for (const limit of [1, 2, 3, 100]) {
      expect(await walk({ limit })).toEqual(all);
      expect(await walk({ limit, delimiter: "/" })).toEqual([a1, a2, control, b, "d/", e]);
      expect(await walk({ limit, prefix: "d/" })).toEqual([d, d1, d2]);
      expect(await walk({ limit, prefix: "d/", delimiter: "/" })).toEqual([d, d1, d2]);
    }
    const behind = await segment.uploads.list(BUCKET, { after: "a" });
    expect(behind.items).toHaveLength(6);
    expect(await codeOf(segment.uploads.list(BUCKET, { after: "a", afterUpload: "x" }))).toBe("BAD_VALUE");
  });

  test("an upload that is over is not listed", async () => {
    const segment = await withBucket(await testSegment());
    const [kept, aborted, completed] = [
      await segment.uploads.create(PATH),
      await segment.uploads.create(PATH),
      await segment.uploads.create(PATH),
    ];
    await segment.uploads.abort(PATH, aborted.id);
    await segment.uploads.complete(PATH, completed.id, [
      await putPart(segment, PATH, completed.id, 1, utf8("a")),
    ]);
    const { items } = await segment.uploads.list(BUCKET);
    expect(items).toMatchObject([{ upload: { id: kept.id } }]);
    expect(await codeOf(segment.uploads.listParts(PATH, aborted.id))).toBe("UPLOAD_NOT_FOUND");
  });
});

describe("the end of an upload", () => {
  test("nobody completed it: it expires with its parts", async () => {
    const clock = new TestClock();
    const engine = openMemoryEngine({ clock });
    const segment = await withBucket(await testSegment({ clock, engine: keptOpen(engine) }));
    const old = await segment.uploads.create(object("x/old"));
    await putPart(segment, object("x/old"), old.id, 1, utf8("a"));
    await segment.uploads.create(object("y/old"));
    clock.advance(1000);
    await segment.uploads.create(object("x/new"));
    expect(await segment.uploads.expire(BUCKET, "x/", clock.nowMs)).toBe(1);
    expect(await segment.uploads.expire(BUCKET, "x/", clock.nowMs)).toBe(0);
    const { items } = await segment.uploads.list(BUCKET);
    expect(items).toMatchObject([{ upload: { object: "x/new" } }, { upload: { object: "y/old" } }]);
    await expect.poll(() => recordsUnder(engine, "p")).toBe(0);
  });

  test("its bucket is deleted: uploads and parts go with it", async () => {
    const clock = new TestClock();
    const engine = openMemoryEngine({ clock });
    const segment = await withBucket(await testSegment({ clock, engine: keptOpen(engine) }));
    const { id } = await segment.uploads.create(PATH);
    await putPart(segment, PATH, id, 1, utf8("a"));
    await segment.namespace.deleteBucket(BUCKET);
    expect(await codeOf(putPart(segment, PATH, id, 1, utf8("a")))).toBe("BUCKET_NOT_FOUND");
    await withBucket(segment);
    expect(await codeOf(segment.uploads.show(PATH, id))).toBe("UPLOAD_NOT_FOUND");
    await expect
      .poll(async () => (await recordsUnder(engine, "p")) + (await recordsUnder(engine, "u")))
      .toBe(0);
  });

  test("notes of completed uploads go when they are old", async () => {
    const clock = new TestClock();
    const engine = openMemoryEngine({ clock });
    const segment = await withBucket(await testSegment({ clock, engine: keptOpen(engine) }));
    const complete = async () => {
      const { id } = await segment.uploads.create(PATH);
      return segment.uploads.complete(PATH, id, [await putPart(segment, PATH, id, 1, utf8("a"))]);
    };
    for (let count = 0; count < 5; count += 1) await complete();
    expect(await recordsUnder(engine, "u")).toBe(5);
    clock.advance(2 * 60 * 60_000);
    await complete();
    await complete();
    expect(await recordsUnder(engine, "u")).toBe(2);
  });

  test("a retention that ended meanwhile does not hold it up", async () => {
    const clock = new TestClock();
    const segment = await withBucket(await testSegment({ clock }), {
      versioning: "enabled",
      lock: { default: undefined },
    });
    const annotations = { retention: { mode: "governance" as const, untilMs: clock.nowMs + 1000 } };
    const { id } = await segment.uploads.create(PATH, { annotations });
    const parts = [await putPart(segment, PATH, id, 1, utf8("a"))];
    clock.advance(2000);
    await segment.uploads.complete(PATH, id, parts);
    expect((await segment.annotations.show(PATH)).annotations.retention).toBeUndefined();
  });
});

test("what an upload asks for is checked when it begins", async () => {
  const segment = await withBucket(await testSegment());
  expect(await codeOf(segment.uploads.create(PATH, { contentType: "a\nb" }))).toBe("BAD_VALUE");
  expect(await codeOf(segment.uploads.create(PATH, { metadata: { A: "b" } }))).toBe("BAD_VALUE");
  expect(await codeOf(segment.uploads.create(PATH, { headers: { host: "b" } }))).toBe("BAD_VALUE");
  expect(await codeOf(segment.uploads.create(PATH, { annotations: { hold: true } }))).toBe("CONFLICT");
  expect(await codeOf(segment.uploads.create(PATH, { initiator: "i".repeat(1025) }))).toBe("LIMIT");
  expect((await segment.uploads.list(BUCKET)).items).toEqual([]);
});

async function recordsUnder(engine: ReturnType<typeof openMemoryEngine>, tag: string): Promise<number> {
  const from = utf8(tag);
  const to = Uint8Array.of((from[0] ?? 0) + 1);
  return (await engine.records.scan({ from, to, limit: 10_000 })).records.length;
}
