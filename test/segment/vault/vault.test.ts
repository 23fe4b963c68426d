/** Encrypted buckets: nothing of what they hold can be read where it rests, and everything works as in a plain one. */
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { concat, utf8 } from "../../../src/base/bytes.ts";
import { silentLog } from "../../../src/base/log.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { openLocalEngine } from "../../../src/engine/local/open.ts";
import { openMemoryEngine } from "../../../src/engine/memory/memory-engine.ts";
import { bucketKeys, objectKey, VAULT_PREFIX, vaultKey } from "../../../src/segment/keys.ts";
import type { Segment } from "../../../src/segment/segment.ts";
import {
  allVersions,
  BUCKET,
  bytesOf,
  codeOf,
  failureOf,
  keptOpen,
  object,
  streamOf,
  TestClock,
  testSegment,
  withBucket,
} from "../support.ts";

const KEY = new Uint8Array(32).fill(5);
const OTHER = { ...BUCKET, bucket: "bk2" as typeof BUCKET.bucket };
const MARKER = "Aloha-kakahiaka-marker";
const AES = { encryption: "aes256" } as const;
const PART_BYTES = 5 * 1024 * 1024;

/** Text that holds the marker everywhere and compresses badly enough to be cut into many chunks. */
function marked(sizeBytes: number, seed = 1): Uint8Array {
  const random = seededRandom(seed);
  const pieces: Uint8Array[] = [];
  for (let length = 0; length < sizeBytes; length += MARKER.length + 40) {
    pieces.push(utf8(MARKER), random.bytes(40));
  }
  return concat(pieces).slice(0, sizeBytes);
}

async function sealedSegment(encryption: "none" | "aes256" = "aes256") {
  const clock = new TestClock();
  const engine = openMemoryEngine({ clock });
  const segment = await withBucket(await testSegment({ clock, engine: keptOpen(engine), segmentKey: KEY }), {
    encryption,
  });
  const reopened = (segmentKey: Uint8Array | undefined) =>
    testSegment({ clock, engine: keptOpen(engine), seed: 9, ...(segmentKey && { segmentKey }) });
  return { segment, engine, reopened };
}

const read = async (segment: Segment, name: string, bucket = BUCKET): Promise<Buffer> =>
  Buffer.from(await bytesOf(await segment.objects.get(object(name, bucket))));

async function upload(segment: Segment, name: string, parts: readonly Uint8Array[]): Promise<void> {
  const to = object(name);
  const { id } = await segment.uploads.create(to, { metadata: { note: `${MARKER} of an upload` } });
  const listed: Array<{ number: number; md5: Uint8Array }> = [];
  for (const [index, part] of parts.entries()) {
    const md5 = new Uint8Array(createHash("md5").update(part).digest());
    await segment.uploads.putPart(to, id, index + 1, part, {
      digest: () => ({ md5, checksum: undefined, parts: [] }),
    });
    listed.push({ number: index + 1, md5 });
  }
  await segment.uploads.complete(to, id, listed);
}

async function everyByte(directory: string): Promise<Buffer> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Buffer.concat(
    await Promise.all(files.map((file) => readFile(path.join(file.parentPath, file.name)))),
  );
}

describe("what rests of an encrypted bucket", () => {
  /** Everything that can hold words of a user, besides names. */
  const fill = async (segment: Segment) => {
    const metadata = { note: `${MARKER} in metadata` };
    await segment.objects.put(object("small"), utf8(`${MARKER} small`), { metadata });
    await segment.objects.put(object("small"), utf8(`${MARKER} again`), { metadata });
    await segment.objects.put(object("middle"), marked(60_000));
    await segment.objects.put(object("large"), streamOf(marked(3_000_000)));
    await segment.annotations.annotate(object("small"), undefined, { tags: { note: `${MARKER} tag` } });
    await segment.namespace.putConfig(BUCKET, "policy", `{"${MARKER}": 1}`);
    await upload(segment, "parts", [marked(PART_BYTES, 3), utf8(`${MARKER} last`)]);
    await segment.uploads.create(object("open"), { metadata });
  };

  test.each(["none", "aes256"] as const)(
    "holds no marker anywhere in the data directory unless it is plain: %s",
    async (encryption) => {
      const directory = await mkdtemp(path.join(tmpdir(), "efs-vault-"));
      onTestFinished(() => rm(directory, { recursive: true }));
      const clock = new TestClock();
      const engine = await openLocalEngine({ directory, clock, log: silentLog });
      const segment = await testSegment({ clock, engine, segmentKey: KEY });
      await withBucket(segment, { encryption, versionsKept: 5 });
      await fill(segment);
      const ids = (await allVersions(segment)).flatMap(({ content }) =>
        "id" in content ? [content.id] : [],
      );
      expect(ids.length).toBeGreaterThanOrEqual(5);
      await segment.close();
      const all = await everyByte(directory);
      expect(all.length).toBeGreaterThan(5_000_000);
      expect(all.includes(MARKER)).toBe(encryption === "none");
      // Who has a copy of something cannot tell whether it is there.
      for (const id of ids) expect(all.includes(Buffer.from(id))).toBe(encryption === "none");
      expect(all.includes("bk1")).toBe(true);
    },
  );

  test("reads back after a restart, in whole and in ranges", async () => {
    const { segment, reopened } = await sealedSegment();
    await fill(segment);
    await segment.close();
    const again = await reopened(KEY);
    expect((await read(again, "small")).toString()).toBe(`${MARKER} again`);
    expect((await read(again, "middle")).equals(marked(60_000))).toBe(true);
    expect((await read(again, "large")).equals(marked(3_000_000))).toBe(true);
    expect((await read(again, "parts")).length).toBe(PART_BYTES + MARKER.length + 5);
    const range = await again.objects.get(object("large"), {
      range: { startByte: 999_990, endByte: 1_500_000 },
    });
    const expected = marked(3_000_000).subarray(999_990, 1_500_000);
    expect(Buffer.compare(await bytesOf(range), expected)).toBe(0);
    expect((await again.annotations.show(object("small"))).annotations.tags).toEqual({
      note: `${MARKER} tag`,
    });
    expect(await again.namespace.getConfig(BUCKET, "policy")).toBe(`{"${MARKER}": 1}`);
    expect((await again.uploads.list(BUCKET)).items).toHaveLength(1);
    expect((await again.objects.show(object("small"))).metadata).toEqual({ note: `${MARKER} in metadata` });
  });

  test("is stored once within the bucket, and has nothing in common with another's", async () => {
    const { segment, engine } = await sealedSegment();
    await withBucket(segment, AES, OTHER);
    const body = marked(900_000);
    await segment.objects.put(object("a"), body);
    const { chunkCount } = engine.chunks.stats();
    await segment.objects.put(object("b"), streamOf(body));
    await segment.objects.copy(object("a"), object("c"));
    expect(engine.chunks.stats().chunkCount).toBe(chunkCount);
    await segment.objects.put(object("a", OTHER), body);
    expect(engine.chunks.stats().chunkCount).toBe(2 * chunkCount);
  });
});

describe("copies", () => {
  test.each([
    ["small", utf8("a little")],
    ["large", marked(700_000)],
  ])("between a plain and encrypted buckets carry %s content", async (_, body) => {
    const { segment, engine } = await sealedSegment();
    await withBucket(segment, {}, OTHER);
    await segment.objects.put(object("a"), body);
    await segment.objects.copy(object("a"), object("b", OTHER));
    expect((await read(segment, "b", OTHER)).equals(Buffer.from(body))).toBe(true);
    await segment.objects.copy(object("b", OTHER), object("back"));
    expect((await read(segment, "back")).equals(Buffer.from(body))).toBe(true);
    const { id } = await segment.uploads.create(object("parts"));
    const part = await segment.uploads.copyPart(object("parts"), id, 1, { path: object("b", OTHER) });
    await segment.uploads.complete(object("parts"), id, [{ number: 1, md5: part.md5 }]);
    expect((await read(segment, "parts")).equals(Buffer.from(body))).toBe(true);
    expect(engine.chunks.stats().chunkCount > 0).toBe(body.length > 1024);
  });
});

describe("damage", () => {
  test("a flipped bit in any sealed chunk is told, and no wrong byte is served", async () => {
    const { segment, engine } = await sealedSegment();
    await segment.objects.put(object("a"), marked(500_000));
    for (const [index, { key }] of (await engine.chunks.list(undefined, 1000)).entries()) {
      const stored = await engine.chunks.get(key);
      if (stored === undefined) throw new Error("no chunk");
      expect(stored.keyId).toBe(1);
      const damaged = stored.bytes.slice();
      const at = (index * 7919) % damaged.length;
      damaged[at] = (damaged[at] ?? 0) ^ 4;
      engine.chunks.overwrite(key, damaged);
      const failure = await failureOf(read(segment, "a"));
      expect(failure.code).toBe("CHUNK_CORRUPT");
      expect(failure.details?.object).toBe("Hawaii/Cola/bk1/a");
      engine.chunks.overwrite(key, stored.bytes);
    }
    expect((await read(segment, "a")).equals(marked(500_000))).toBe(true);
  });

  test("a record that was changed or put in another's place names its object and is not served", async () => {
    const { segment, engine } = await sealedSegment();
    await segment.objects.put(object("a"), utf8("one"));
    await segment.objects.put(object("b"), utf8("two"));
    const keys = bucketKeys((await segment.namespace.showBucket(BUCKET)).logId);
    const [a, b] = await engine.records.getMany(
      [object("a"), object("b")].map((at) => objectKey(keys, at.object)),
    );
    await engine.records.commit({ writes: [{ key: objectKey(keys, object("a").object), value: b }] });
    const failure = await failureOf(segment.objects.show(object("a")));
    expect(failure).toMatchObject({ code: "RECORD_CORRUPT", details: { object: "Hawaii/Cola/bk1/a" } });
    expect(failure.details?.key).toMatch(/^6f[0-9a-f]{16}61$/);
    await engine.records.commit({ writes: [{ key: objectKey(keys, object("a").object), value: a }] });
    expect((await read(segment, "a")).toString()).toBe("one");
  });
});

describe("the segment key", () => {
  test("is needed to make, write and read an encrypted bucket; its name and plain buckets are there without", async () => {
    const { segment, reopened } = await sealedSegment();
    await withBucket(segment, {}, OTHER);
    await segment.objects.put(object("a"), utf8("secret"));
    await segment.objects.put(object("a", OTHER), utf8("open"));
    await segment.close();
    const without = await reopened(undefined);
    for (const attempt of [
      without.objects.get(object("a")),
      without.objects.put(object("b"), utf8("x")),
      without.objects.list(BUCKET),
      without.replication.readLog(BUCKET, 0n, 10),
      without.uploads.create(object("b")),
      without.namespace.createBucket({ ...BUCKET, bucket: "bk3" as typeof BUCKET.bucket }, AES),
    ]) {
      const failure = await failureOf(attempt);
      expect(failure.code).toBe("UNAVAILABLE");
      expect(failure.hint).toContain("segment.key");
    }
    expect((await read(without, "a", OTHER)).toString()).toBe("open");
    expect((await without.namespace.showBucket(BUCKET)).objectCount).toBe(1);
    await without.close();
    expect(await codeOf(reopened(new Uint8Array(32).fill(6)))).toBe("BAD_CONFIG");
    expect((await read(await reopened(KEY), "a")).toString()).toBe("secret");
  });

  test("when it was replaced leaves encrypted buckets closed until they are deleted, and all else open", async () => {
    const { segment, engine, reopened } = await sealedSegment();
    await segment.objects.put(object("a"), utf8("secret"));
    await segment.close();
    await engine.records.commit({ writes: [{ key: Buffer.from("g/key-check"), value: undefined }] });
    const renewed = await reopened(new Uint8Array(32).fill(6));
    expect(await codeOf(renewed.objects.get(object("a")))).toBe("UNAVAILABLE");
    await withBucket(renewed, AES, OTHER);
    await renewed.objects.put(object("a", OTHER), utf8("new"));
    expect((await read(renewed, "a", OTHER)).toString()).toBe("new");
    // Nothing can be deleted from it any more, so it goes as it is.
    const { logId } = await renewed.namespace.showBucket(BUCKET);
    await renewed.namespace.deleteBucket(BUCKET);
    await expect.poll(() => engine.records.get(vaultKey(logId))).toBeUndefined();
    expect(await codeOf(renewed.namespace.deleteBucket(OTHER))).toBe("NOT_EMPTY");
    await withBucket(renewed, AES);
    await renewed.objects.put(object("a"), utf8("anew"));
    expect((await read(renewed, "a")).toString()).toBe("anew");
  });

  test("a bucket's key goes with the bucket", async () => {
    const { segment, engine } = await sealedSegment();
    await segment.objects.put(object("a"), utf8("secret"));
    await segment.objects.delete(object("a"));
    const { logId } = await segment.namespace.showBucket(BUCKET);
    expect(await engine.records.get(vaultKey(logId))).toBeDefined();
    await segment.namespace.deleteBucket(BUCKET);
    await expect.poll(() => engine.records.get(vaultKey(logId))).toBeUndefined();
    await withBucket(segment, {});
    await segment.objects.put(object("a"), utf8("plain"));
    expect((await read(segment, "a")).toString()).toBe("plain");
  });
});

describe("changing encryption", () => {
  const vaults = async ({ engine }: Awaited<ReturnType<typeof sealedSegment>>) => {
    const page = await engine.records.scan({ from: VAULT_PREFIX, to: utf8("g/vault0"), limit: 100 });
    return page.records.length;
  };

  test("an empty bucket can be encrypted and be plain again, and keeps its options and configurations", async () => {
    const opened = await sealedSegment("none");
    const { segment } = opened;
    await segment.namespace.updateBucket(BUCKET, { versionsKept: 7 });
    await segment.namespace.putConfig(BUCKET, "tagging", "kept");
    await segment.objects.put(object("gone"), utf8("x"));
    await segment.objects.delete(object("gone"));
    const changed = await segment.namespace.updateBucket(BUCKET, AES);
    expect(changed.options).toMatchObject({ encryption: "aes256", versionsKept: 7 });
    expect(await segment.namespace.getConfig(BUCKET, "tagging")).toBe("kept");
    await segment.objects.put(object("a"), utf8("x"));
    expect((await read(segment, "a")).toString()).toBe("x");
    expect(await codeOf(segment.namespace.updateBucket(BUCKET, { encryption: "none" }))).toBe("NOT_EMPTY");
    await segment.objects.delete(object("a"));
    await segment.namespace.updateBucket(BUCKET, { encryption: "none" });
    expect(await segment.namespace.getConfig(BUCKET, "tagging")).toBe("kept");
    await segment.objects.put(object("a"), utf8("y"));
    expect((await read(segment, "a")).toString()).toBe("y");
    await expect.poll(() => vaults(opened)).toBe(0);
  });

  test("a bucket with an object, an open upload or notifications is left as it is", async () => {
    const opened = await sealedSegment("none");
    const { segment } = opened;
    const { id } = await segment.uploads.create(object("a"));
    expect(await codeOf(segment.namespace.updateBucket(BUCKET, AES))).toBe("NOT_EMPTY");
    await segment.uploads.abort(object("a"), id);
    await segment.namespace.putConfig(BUCKET, "notification", "{}");
    expect(await codeOf(segment.namespace.updateBucket(BUCKET, AES))).toBe("CONFLICT");
    await segment.namespace.putConfig(BUCKET, "notification", undefined);
    await segment.objects.put(object("a"), utf8("x"));
    expect(await codeOf(segment.namespace.updateBucket(BUCKET, AES))).toBe("NOT_EMPTY");
    expect(await vaults(opened)).toBe(0);
    expect((await read(segment, "a")).toString()).toBe("x");
  });

  test("puts that come meanwhile are kept or refused, never unreadable", async () => {
    const { segment } = await sealedSegment("none");
    for (let round = 0; round < 12; round += 1) {
      const encryption = round % 2 === 0 ? "aes256" : "none";
      const names = ["a", "b", "c", "d"];
      const outcomes = await Promise.allSettled([
        ...names.slice(0, 2).map((name) => segment.objects.put(object(name), marked(200_000, round + 1))),
        segment.namespace.updateBucket(BUCKET, { encryption }).catch(() => undefined),
        ...names.slice(2).map((name) => segment.objects.put(object(name), utf8(`${round}`))),
      ]);
      for (const [index, name] of names.entries()) {
        const put = outcomes[index < 2 ? index : index + 1];
        if (put?.status === "rejected") expect(put.reason).toMatchObject({ code: "BUSY" });
        else expect((await read(segment, name)).length).toBeGreaterThan(0);
        await segment.objects.delete(object(name)).catch(() => undefined);
      }
    }
  });
});
