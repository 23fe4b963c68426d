/** Rot: one flipped bit anywhere is told as `corrupt` with what it hit, and no wrong byte is ever served. */
import { describe, expect, test } from "vitest";
import { toHex, utf8 } from "../../src/base/bytes.ts";
import { EfsError } from "../../src/base/errors.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { openMemoryEngine } from "../../src/engine/memory/memory-engine.ts";
import { logRecordKey } from "../../src/engine/meta-store.ts";
import { decodeNode } from "../../src/model/chunk-manifest.ts";
import type { ContentId } from "../../src/model/ids.ts";
import { bucketKeys, objectKey, smallKey } from "../../src/segment/keys.ts";
import type { Segment } from "../../src/segment/segment.ts";
import { BUCKET, bytesOf, codeOf, failureOf, object, TestClock, testSegment, withBucket } from "./support.ts";

const BODY = seededRandom(3).bytes(900_000);

type MemoryEngine = ReturnType<typeof openMemoryEngine>;

async function filled(): Promise<{ readonly segment: Segment; readonly engine: MemoryEngine }> {
  const clock = new TestClock();
  const engine = openMemoryEngine({ clock });
  const segment = await withBucket(await testSegment({ clock, engine }));
  return { segment, engine };
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

/** Reads to the end or to the failure; what came before the failure is given back. */
async function readAll(
  segment: Segment,
  name: string,
): Promise<{ bytes: Uint8Array; failure: EfsError | undefined }> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of (await segment.objects.get(object(name))).body) pieces.push(piece);
  } catch (thrown) {
    if (thrown instanceof EfsError) return { bytes: Buffer.concat(pieces), failure: thrown };
    throw thrown;
  }
  return { bytes: Buffer.concat(pieces), failure: undefined };
}

async function chunkIds(engine: Engine, root: ContentId): Promise<readonly ContentId[]> {
  const stored = await engine.chunks.get(root);
  if (stored === undefined) throw new Error("no root");
  const ids: ContentId[] = [];
  for (const reference of decodeNode(stored.bytes)) {
    if (reference.kind === "chunk") ids.push(reference.id);
    if (reference.kind === "node") ids.push(...(await chunkIds(engine, reference.id)));
  }
  return ids;
}

describe("damaged content", () => {
  test("a flipped bit in any chunk is told with object, version, chunk and offset, after the good bytes before it", async () => {
    const { segment, engine } = await filled();
    const version = await segment.objects.put(object("a"), BODY);
    if (version.content.kind !== "node") throw new Error("not a tree");
    const ids = await chunkIds(engine, version.content.id);
    expect(ids.length).toBeGreaterThan(3);
    let offset = 0;
    for (const [index, id] of ids.entries()) {
      const stored = await engine.chunks.get(id);
      if (stored === undefined) throw new Error("no chunk");
      engine.chunks.overwrite(id, flipped(stored.bytes, (index * 7919) % (stored.bytes.length * 8)));
      const { bytes, failure } = await readAll(segment, "a");
      expect(failure).toMatchObject({ code: "CHUNK_CORRUPT", kind: "corrupt" });
      expect(failure?.details).toEqual({
        object: "Hawaii/Cola/bk1/a",
        version: version.uvid,
        chunk: toHex(id),
        offset,
      });
      expect(Buffer.compare(bytes, BODY.subarray(0, offset))).toBe(0);
      engine.chunks.overwrite(id, stored.bytes);
      offset += stored.plainBytes;
    }
    expect(Buffer.compare((await readAll(segment, "a")).bytes, BODY)).toBe(0);
  });

  test("a flipped bit in a node, and a chunk that is gone, are told likewise", async () => {
    const { segment, engine } = await filled();
    const version = await segment.objects.put(object("a"), BODY);
    if (version.content.kind !== "node") throw new Error("not a tree");
    const root = version.content.id;
    const stored = await engine.chunks.get(root);
    if (stored === undefined) throw new Error("no node");
    for (let bit = 0; bit < stored.bytes.length * 8; bit += 13) {
      engine.chunks.overwrite(root, flipped(stored.bytes, bit));
      const { bytes, failure } = await readAll(segment, "a");
      expect(bytes.length).toBe(0);
      expect(failure).toMatchObject({
        code: "CHUNK_CORRUPT",
        details: { chunk: toHex(root), version: version.uvid },
      });
    }
    engine.chunks.overwrite(root, stored.bytes);
    const [, second] = await chunkIds(engine, root);
    if (second === undefined) throw new Error("no second chunk");
    engine.chunks.lose(second);
    const { failure } = await readAll(segment, "a");
    expect(failure).toMatchObject({ code: "CHUNK_MISSING", details: { chunk: toHex(second) } });
    const copied = await failureOf(segment.replication.readPlain({ kind: "chunk", id: second }));
    expect(copied).toMatchObject({ code: "CHUNK_MISSING" });
  });

  test("damaged small content is told, and a copy of it is not made silently", async () => {
    const { segment, engine } = await filled();
    const version = await segment.objects.put(object("a"), utf8("aloha"));
    if (version.content.kind !== "small") throw new Error("not small");
    engine.records.overwrite(smallKey(version.content.id), utf8("alohb"));
    const { bytes, failure } = await readAll(segment, "a");
    expect([bytes.length, failure?.code]).toEqual([0, "CHUNK_CORRUPT"]);
    expect(failure?.details).toMatchObject({ object: "Hawaii/Cola/bk1/a", version: version.uvid, offset: 0 });
    engine.records.overwrite(smallKey(version.content.id), undefined);
    expect((await readAll(segment, "a")).failure?.code).toBe("CHUNK_MISSING");
    expect(await codeOf(segment.objects.copy(object("a"), object("b")))).toBe("CHUNK_MISSING");
  });
});

describe("damaged records", () => {
  /** Rot that the engine's checksum finds: it throws what the seam says. */
  function rotten(engine: MemoryEngine, isRotten: (key: Uint8Array) => boolean): Engine {
    const { records } = engine;
    const check = (key: Uint8Array) => {
      if (!isRotten(key)) return;
      throw new EfsError("RECORD_CORRUPT", "a record is damaged", { details: { key: toHex(key) } });
    };
    return {
      ...engine,
      records: {
        get: async (key) => {
          check(key);
          return records.get(key);
        },
        getMany: async (keys) => {
          keys.forEach(check);
          return records.getMany(keys);
        },
        scan: async (options) => {
          const page = await records.scan(options);
          for (const { key } of page.records) check(key);
          return page;
        },
        commit: (batch) => records.commit(batch),
        lastPosition: (log) => records.lastPosition(log),
        watch: (prefix, onChange) => records.watch(prefix, onChange),
        syncCount: () => records.syncCount(),
        close: () => records.close(),
      },
    };
  }

  test("any flipped bit of an object's record is never read as another object", async () => {
    const { segment, engine } = await filled();
    const version = await segment.objects.put(object("a"), utf8("aloha"), { metadata: { k: "v" } });
    const { logId } = await segment.namespace.showBucket(BUCKET);
    const key = objectKey(bucketKeys(logId), object("a").object);
    const bytes = await engine.records.get(key);
    if (bytes === undefined) throw new Error("no record");
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      engine.records.overwrite(key, flipped(bytes, bit));
      // The engine's checksum finds rot; what passes it is still decoded with suspicion, and never crashes the reader.
      const read = await segment.objects
        .get(object("a"))
        .then(bytesOf)
        .catch((thrown: unknown) => thrown);
      if (read instanceof Uint8Array) expect(Buffer.from(read).toString()).toBe("aloha");
      else expect((read as EfsError).kind).toMatch(/corrupt|unsupported|not_found/);
    }
    engine.records.overwrite(key, bytes);
    expect(await segment.objects.show(object("a"))).toEqual(version);
  });

  test("a record that the engine finds damaged is told with the object's name", async () => {
    const { segment, engine } = await filled();
    await segment.objects.put(object("a"), utf8("1"));
    await segment.objects.put(object("b"), utf8("2"));
    const { logId } = await segment.namespace.showBucket(BUCKET);
    const rottenKey = toHex(objectKey(bucketKeys(logId), object("a").object));
    const engineOfRot = rotten(engine, (key) => toHex(key) === rottenKey);
    const reader = await testSegment({ engine: engineOfRot, seed: 2 });
    for (const failing of [
      reader.objects.get(object("a")),
      reader.objects.put(object("a"), utf8("3")),
      reader.objects.delete(object("a")),
    ]) {
      expect(await failureOf(failing)).toMatchObject({
        code: "RECORD_CORRUPT",
        details: { object: "Hawaii/Cola/bk1/a" },
      });
    }
    expect(await codeOf(reader.objects.list(BUCKET))).toBe("RECORD_CORRUPT");
    expect(Buffer.from(await bytesOf(await reader.objects.get(object("b")))).toString()).toBe("2");
  });

  test("a damaged log record is told with bucket and position, small content with the object", async () => {
    const { segment, engine } = await filled();
    await segment.objects.put(object("a"), utf8("1"));
    const version = await segment.objects.put(object("b"), utf8("2"));
    const { logId } = await segment.namespace.showBucket(BUCKET);
    const entryKey = logRecordKey(bucketKeys(logId).log, 2n);
    const entry = await engine.records.get(entryKey);
    if (entry === undefined) throw new Error("no entry");
    engine.records.overwrite(entryKey, entry.slice(0, -1));
    const failure = await failureOf(segment.replication.readLog(BUCKET, 0n, 10));
    expect(failure).toMatchObject({
      code: "RECORD_CORRUPT",
      details: { bucket: "Hawaii/Cola/bk1", position: 2 },
    });
    expect(await segment.replication.readLog(BUCKET, 0n, 1)).toHaveLength(1);
    const byEngine = await testSegment({
      engine: rotten(engine, (key) => toHex(key) === toHex(entryKey)),
      seed: 2,
    });
    expect(await codeOf(byEngine.replication.readLog(BUCKET, 1n, 10))).toBe("RECORD_CORRUPT");
    if (version.content.kind !== "small") throw new Error("not small");
    const small = toHex(smallKey(version.content.id));
    const smallRot = await testSegment({ engine: rotten(engine, (key) => toHex(key) === small), seed: 3 });
    const { failure: read } = await readAll(smallRot, "b");
    expect(read).toMatchObject({ code: "CHUNK_CORRUPT", details: { object: "Hawaii/Cola/bk1/b" } });
  });

  test("a segment whose records are lost is not opened as an empty one", async () => {
    const { segment, engine } = await filled();
    await segment.objects.put(object("a"), BODY);
    const { chunks } = engine;
    const lost = { ...openMemoryEngine({ clock: new TestClock() }), chunks };
    expect(await codeOf(testSegment({ engine: lost, seed: 2 }))).toBe("RECORD_CORRUPT");
    expect((await testSegment({ engine, seed: 2 })).guid).toBe(segment.guid);
  });

  test("a segment of a newer format is not opened", async () => {
    const { engine } = await filled();
    const stored = await engine.records.get(utf8("g/segment"));
    if (stored === undefined) throw new Error("no identity");
    const newer = stored.slice();
    newer[0] = 2;
    engine.records.overwrite(utf8("g/segment"), newer);
    expect(await codeOf(testSegment({ engine, seed: 2 }))).toBe("FORMAT_TOO_NEW");
    engine.records.overwrite(utf8("g/segment"), stored.slice(0, 10));
    expect((await failureOf(testSegment({ engine, seed: 2 }))).kind).toBe("corrupt");
  });
});
