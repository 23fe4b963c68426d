/** The sentences of chunk-store.ts that hold without a crash; crashes are in crash.test.ts. */
import { describe, expect, it } from "vitest";
import { compareBytes, toHex } from "../../src/base/bytes.ts";
import type { ChunkPut, ChunkStore, StoredChunk } from "../../src/engine/chunk-store.ts";
import { CHUNK_BYTES_MAX, PUT_BYTES_MAX } from "../../src/engine/limits.ts";
import type { EngineUnderTest } from "./suite.ts";
import { chunkFrom, chunkOf, codeOf } from "./support.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

export function describeChunks(current: () => EngineUnderTest): void {
  describe("chunks", () => {
    describePutting(current);
    describeReading(current);
    describeClaiming(current);
    describeListing(current);
    describeLimits(current);
  });
}

/** A chunk's facts in a form that is compared quickly. */
function shown(chunk: StoredChunk | undefined) {
  return chunk && [chunk.codec, chunk.keyId, chunk.plainBytes, toHex(chunk.bytes)];
}

async function read(chunks: ChunkStore, puts: readonly ChunkPut[]) {
  return (await chunks.getMany(puts.map((chunk) => chunk.key))).map(shown);
}

function seeds(from: number, count: number, sizeBytes = 100): readonly ChunkPut[] {
  return Array.from({ length: count }, (_, index) => chunkFrom(from + index, sizeBytes));
}

async function here(chunks: ChunkStore, puts: readonly ChunkPut[]): Promise<readonly boolean[]> {
  return (await chunks.getMany(puts.map((chunk) => chunk.key))).map((found) => found !== undefined);
}

function describePutting(current: () => EngineUnderTest): void {
  it("gives back what was put, with its facts, also after it was opened anew", async () => {
    const test = current();
    const puts = [
      chunkFrom(1, 0),
      chunkFrom(2, 1),
      { ...chunkFrom(3, 70_000), codec: 255, keyId: 0xffffffff, plainBytes: 0xffffffff },
    ];
    expect(await test.engine.chunks.putMany(puts)).toEqual({ isNew: [true, true, true] });
    expect(await read(test.engine.chunks, puts)).toEqual(puts.map(shown));
    await test.reopen();
    if (test.canReopen) {
      expect(await read(test.engine.chunks, puts)).toEqual(puts.map(shown));
    }
  });

  it("says for each chunk whether it was new, also twice in one call", async () => {
    const { chunks } = current().engine;
    const [first, second, third] = seeds(1, 3) as [ChunkPut, ChunkPut, ChunkPut];
    await chunks.putMany([first]);
    const outcome = await chunks.putMany([second, first, third, second]);
    expect(outcome.isNew).toEqual([true, false, true, false]);
  });

  it("keeps the first bytes of a key", async () => {
    const { chunks } = current().engine;
    const first = chunkFrom(1);
    await chunks.putMany([first]);
    await chunks.putMany([{ ...first, codec: 1, bytes: new Uint8Array([1, 2, 3]) }]);
    expect(shown(await chunks.get(first.key))).toEqual(shown(first));
  });

  it("makes one of many calls in flight the one that stored a chunk; all resolve when it is there", async () => {
    const { chunks } = current().engine;
    const puts = seeds(1, 5);
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const outcome = await chunks.putMany(puts);
        expect(await here(chunks, puts)).toEqual(puts.map(() => true));
        return outcome;
      }),
    );
    for (const index of puts.keys()) {
      expect(outcomes.filter((outcome) => outcome.isNew[index]).length).toBe(1);
    }
    expect(chunks.stats().chunkCount).toBe(5);
  });

  it("counts chunks and stored bytes, over a reopening", async () => {
    const test = current();
    await test.engine.chunks.putMany(seeds(1, 10, 1000));
    await test.engine.chunks.putMany(seeds(5, 10, 1000));
    expect(test.engine.chunks.stats()).toMatchObject({ chunkCount: 14, storedBytes: 14_000 });
    await test.reopen();
    if (test.canReopen)
      expect(test.engine.chunks.stats()).toMatchObject({ chunkCount: 14, storedBytes: 14_000 });
  });

  it("takes nothing and gives nothing for an empty call", async () => {
    const { chunks } = current().engine;
    expect(await chunks.putMany([])).toEqual({ isNew: [] });
    expect(await chunks.getMany([])).toEqual([]);
    expect(await chunks.claim([])).toEqual([]);
  });
}

function describeReading(current: () => EngineUnderTest): void {
  it("gives undefined for a chunk that is not here", async () => {
    expect(await current().engine.chunks.get(chunkFrom(1).key)).toBeUndefined();
  });

  it("gives many in the order asked for, with repeats and absent ones", async () => {
    const { chunks } = current().engine;
    const puts = seeds(1, 40, 3000);
    await chunks.putMany(puts);
    const order = [39, 0, 1, 1, 100, 20, 2, 38].map((index) => puts[index] ?? chunkFrom(999));
    const expected = order.map((chunk, index) => (index === 4 ? undefined : shown(chunk)));
    expect(await read(chunks, order)).toEqual(expected);
  });

  it("reads in parallel with writes", async () => {
    const { chunks } = current().engine;
    const puts = seeds(1, 20, 20_000);
    await chunks.putMany(puts);
    const writing = chunks.putMany(seeds(100, 50, 20_000));
    const found = await Promise.all(puts.map((chunk) => chunks.get(chunk.key)));
    expect(found.map(shown)).toEqual(puts.map(shown));
    await writing;
  });
}

function describeClaiming(current: () => EngineUnderTest): void {
  it("says which keys are here, in order", async () => {
    const { chunks } = current().engine;
    const [first, second, third] = seeds(1, 3) as [ChunkPut, ChunkPut, ChunkPut];
    await chunks.putMany([first, third]);
    expect(await chunks.claim([third.key, second.key, first.key, third.key])).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  it("removes what nobody claimed or put since, and says how many", async () => {
    const test = current();
    const puts = seeds(1, 4);
    const keys = puts.map((chunk) => chunk.key);
    await test.engine.chunks.putMany(puts);
    test.clock.nowMs += 10 * DAY_MS;
    const beforeMs = test.clock.nowMs;
    await test.engine.chunks.claim([keys[0] as Uint8Array]);
    await test.engine.chunks.putMany([puts[1] as ChunkPut]);
    await test.reopen();
    if (!test.canReopen) await test.engine.chunks.claim([]);
    expect(await test.engine.chunks.deleteUnclaimed([...keys, chunkFrom(99).key], beforeMs)).toBe(2);
    expect(await here(test.engine.chunks, puts)).toEqual([true, true, false, false]);
    expect(test.engine.chunks.stats()).toMatchObject({ chunkCount: 2, storedBytes: 200 });
    await test.reopen();
    if (test.canReopen) expect(await here(test.engine.chunks, puts)).toEqual([true, true, false, false]);
  });

  it("removes nothing that was put or claimed at or after the moment", async () => {
    const test = current();
    const puts = seeds(1, 3);
    const keys = puts.map((chunk) => chunk.key);
    await test.engine.chunks.putMany(puts);
    expect(await test.engine.chunks.deleteUnclaimed(keys, test.clock.nowMs)).toBe(0);
    for (let step = 0; step < 5; step += 1) {
      test.clock.nowMs += DAY_MS / 3;
      await test.engine.chunks.claim(keys);
      expect(await test.engine.chunks.deleteUnclaimed(keys, test.clock.nowMs)).toBe(0);
    }
    expect(await test.engine.chunks.claim(keys)).toEqual([true, true, true]);
  });

  it("takes a chunk in again after it was removed", async () => {
    const test = current();
    const chunk = chunkFrom(1);
    await test.engine.chunks.putMany([chunk]);
    test.clock.nowMs += DAY_MS;
    expect(await test.engine.chunks.deleteUnclaimed([chunk.key], test.clock.nowMs)).toBe(1);
    expect(await test.engine.chunks.claim([chunk.key])).toEqual([false]);
    expect(await test.engine.chunks.putMany([chunk])).toEqual({ isNew: [true] });
    await test.reopen();
    if (test.canReopen) expect(shown(await test.engine.chunks.get(chunk.key))).toEqual(shown(chunk));
  });

  it("answers true to a claim, or isNew false to a put, only for chunks that a removal in flight leaves", async () => {
    const test = current();
    const puts = seeds(1, 30);
    const keys = puts.map((chunk) => chunk.key);
    await test.engine.chunks.putMany(puts);
    for (let round = 0; round < 5; round += 1) {
      test.clock.nowMs += 10 * DAY_MS;
      const removing = test.engine.chunks.deleteUnclaimed(keys, test.clock.nowMs);
      const claiming = test.engine.chunks.claim(keys);
      const putting = test.engine.chunks.putMany(puts.slice(0, 10));
      const [claimed] = await Promise.all([claiming, putting, removing]);
      const found = await here(test.engine.chunks, puts);
      expect(found.slice(0, 10).every(Boolean)).toBe(true);
      expect(claimed.every((isClaimed, index) => !isClaimed || found[index])).toBe(true);

      test.clock.nowMs += 10 * DAY_MS;
      await test.engine.chunks.putMany(puts);
      test.clock.nowMs += 10 * DAY_MS;
      const claimingFirst = test.engine.chunks.claim(keys.slice(0, 5));
      const puttingFirst = test.engine.chunks.putMany(puts.slice(5, 10));
      await test.engine.chunks.deleteUnclaimed(keys, test.clock.nowMs);
      expect(await claimingFirst).toEqual(Array(5).fill(true));
      expect((await puttingFirst).isNew).toEqual(Array(5).fill(false));
      expect((await here(test.engine.chunks, puts)).slice(0, 10)).toEqual(Array(10).fill(true));
      await test.engine.chunks.putMany(puts);
    }
  });
}

function describeListing(current: () => EngineUnderTest): void {
  it("lists in order of the keys, above a key, up to a limit, over a reopening", async () => {
    const test = current();
    const puts = [...seeds(1, 25, 10), ...seeds(100, 5, 20)];
    await test.engine.chunks.putMany(puts.slice(0, 10));
    await test.reopen();
    await test.engine.chunks.putMany(puts);
    const sorted = puts.toSorted((left, right) => compareBytes(left.key, right.key));
    const expected = sorted.map(({ key, bytes, plainBytes }) => ({
      key,
      storedBytes: bytes.length,
      plainBytes,
    }));
    expect(await test.engine.chunks.list(undefined, 100)).toEqual(expected);
    expect(await test.engine.chunks.list(undefined, 7)).toEqual(expected.slice(0, 7));
    expect(await test.engine.chunks.list(expected[6]?.key, 7)).toEqual(expected.slice(7, 14));
    expect(await test.engine.chunks.list(expected[29]?.key, 7)).toEqual([]);
  });
}

function describeLimits(current: () => EngineUnderTest): void {
  const MIB = 1024 * 1024;

  it("takes chunks and calls up to the limit", async () => {
    const { chunks } = current().engine;
    const large = seeds(1, 16, MIB);
    await chunks.putMany(large);
    expect(await here(chunks, large)).toEqual(large.map(() => true));
    const many = seeds(100, 1024, 1);
    await chunks.putMany(many);
    expect((await here(chunks, many)).every(Boolean)).toBe(true);
  });

  it("refuses calls over the limit with LIMIT, and stores nothing of them", async () => {
    const { chunks } = current().engine;
    expect(await codeOf(chunks.putMany(seeds(1, 1025, 1)))).toBe("LIMIT");
    expect(await codeOf(chunks.putMany([chunkOf(new Uint8Array(CHUNK_BYTES_MAX + 1))]))).toBe("LIMIT");
    const over = [...seeds(1, 16, MIB), chunkFrom(99, PUT_BYTES_MAX - 16 * MIB + 1)];
    expect(await codeOf(chunks.putMany(over))).toBe("LIMIT");
    const { key } = chunkFrom(1);
    expect(await codeOf(chunks.getMany(Array.from({ length: 1025 }, () => key)))).toBe("LIMIT");
    expect(await codeOf(chunks.claim(Array.from({ length: 10_001 }, () => key)))).toBe("LIMIT");
    expect(chunks.stats().chunkCount).toBe(0);
  });

  it("refuses a key that is not 32 bytes long as a bug", async () => {
    const { chunks } = current().engine;
    await expect(chunks.get(new Uint8Array(31))).rejects.toThrow("32 bytes");
  });
}
