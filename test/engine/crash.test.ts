/**
 * Power goes at every step of a history of puts, claims, removals and commits, over a disk that loses and tears what
 * was not synced. After each crash the engine opens, and the invariants at the top of chunk-store.ts and meta-store.ts
 * hold for everything that had been answered.
 */
import { describe, expect, it } from "vitest";
import { assert } from "../../src/base/assert.ts";
import { equalBytes } from "../../src/base/bytes.ts";
import { silentLog } from "../../src/base/log.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { ChunkPut } from "../../src/engine/chunk-store.ts";
import { assembleLocal, type LocalStores } from "../../src/engine/local/assemble.ts";
import { logRecordKey } from "../../src/engine/meta-store.ts";
import { type Fault, SimulatedDisk, type Survival, systemError } from "../sim/disk.ts";
import { type ManualClock, manualClock } from "./suite.ts";
import { chunkFrom, codeOf, key, text, value } from "./support.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const LOG = key("log/");
const SURVIVALS: ReadonlyArray<readonly [Survival, seed: number]> = [
  ["nothing", 0],
  ["everything", 0],
  ["some", 1],
  ["some", 2],
];

interface World {
  readonly disk: SimulatedDisk;
  readonly clock: ManualClock;
}

function freshWorld(): World {
  return { disk: new SimulatedDisk(), clock: manualClock() };
}

function afterPowerLoss(world: World, survival: Survival, seed: number): World {
  world.disk.kill();
  return { disk: world.disk.afterPowerLoss(survival, seededRandom(seed)), clock: world.clock };
}

/** Small packs and a small journal, so that rolling and wrapping happen within the history. */
function open({ disk, clock }: World): Promise<LocalStores> {
  return assembleLocal({
    disk,
    clock,
    directory: "/data",
    salt: 7n,
    log: silentLog,
    packBytesMax: 6000,
    journalFileBytes: 5 * 4096,
  });
}

/** What the caller was told, and in which order chunks were offered. */
interface Told {
  /** Chunks in the order of the calls; a call's chunks are all here before it is made. */
  readonly offered: ChunkPut[];
  readonly durable: Set<ChunkPut>;
  readonly removed: Set<ChunkPut>;
  readonly leaving: Set<ChunkPut>;
  readonly committed: Set<number>;
  readonly positions: Set<bigint>;
}

function nothingTold(): Told {
  return {
    offered: [],
    durable: new Set(),
    removed: new Set(),
    leaving: new Set(),
    committed: new Set(),
    positions: new Set(),
  };
}

/** The history: every kind of change, some in flight together. */
async function live(stores: LocalStores, clock: ManualClock, told: Told): Promise<void> {
  const { chunks, records } = stores;
  const put = async (from: number, count: number) => {
    const puts = Array.from({ length: count }, (_, index) =>
      chunkFrom(from + index, 100 + ((from + index) % 5) * 300),
    );
    told.offered.push(...puts);
    await chunks.putMany(puts);
    for (const chunk of puts) told.durable.add(chunk);
  };
  const commit = async (number: number) => {
    const outcome = await records.commit({
      checks: [{ key: key(`left${number}`), expected: undefined }],
      writes: [
        { key: key(`left${number}`), value: value("l".repeat(200)) },
        { key: key(`right${number}`), value: new Uint8Array(8), position: { append: 0, offset: 0 } },
      ],
      adds: [{ key: key("count"), delta: 1n }],
      appends: [{ log: LOG, value: value(`${number}`) }],
    });
    if (!outcome.isCommitted) return;
    told.committed.add(number);
    for (const position of outcome.positions) told.positions.add(position);
  };
  await put(0, 3);
  await commit(1);
  await Promise.all([put(10, 4), put(20, 1), commit(2), commit(3), put(30, 6)]);
  const old = told.offered.slice(0, 3);
  clock.nowMs += 10 * DAY_MS;
  await chunks.claim([old[0] as ChunkPut].map((chunk) => chunk.key));
  for (const chunk of old.slice(1)) told.leaving.add(chunk);
  await chunks.deleteUnclaimed(
    old.map((chunk) => chunk.key),
    clock.nowMs,
  );
  for (const chunk of old.slice(1)) told.removed.add(chunk);
  await Promise.all([commit(4), commit(5), put(40, 2)]);
  await Promise.all([put(50, 1), put(60, 5), commit(6)]);
  for (let number = 7; number < 32; number += 1) await commit(number);
  await Promise.all([put(70, 2), put(80, 2)]);
}

async function checkInvariants(stores: LocalStores, told: Told): Promise<void> {
  const { chunks, records } = stores;
  const isHere: boolean[] = [];
  for (const chunk of told.offered) {
    const found = await chunks.get(chunk.key);
    isHere.push(found !== undefined);
    if (found !== undefined) assert(equalBytes(found.bytes, chunk.bytes), "a chunk has other bytes");
    if (told.removed.has(chunk))
      assert(found === undefined, "a chunk is here after its removal was answered");
    else if (told.durable.has(chunk) && !told.leaving.has(chunk))
      assert(found !== undefined, "a chunk is lost");
  }
  const staying = isHere.filter((_, index) => !told.leaving.has(told.offered[index] as ChunkPut));
  assert(staying.lastIndexOf(true) === staying.filter(Boolean).length - 1, "what is here is not a prefix");

  const head = await records.lastPosition(LOG);
  for (const position of told.positions) assert(position <= head, "a position that was given is lost");
  for (let position = 1n; position <= head; position += 1n) {
    const number = text(await records.get(logRecordKey(LOG, position)));
    assert(number !== undefined, "a log has a gap");
    assert((await records.get(key(`left${number}`))) !== undefined, "half of a batch is lost");
    assert(numberIn(await records.get(key(`right${number}`))) === position, "a value has another position");
  }
  for (const number of told.committed) {
    assert((await records.get(key(`left${number}`))) !== undefined, "a commit is lost");
  }
  assert(numberIn(await records.get(key("count"))) === head, "the counter and the log are apart");
  const listed = await chunks.list(undefined, 1000);
  assert(chunks.stats().chunkCount === listed.length, "the count of chunks is wrong");
}

function numberIn(bytes: Uint8Array | undefined): bigint {
  return bytes === undefined ? 0n : new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
}

/** The engine is as good as new: it takes chunks and commits, and keeps them over a clean close. */
async function checkGoesOn(world: World, stores: LocalStores, told: Told): Promise<void> {
  const more = [chunkFrom(1000, 500), chunkFrom(1001, 50), ...told.offered.slice(0, 4)];
  await stores.chunks.putMany(more);
  await stores.records.commit({ writes: [{ key: key("more"), value: value("1") }] });
  await stores.close();
  const again = await open(world);
  const found = await again.chunks.getMany(more.map((chunk) => chunk.key));
  found.forEach((chunk, index) => {
    assert(
      chunk && equalBytes(chunk.bytes, more[index]?.bytes ?? chunk.bytes),
      "a chunk is lost after the crash",
    );
  });
  assert(text(await again.records.get(key("more"))) === "1", "a commit is lost after the crash");
  await again.close();
}

async function liveUntil(world: World, fault: Fault): Promise<Told> {
  const told = nothingTold();
  world.disk.fault = fault;
  try {
    const stores = await open(world);
    await live(stores, world.clock, told);
    await stores.close();
  } catch {
    // The power went, or the fault was reported; what counts is what was told before.
  }
  return told;
}

async function stepsOfWholeHistory(): Promise<number> {
  const world = freshWorld();
  const told = await liveUntil(world, () => undefined);
  expect(told.committed.size).toBe(31);
  expect(told.durable.size).toBe(26);
  // Rounds, and merges with what they remove, are part of the history.
  expect(world.disk.steps.filter((kind) => kind === "rename").length).toBeGreaterThan(5);
  expect(world.disk.steps).toContain("remove");
  await checkInvariants(await open(world), told);
  return world.disk.stepCount;
}

describe("a crash", () => {
  it("at any step of the history keeps every invariant", async () => {
    const stepCount = await stepsOfWholeHistory();
    expect(stepCount).toBeGreaterThan(50);
    for (let step = 0; step < stepCount; step += 1) {
      for (const when of ["crash before", "crash after"] as const) {
        // Each way to survive at every second step, so that all meet every kind of step.
        for (const [survival, seed] of SURVIVALS.filter((_, index) => (index + step) % 2 === 0)) {
          const world = freshWorld();
          const told = await liveUntil(world, (current) => (current === step ? when : undefined));
          const found = afterPowerLoss(world, survival, seed * 1000 + step);
          const stores = await open(found).catch((error) => {
            throw new Error(`${when} step ${step}, ${survival} ${seed}: ${error}`, { cause: error });
          });
          await checkInvariants(stores, told);
          await checkGoesOn(found, stores, told);
        }
      }
    }
  });

  it("during the recovery from a crash keeps every invariant", async () => {
    const stepCount = await stepsOfWholeHistory();
    for (let step = 3; step < stepCount; step += 5) {
      const world = freshWorld();
      const told = await liveUntil(world, (current) => (current === step ? "crash after" : undefined));
      for (let second = 0; ; second += 1) {
        const found = afterPowerLoss(world, "some", step);
        found.disk.fault = (current) => (current === second ? "crash after" : undefined);
        const isOpen = await open(found).then(
          () => true,
          () => false,
        );
        const again = afterPowerLoss(found, "some", second);
        const stores = await open(again);
        await checkInvariants(stores, told);
        if (isOpen) break;
      }
    }
  });
});

describe("a failed sync", () => {
  it("at any place fails what waits for it, makes the engine read-only, and harms nothing answered", async () => {
    const stepCount = await stepsOfWholeHistory();
    let failureCount = 0;
    for (let step = 0; step < stepCount; step += 1) {
      const world = freshWorld();
      let isFailed = false;
      const told = nothingTold();
      world.disk.fault = (current, kind) => {
        if (current !== step || kind !== "sync") return undefined;
        isFailed = true;
        return systemError("EIO");
      };
      const stores = await open(world).catch(() => undefined);
      if (stores !== undefined) {
        const code = await codeOf(live(stores, world.clock, told));
        if (isFailed) {
          failureCount += 1;
          const syncCount = stores.chunks.stats().syncCount;
          expect(["IO", "READ_ONLY"]).toContain(code);
          expect(await codeOf(stores.chunks.putMany([chunkFrom(5000)]))).toBe("READ_ONLY");
          expect(await codeOf(stores.records.commit({}))).toBe("READ_ONLY");
          expect(stores.chunks.stats().syncCount).toBe(syncCount);
          for (const chunk of told.durable) {
            if (!told.leaving.has(chunk))
              expect((await stores.chunks.get(chunk.key))?.bytes).toEqual(chunk.bytes);
          }
        }
      }
      const found = afterPowerLoss(world, "some", step);
      const again = await open(found);
      await checkInvariants(again, told);
      await checkGoesOn(found, again, told);
    }
    expect(failureCount).toBeGreaterThan(15);
  });
});

describe("too many open files", () => {
  it("fail commits with BUSY once the journal is full, harm nothing, and all goes on when they are fewer", async () => {
    const world = freshWorld();
    const stores = await open(world);
    world.disk.fault = (_step, kind) => (kind === "create" ? systemError("EMFILE") : undefined);
    const told = new Set<number>();
    const commit = async (number: number) => {
      await stores.records.commit({ writes: [{ key: key(`k${number}`), value: value(`${number}`) }] });
      told.add(number);
    };
    let code: string | undefined;
    for (let number = 0; code === undefined && number < 100; number += 1) code = await codeOf(commit(number));
    expect(code).toBe("BUSY");
    world.disk.fault = () => undefined;
    for (let number = 100; number < 150; number += 1) await commit(number);
    await stores.close();
    const again = await open(afterPowerLoss(world, "nothing", 1));
    for (const number of told) expect(text(await again.records.get(key(`k${number}`)))).toBe(`${number}`);
    await again.close();
  });
});

describe("a full disk", () => {
  it("fails a write at any place with NO_SPACE, harms nothing, and goes on when room returns", async () => {
    const stepCount = await stepsOfWholeHistory();
    let failureCount = 0;
    for (let step = 0; step < stepCount; step += 1) {
      const world = freshWorld();
      const stores = await open(world);
      const told = nothingTold();
      let isFailed = false;
      const first = world.disk.stepCount;
      world.disk.fault = (current, kind) => {
        if (isFailed || current < first + step || kind !== "write") return undefined;
        isFailed = true;
        return systemError("ENOSPC");
      };
      const code = await codeOf(live(stores, world.clock, told));
      world.disk.fault = () => undefined;
      if (isFailed && code !== undefined) {
        expect(code).toBe("NO_SPACE");
        failureCount += 1;
      }
      const kept = nothingTold();
      for (const chunk of told.durable) kept.durable.add(chunk);
      // What failed may be there or not, so the order of what was offered says nothing any more.
      kept.offered.push(...told.offered.filter((chunk) => told.durable.has(chunk)));
      for (const chunk of told.leaving) kept.leaving.add(chunk);
      await checkInvariants(stores, kept);
      await stores.chunks.putMany([chunkFrom(2000, 900)]);
      await stores.records.commit({ writes: [{ key: key("later"), value: value("1") }] });
      const found = afterPowerLoss(world, "some", step);
      const again = await open(found);
      expect((await again.chunks.get(chunkFrom(2000, 900).key))?.bytes).toEqual(chunkFrom(2000, 900).bytes);
      expect(text(await again.records.get(key("later")))).toBe("1");
      await checkInvariants(again, kept);
      await checkGoesOn(found, again, kept);
    }
    expect(failureCount).toBeGreaterThan(15);
  });

  it("that fails one of the puts in flight fails those made after it and before its failure", async () => {
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    let failureCount = 0;
    for (let failing = 0; failing < 12; failing += 1) {
      for (const turnsBetween of [0, 1, 2, 3, 4]) {
        const world = freshWorld();
        const stores = await open(world);
        await stores.chunks.putMany([chunkFrom(1)]);
        const first = world.disk.stepCount;
        world.disk.fault = (step, kind) =>
          step === first + failing && kind === "write" ? systemError("ENOSPC") : undefined;
        const puts = Array.from({ length: 6 }, (_, index) => chunkFrom(10 + index, 700));
        const calls: Array<Promise<unknown>> = [];
        let isFailed = false;
        for (const chunk of puts) {
          // A call made after an earlier one has failed is free to succeed.
          if (isFailed) break;
          const call = stores.chunks.putMany([chunk]);
          call.catch(() => {
            isFailed = true;
          });
          calls.push(call);
          for (let count = 0; count < turnsBetween; count += 1) await turn();
        }
        const outcomes = await Promise.allSettled(calls);
        const isDurable = outcomes.map((outcome) => outcome.status === "fulfilled");
        failureCount += isDurable.filter((is) => !is).length;
        expect(isDurable.lastIndexOf(true)).toBe(isDurable.filter(Boolean).length - 1);
        const again = await open(afterPowerLoss(world, "some", failing));
        const found = await again.chunks.getMany(puts.map((chunk) => chunk.key));
        const isHere = found.map((chunk) => chunk !== undefined);
        expect(isHere.lastIndexOf(true)).toBe(isHere.filter(Boolean).length - 1);
        isDurable.forEach((is, index) => {
          if (is) expect(isHere[index]).toBe(true);
        });
      }
    }
    expect(failureCount).toBeGreaterThan(20);
  });

  it("that stays full refuses all writes with NO_SPACE, serves reads, and takes writes when there is room", async () => {
    const world = freshWorld();
    const stores = await open(world);
    const first = chunkFrom(1, 2000);
    await stores.chunks.putMany([first]);
    await stores.records.commit({ writes: [{ key: key("a"), value: value("1") }] });
    world.disk.capacityBytes = 0;
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect(await codeOf(stores.chunks.putMany([chunkFrom(10 + attempt, 3000)]))).toBe("NO_SPACE");
      expect((await stores.chunks.get(first.key))?.bytes).toEqual(first.bytes);
      expect(text(await stores.records.get(key("a")))).toBe("1");
    }
    world.disk.capacityBytes = Number.POSITIVE_INFINITY;
    await stores.chunks.putMany([chunkFrom(10, 3000)]);
    await stores.close();
    const again = await open(world);
    expect((await again.chunks.get(chunkFrom(10, 3000).key))?.bytes).toEqual(chunkFrom(10, 3000).bytes);
  });
});
