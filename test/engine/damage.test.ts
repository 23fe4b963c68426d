/** Bits that flip in packs, in the chunk index, in records and in logs: reported, named, never served. */
import { describe, expect, it } from "vitest";
import { assert } from "../../src/base/assert.ts";
import { equalBytes, toHex } from "../../src/base/bytes.ts";
import { EfsError } from "../../src/base/errors.ts";
import { silentLog } from "../../src/base/log.ts";
import { seededRandom } from "../../src/base/random.ts";
import { assembleLocal, type LocalStores } from "../../src/engine/local/assemble.ts";
import { logRecordKey } from "../../src/engine/meta-store.ts";
import { SimulatedDisk } from "../sim/disk.ts";
import { SimulatedTree } from "../sim/disk-tree.ts";
import { manualClock } from "./suite.ts";
import { chunkFrom, codeOf, key, value } from "./support.ts";

const PACK = "/data/packs/00000001.pack";

interface World {
  readonly disk: SimulatedDisk;
  readonly tree: SimulatedTree;
}

function open({ disk, tree }: World): Promise<LocalStores> {
  return assembleLocal({ disk, tree, clock: manualClock(), directory: "/data", salt: 7n, log: silentLog });
}

/** Three chunks, a record, a counter and a log, all at rest. */
async function filledWorld(): Promise<World> {
  const disk = new SimulatedDisk();
  const world = { disk, tree: new SimulatedTree(disk) };
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
    const world = { disk, tree: new SimulatedTree(disk) };
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
    const next = { disk: found, tree: new SimulatedTree(found, world.tree) };
    const again = await open(next);
    expect(await again.chunks.claim([chunkFrom(2, 100).key, chunkFrom(3, 100).key])).toEqual([false, false]);
    await again.chunks.putMany([chunkFrom(4, 100)]);
    await again.close();
    const last = await open(next);
    expect(await last.chunks.claim([chunkFrom(4, 100).key, chunkFrom(3, 100).key])).toEqual([true, false]);
  });

  it("is indexed anew from its own records when the index knows nothing of them", async () => {
    const world = await filledWorld();
    for (const name of [...world.tree.records.keys()]) {
      if (name.startsWith("63") || name === Buffer.from("mpacks").toString("hex"))
        world.tree.records.delete(name);
    }
    const stores = await open(world);
    expect((await stores.chunks.get(chunkFrom(2, 300).key))?.bytes).toEqual(chunkFrom(2, 300).bytes);
    expect(stores.chunks.stats()).toMatchObject({ chunkCount: 3, storedBytes: 350 });
  });
});

describe("a damaged index", () => {
  it("is reported for every entry in which any bit flips, and no wrong chunk is given", async () => {
    const world = await filledWorld();
    const stores = await open(world);
    const put = chunkFrom(2, 300);
    const name = Buffer.concat([Buffer.from("c"), put.key]).toString("hex");
    const entry = world.tree.records.get(name);
    assert(entry !== undefined, "the entry is in the tree");
    for (let at = 0; at < entry.length; at += 1) {
      const flipped = entry.slice();
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      world.tree.records.set(name, flipped);
      for (const attempt of [
        stores.chunks.get(put.key),
        stores.chunks.claim([put.key]),
        stores.chunks.putMany([put]),
        stores.chunks.list(undefined, 10),
        stores.chunks.deleteUnclaimed([put.key], 4_000_000_000_000),
      ]) {
        const error = await errorOf(attempt);
        assert(error?.code === "RECORD_CORRUPT" && error.details?.key === toHex(put.key), "the wrong error");
      }
    }
    world.tree.records.set(name, entry.slice(0, 3));
    expect(await codeOf(stores.chunks.get(put.key))).toBe("RECORD_CORRUPT");
  });

  it("that names another chunk's place does not give that chunk", async () => {
    const world = await filledWorld();
    const nameOf = (seed: number, sizeBytes: number) =>
      Buffer.concat([Buffer.from("c"), chunkFrom(seed, sizeBytes).key]).toString("hex");
    const other = world.tree.records.get(nameOf(3, 10));
    assert(other !== undefined, "the entry is in the tree");
    world.tree.records.set(nameOf(2, 300), other);
    const stores = await open(world);
    expect(await codeOf(stores.chunks.get(chunkFrom(2, 300).key))).toBe("RECORD_CORRUPT");
  });
});

describe("a damaged record", () => {
  it("is reported with its key for any bit that flips, by get, getMany, scan and as the subject of a check", async () => {
    const world = await filledWorld();
    const stores = await open(world);
    for (const name of [key("record"), key("count"), logRecordKey(key("log/"), 1n)]) {
      const stored = Buffer.concat([Buffer.from("r"), name]).toString("hex");
      const before = world.tree.records.get(stored);
      assert(before !== undefined, "the record is in the tree");
      for (let at = 0; at < before.length; at += 1) {
        const flipped = before.slice();
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
        world.tree.records.set(stored, flipped);
        for (const attempt of [
          stores.records.get(name),
          stores.records.getMany([key("other"), name]),
          stores.records.scan({ from: key("a"), to: key("z"), limit: 100 }),
          stores.records.scan({ from: key("a"), to: key("z"), direction: "backward", limit: 100 }),
          stores.records.commit({ checks: [{ key: name, expected: undefined }] }),
          stores.records.commit({ adds: [{ key: name, delta: 1n }] }),
        ]) {
          const error = await errorOf(attempt);
          assert(error?.code === "RECORD_CORRUPT" && error.details?.key === toHex(name), "the wrong error");
        }
      }
      world.tree.records.set(stored, before);
    }
    expect((await stores.records.commit({ adds: [{ key: key("count"), delta: 1n }] })).isCommitted).toBe(
      true,
    );
  });

  it("can be written over, and others are not touched by it", async () => {
    const world = await filledWorld();
    const stored = Buffer.concat([Buffer.from("r"), key("record")]).toString("hex");
    world.tree.records.set(stored, new Uint8Array(3));
    const stores = await open(world);
    expect(await codeOf(stores.records.get(key("record")))).toBe("RECORD_CORRUPT");
    await stores.records.commit({ writes: [{ key: key("record"), value: value("new") }] });
    expect(await stores.records.get(key("record"))).toEqual(value("new"));
    expect((await stores.records.scan({ from: key("a"), to: key("z"), limit: 10 })).records.length).toBe(3);
  });

  it("of a log's last position stops that log, and no position is given twice", async () => {
    const world = await filledWorld();
    const stored = Buffer.concat([Buffer.from("h"), key("log/")]).toString("hex");
    const head = world.tree.records.get(stored);
    assert(head !== undefined, "the log's last position is in the tree");
    head[head.length - 1] = 0;
    const stores = await open(world);
    expect(await codeOf(stores.records.lastPosition(key("log/")))).toBe("RECORD_CORRUPT");
    expect(await codeOf(stores.records.commit({ appends: [{ log: key("log/"), value: value("2") }] }))).toBe(
      "RECORD_CORRUPT",
    );
  });
});
