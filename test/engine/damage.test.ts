/** Bits that flip in packs, in the chunk index, in records and in logs: reported, named, never served. */
import { describe, expect, it } from "vitest";
import { assert } from "../../src/base/assert.ts";
import { byteText } from "../../src/base/byte-text.ts";
import { compareBytes, equalBytes, toHex } from "../../src/base/bytes.ts";
import { EfsError } from "../../src/base/errors.ts";
import { silentLog } from "../../src/base/log.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { ChunkPut } from "../../src/engine/chunk-store.ts";
import { assembleLocal, type LocalStores } from "../../src/engine/local/assemble.ts";
import { Health } from "../../src/engine/local/health.ts";
import { Tree } from "../../src/engine/local/tree.ts";
import { logRecordKey } from "../../src/engine/meta-store.ts";
import { OrderedMap } from "../../src/engine/ordered-map.ts";
import { SimulatedDisk } from "../sim/disk.ts";
import { manualClock } from "./suite.ts";
import { chunkFrom, codeOf, key, text, value } from "./support.ts";

const PACK = "/data/packs/00000001.pack";

interface World {
  readonly disk: SimulatedDisk;
}

function open({ disk }: World): Promise<LocalStores> {
  return assembleLocal({ disk, clock: manualClock(), directory: "/data", salt: 7n, log: silentLog });
}

/** Changes the index behind the engine's back, with checksums that are right. */
async function changeIndex(
  { disk }: World,
  change: (tree: Tree, changes: OrderedMap<Uint8Array | undefined>) => void,
): Promise<void> {
  const health = new Health(silentLog);
  const tree = await Tree.open({ disk, directory: "/data/index", salt: 7n, health, log: silentLog });
  const changes = new OrderedMap<Uint8Array | undefined>();
  change(tree, changes);
  await tree.settle(changes, tree.applied);
  await tree.close();
}

/** Three chunks, a record, a counter and a log, all at rest. */
async function filledWorld(): Promise<World> {
  const world = { disk: new SimulatedDisk() };
  const stores = await open(world);
  await stores.chunks.putMany([chunkFrom(1, 40), chunkFrom(2, 300), chunkFrom(3, 10)]);
  await stores.records.commit({
    writes: [{ key: key("record"), value: value("the value") }],
    adds: [{ key: key("count"), delta: 3n }],
    appends: [{ log: key("log/"), value: value("entry") }],
  });
  await stores.close();
  return world;
}

async function errorOf(promise: Promise<unknown>): Promise<EfsError | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    assert(error instanceof EfsError, `not an EfsError: ${error}`);
    return error;
  }
}

describe("a damaged pack", () => {
  it("is reported for exactly the chunk that a flipped bit lies in, whichever bit it is", async () => {
    const world = await filledWorld();
    const stores = await open(world);
    const puts = [chunkFrom(1, 40), chunkFrom(2, 300), chunkFrom(3, 10)];
    const bytes = world.disk.bytesOf(PACK);
    let reported = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      const mask = 1 << (at % 8);
      bytes[at] = (bytes[at] ?? 0) ^ mask;
      let failureCount = 0;
      for (const put of puts) {
        const error = await errorOf(
          stores.chunks.get(put.key).then((found) => {
            assert(
              found && equalBytes(found.bytes, put.bytes) && found.plainBytes === put.plainBytes,
              "wrong bytes",
            );
          }),
        );
        if (error === undefined) continue;
        failureCount += 1;
        assert(error.code === "RECORD_CORRUPT" && error.details?.key === toHex(put.key), "the wrong error");
      }
      // The first 16 bytes are the header of the pack, which no chunk depends on.
      assert(failureCount === (at < 16 ? 0 : 1), `${failureCount} chunks are reported for byte ${at}`);
      reported += failureCount;
      bytes[at] = (bytes[at] ?? 0) ^ mask;
    }
    expect(reported).toBe(bytes.length - 16);
  });

  it("that is cut short or lost is reported, and what is put afterwards goes to a new pack", async () => {
    for (const lengthBytes of [0, 10, 16, 100, 300]) {
      const world = await filledWorld();
      const file = await world.disk.open(PACK, { create: false });
      await file.truncate(lengthBytes);
      const stores = await open(world);
      expect(await codeOf(stores.chunks.get(chunkFrom(3, 10).key))).toBe("RECORD_CORRUPT");
      await stores.chunks.putMany([chunkFrom(50, 100)]);
      await stores.close();
      const again = await open(world);
      expect((await again.chunks.get(chunkFrom(50, 100).key))?.bytes).toEqual(chunkFrom(50, 100).bytes);
      expect(world.disk.names()).toContain("/data/packs/00000002.pack");
    }
    const world = await filledWorld();
    await world.disk.remove(PACK);
    const stores = await open(world);
    expect(await codeOf(stores.chunks.get(chunkFrom(1, 40).key))).toBe("RECORD_CORRUPT");
    await stores.chunks.putMany([chunkFrom(50, 100)]);
    expect((await stores.chunks.get(chunkFrom(50, 100).key))?.bytes).toEqual(chunkFrom(50, 100).bytes);
  });

  it("is mended for the chunks that are put again once it was noticed, also after a restart", async () => {
    for (const isReopened of [false, true]) {
      const world = await filledWorld();
      const bytes = world.disk.bytesOf(PACK);
      bytes[200] = (bytes[200] ?? 0) ^ 1;
      const first = await open(world);
      expect(await codeOf(first.chunks.get(chunkFrom(1, 40).key))).toBe(undefined);
      const damaged = chunkFrom(2, 300);
      expect(await codeOf(first.chunks.get(damaged.key))).toBe("RECORD_CORRUPT");
      if (isReopened) await first.close();
      const stores = isReopened ? await open(world) : first;
      const before = stores.chunks.stats();
      expect(await stores.chunks.claim([chunkFrom(1, 40).key, damaged.key])).toEqual([true, false]);
      const again = [chunkFrom(1, 40), damaged, damaged];
      expect((await stores.chunks.putMany(again)).isNew).toEqual([false, true, false]);
      expect((await stores.chunks.get(damaged.key))?.bytes).toEqual(damaged.bytes);
      expect(await stores.chunks.claim([damaged.key])).toEqual([true]);
      expect({ ...stores.chunks.stats(), syncCount: 0 }).toEqual({ ...before, syncCount: 0 });
      await stores.close();
      expect((await (await open(world)).chunks.get(damaged.key))?.bytes).toEqual(damaged.bytes);
    }
  });

  it("that is cut short or lost is noticed on opening: what is put again is stored again", async () => {
    for (const lengthBytes of [undefined, 10, 100]) {
      const world = await filledWorld();
      if (lengthBytes === undefined) await world.disk.remove(PACK);
      else await (await world.disk.open(PACK, { create: false })).truncate(lengthBytes);
      const stores = await open(world);
      const puts = [chunkFrom(1, 40), chunkFrom(2, 300), chunkFrom(3, 10)];
      await stores.chunks.putMany(puts);
      for (const put of puts) expect((await stores.chunks.get(put.key))?.bytes).toEqual(put.bytes);
    }
  });

  it("gives back nothing that was cut away, also when what replaces it has the same length", async () => {
    const disk = new SimulatedDisk();
    const world = { disk };
    const stores = await open(world);
    await stores.chunks.putMany([chunkFrom(1, 100)]);
    // Two chunks reach the pack, and no index: the power goes before their journal frame is written.
    let writes = 0;
    disk.fault = (_step, kind) => {
      if (kind === "write") writes += 1;
      return kind === "write" && writes === 2 ? "crash before" : undefined;
    };
    await stores.chunks.putMany([chunkFrom(2, 100), chunkFrom(3, 100)]).catch(() => {});
    const found = disk.afterPowerLoss("everything", seededRandom(1));
    const bytes = found.bytesOf(PACK);
    const second = 16 + 156;
    bytes[second + 60] = (bytes[second + 60] ?? 0) ^ 1;
    const next = { disk: found };
    const again = await open(next);
    expect(await again.chunks.claim([chunkFrom(2, 100).key, chunkFrom(3, 100).key])).toEqual([false, false]);
    await again.chunks.putMany([chunkFrom(4, 100)]);
    await again.close();
    const last = await open(next);
    expect(await last.chunks.claim([chunkFrom(4, 100).key, chunkFrom(3, 100).key])).toEqual([true, false]);
  });

  it("is indexed anew from its own records when the index knows nothing of them", async () => {
    const world = await filledWorld();
    await changeIndex(world, (_tree, changes) => {
      for (const [seed, sizeBytes] of [
        [1, 40],
        [2, 300],
        [3, 10],
      ])
        changes.set(`c${byteText(chunkFrom(seed ?? 0, sizeBytes).key)}`, undefined);
      changes.set("mpacks", undefined);
    });
    const stores = await open(world);
    expect((await stores.chunks.get(chunkFrom(2, 300).key))?.bytes).toEqual(chunkFrom(2, 300).bytes);
    expect(stores.chunks.stats()).toMatchObject({ chunkCount: 3, storedBytes: 350 });
  });
});

/** Many chunks and records, so that they lie in several blocks of one run. */
async function largeWorld(): Promise<World> {
  const world = { disk: new SimulatedDisk() };
  const stores = await open(world);
  await stores.chunks.putMany(CHUNKS);
  await stores.records.commit({
    writes: NAMES.map((name) => ({ key: key(name), value: value(`the value of ${name}`) })),
    adds: [{ key: key("znumber"), delta: 3n }],
    appends: [{ log: key("zlog/"), value: value("entry") }],
  });
  await stores.close();
  return world;
}

const RUN = "/data/index/00000001.run";
const CHUNKS = Array.from({ length: 400 }, (_, index) => chunkFrom(index, 10));
const NAMES = Array.from({ length: 300 }, (_, index) => `record ${String(index).padStart(4, "0")}`);

/** Where a text stands in the run, as a key in a block. */
function placeOf({ disk }: World, needle: string): number {
  const at = Buffer.from(disk.bytesOf(RUN)).indexOf(needle, 0, "latin1");
  assert(at > 0, "it stands in the run");
  return at;
}

/** Calls `check` with an engine in whose run one bit is flipped, for some bits from `at` on. */
async function withFlips(
  world: World,
  at: number,
  check: (stores: LocalStores) => Promise<void>,
): Promise<void> {
  for (let index = 0; index < 8; index += 1) {
    const found = { disk: world.disk.afterPowerLoss("everything", seededRandom(1)) };
    const bytes = found.disk.bytesOf(RUN);
    bytes[at + index] = (bytes[at + index] ?? 0) ^ (1 << (index % 8));
    const stores = await open(found);
    await check(stores);
  }
}

describe("a damaged block of the index", () => {
  it("that holds a chunk's entry is reported with the key, and no wrong chunk is given", async () => {
    const world = await largeWorld();
    // The first in order, so that what opening reads is not in its block.
    const sorted = CHUNKS.toSorted((left, right) => compareBytes(left.key, right.key));
    const put = sorted[0] as ChunkPut;
    await withFlips(world, placeOf(world, `c${byteText(put.key)}`), async ({ chunks }) => {
      for (const attempt of [
        chunks.get(put.key),
        chunks.claim([put.key]),
        chunks.putMany([put]),
        chunks.deleteUnclaimed([put.key], 4_000_000_000_000),
      ]) {
        const error = await errorOf(attempt);
        assert(error?.code === "RECORD_CORRUPT" && error.details?.key === toHex(put.key), "the wrong error");
        assert(error.details?.file === RUN && error.details?.offset === 0, "the wrong place");
      }
      expect(await codeOf(chunks.list(undefined, 10))).toBe("RECORD_CORRUPT");
      expect((await chunks.get((sorted[399] as ChunkPut).key))?.bytes.length).toBe(10);
    });
  });

  it("that holds a record is reported with its key by get, getMany, scan and as the subject of a check", async () => {
    const world = await largeWorld();
    for (const name of [key("record 0250"), key("znumber"), logRecordKey(key("zlog/"), 1n)]) {
      await withFlips(world, placeOf(world, `r${byteText(name)}`), async ({ records }) => {
        for (const attempt of [
          records.get(name),
          records.getMany([key("other"), name]),
          records.commit({ checks: [{ key: name, expected: undefined }] }),
          records.commit({ adds: [{ key: name, delta: 1n }] }),
        ]) {
          const error = await errorOf(attempt);
          assert(error?.code === "RECORD_CORRUPT" && error.details?.key === toHex(name), "the wrong error");
        }
        const all = { from: key("a"), to: key("zz"), limit: 1000 };
        expect(await codeOf(records.scan(all))).toBe("RECORD_CORRUPT");
        expect(await codeOf(records.scan({ ...all, direction: "backward" }))).toBe("RECORD_CORRUPT");
        expect(text(await records.get(key("record 0000")))).toBe("the value of record 0000");
      });
    }
  });

  it("keeps nobody from writing its records anew, and is not merged away", async () => {
    const world = await largeWorld();
    const at = placeOf(world, "rrecord 0250");
    world.disk.bytesOf(RUN)[at] = 0;
    for (let round = 0; round < 9; round += 1) {
      const stores = await open(world);
      expect(await codeOf(stores.records.get(key("record 0251")))).toBe("RECORD_CORRUPT");
      await stores.records.commit({ writes: [{ key: key("record 0250"), value: value(`new ${round}`) }] });
      await stores.records.commit({
        writes: NAMES.slice(0, 100).map((name) => ({ key: key(name), value: value("new") })),
      });
      expect(text(await stores.records.get(key("record 0250")))).toBe(`new ${round}`);
      await stores.close();
    }
    const stores = await open(world);
    expect(text(await stores.records.get(key("record 0250")))).toBe("new 8");
    expect(await codeOf(stores.records.get(key("record 0251")))).toBe("RECORD_CORRUPT");
    expect(world.disk.names()).toContain(RUN);
  });

  it("that holds a log's last position stops that log, and no position is given twice", async () => {
    const world = { disk: new SimulatedDisk() };
    const first = await open(world);
    await first.chunks.putMany(CHUNKS);
    await first.records.commit({
      appends: Array.from({ length: 300 }, (_, index) => ({ log: key(`log ${index}/`), value: value("1") })),
    });
    await first.close();
    const at = placeOf(world, "hlog 150/");
    world.disk.bytesOf(RUN)[at + 12] = 9;
    const stores = await open(world);
    const log = key("log 150/");
    expect(await codeOf(stores.records.lastPosition(log))).toBe("RECORD_CORRUPT");
    expect(await codeOf(stores.records.commit({ appends: [{ log, value: value("2") }] }))).toBe(
      "RECORD_CORRUPT",
    );
  });
});

describe("an entry of the chunk index", () => {
  it("that names another chunk's place does not give that chunk", async () => {
    const world = await filledWorld();
    const nameOf = (seed: number, sizeBytes: number) => `c${byteText(chunkFrom(seed, sizeBytes).key)}`;
    await changeIndex(world, (tree, changes) => changes.set(nameOf(2, 300), tree.get(nameOf(3, 10))));
    const stores = await open(world);
    expect(await codeOf(stores.chunks.get(chunkFrom(2, 300).key))).toBe("RECORD_CORRUPT");
  });

  it("or a counter or last position of another length than theirs is reported", async () => {
    const world = await filledWorld();
    const name = `c${byteText(chunkFrom(2, 300).key)}`;
    await changeIndex(world, (_tree, changes) => {
      for (const each of [name, "rcount", "hlog/"]) changes.set(each, new Uint8Array(3));
    });
    const stores = await open(world);
    expect(await codeOf(stores.chunks.get(chunkFrom(2, 300).key))).toBe("RECORD_CORRUPT");
    expect(await codeOf(stores.records.commit({ adds: [{ key: key("count"), delta: 1n }] }))).toBe(
      "RECORD_CORRUPT",
    );
    expect(await codeOf(stores.records.lastPosition(key("log/")))).toBe("RECORD_CORRUPT");
  });
});
