/**
 * Random histories: whatever is done, the local engine answers as memory does. Real disk, with packs and a
 * journal so small that they roll and wrap, and openings anew in between.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../src/base/bytes.ts";
import { EfsError } from "../../src/base/errors.ts";
import { silentLog } from "../../src/base/log.ts";
import type { ChunkStore } from "../../src/engine/chunk-store.ts";
import { assembleLocal, type LocalStores } from "../../src/engine/local/assemble.ts";
import { realDisk } from "../../src/engine/local/disk.ts";
import { openMemoryEngine } from "../../src/engine/memory/memory-engine.ts";
import type { Batch, MetaStore, ScanOptions } from "../../src/engine/meta-store.ts";
import { type ManualClock, manualClock } from "./suite.ts";
import { chunkFrom } from "./support.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

type Command =
  | { readonly kind: "commits"; readonly batches: readonly Batch[] }
  | { readonly kind: "scan"; readonly options: ScanOptions }
  | { readonly kind: "puts"; readonly calls: ReadonlyArray<readonly number[]> }
  | { readonly kind: "claim" | "get"; readonly seeds: readonly number[] }
  | { readonly kind: "delete"; readonly seeds: readonly number[]; readonly agoMs: number }
  | { readonly kind: "list"; readonly after: number | undefined; readonly limit: number }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "reopen" };

/** Few and short, with prefixes of each other and extreme bytes, so that histories meet. */
const recordKey = fc.constantFrom(
  ...["a", "a\0", "a\0\0", "ab", "b", "b\xff", "b\xff\xff", "c", "\0", "\xff", "\x7f", "\x80"].map(
    (name) => new Uint8Array(Buffer.from(name, "latin1")),
  ),
);
const counterKey = fc.constantFrom(new Uint8Array([0x6e, 1]), new Uint8Array([0x6e, 2]));
const logKey = fc.constantFrom(new Uint8Array([0x6c]), new Uint8Array([0x6c, 0x2f]));
const recordValue = fc.oneof(
  fc.uint8Array({ minLength: 0, maxLength: 3 }),
  fc.integer({ min: 8, max: 3000 }).map((length) => new Uint8Array(length).fill(length % 251)),
);
const batch: fc.Arbitrary<Batch> = fc
  .record({
    checks: fc.array(
      fc.record({ key: recordKey, expected: fc.option(fc.uint8Array({ maxLength: 1 }), { nil: undefined }) }),
      { maxLength: 1 },
    ),
    writes: fc.array(fc.record({ key: recordKey, value: fc.option(recordValue, { nil: undefined }) }), {
      maxLength: 4,
    }),
    adds: fc.array(fc.record({ key: counterKey, delta: fc.bigInt({ min: -5n, max: 1n << 62n }) }), {
      maxLength: 2,
    }),
    appends: fc.array(fc.record({ log: logKey, value: recordValue }), { maxLength: 2 }),
  })
  .map(({ writes, appends, ...rest }) => ({
    ...rest,
    appends,
    writes: writes.map((write, index) =>
      appends.length > 0 && write.value !== undefined && write.value.length >= 8
        ? { ...write, position: { append: index % appends.length, offset: write.value.length - 8 } }
        : write,
    ),
  }));
const seed = fc.integer({ min: 0, max: 25 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("commits"),
      batches: fc.array(batch, { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("scan"),
      options: fc.record({
        from: recordKey,
        to: recordKey,
        direction: fc.constantFrom("forward", "backward"),
        limit: fc.integer({ min: 1, max: 12 }),
      }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("puts"),
      calls: fc.array(fc.array(seed, { maxLength: 5 }), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("claim", "get"), seeds: fc.array(seed, { maxLength: 6 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("delete"),
      seeds: fc.array(seed, { maxLength: 10 }),
      agoMs: fc.constantFrom(0, DAY_MS, 3 * DAY_MS),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("list"),
      after: fc.option(seed, { nil: undefined }),
      limit: fc.integer({ min: 1, max: 30 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("pass"), ms: fc.constantFrom(1, DAY_MS, 2 * DAY_MS) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reopen") }) },
) as fc.Arbitrary<Command>;

interface Stores {
  readonly chunks: ChunkStore;
  readonly records: MetaStore;
}

const keyOf = (number: number) => chunkFrom(number).key;
const chunkOfSeed = (number: number) => chunkFrom(number, (number * 37) % 400);

/** What one command answers, in a form that can be compared. */
async function answer(stores: Stores, clock: ManualClock, command: Command): Promise<unknown> {
  switch (command.kind) {
    case "commits":
      return Promise.all(command.batches.map((one) => orCode(stores.records.commit(one))));
    case "scan": {
      const page = await stores.records.scan(command.options);
      return { ...page, records: page.records.map(({ key, value }) => [toHex(key), toHex(value)]) };
    }
    case "puts":
      return Promise.all(command.calls.map((call) => stores.chunks.putMany(call.map(chunkOfSeed))));
    case "claim":
      return stores.chunks.claim(command.seeds.map(keyOf));
    case "get":
      return (await stores.chunks.getMany(command.seeds.map(keyOf))).map(
        (found) => found && toHex(found.bytes),
      );
    case "delete":
      return stores.chunks.deleteUnclaimed(command.seeds.map(keyOf), clock.nowMs - command.agoMs);
    case "list":
      return stores.chunks.list(
        command.after === undefined ? undefined : keyOf(command.after),
        command.limit,
      );
    default:
      return undefined;
  }
}

/** Everything that can be read. */
async function everything({ chunks, records }: Stores): Promise<unknown> {
  const page = await records.scan({
    from: new Uint8Array([0]),
    to: new Uint8Array(9).fill(0xff),
    limit: 10_000,
  });
  const { chunkCount, storedBytes } = chunks.stats();
  return {
    records: page.records.map(({ key, value }) => [toHex(key), toHex(value)]),
    heads: await Promise.all([[0x6c], [0x6c, 0x2f]].map((log) => records.lastPosition(new Uint8Array(log)))),
    chunks: await chunks.list(undefined, 1000),
    stats: { chunkCount, storedBytes },
  };
}

async function orCode(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof EfsError) return error.code;
    throw error;
  }
}

async function openLocal(directory: string, clock: ManualClock): Promise<LocalStores> {
  return assembleLocal({
    disk: realDisk,
    directory,
    clock,
    salt: 3n,
    log: silentLog,
    packBytesMax: 4000,
    journalFileBytes: 16 * 4096,
    claimAheadMs: 0,
  });
}

describe("over random histories", () => {
  it("the local engine answers as memory does, also after it was opened anew", async () => {
    const property = fc.asyncProperty(
      fc.array(command, { minLength: 30, maxLength: 80 }),
      async (commands) => {
        const directory = await mkdtemp(path.join(tmpdir(), "efs-model-"));
        const clock = manualClock();
        const memory = openMemoryEngine({ clock });
        let local = await openLocal(directory, clock);
        try {
          for (const one of commands) {
            if (one.kind === "pass") clock.nowMs += one.ms;
            if (one.kind === "reopen") {
              await local.close();
              local = await openLocal(directory, clock);
            }
            expect(await answer(local, clock, one)).toEqual(await answer(memory, clock, one));
          }
          await local.close();
          local = await openLocal(directory, clock);
          expect(await everything(local)).toEqual(await everything(memory));
        } finally {
          await local.close();
          await rm(directory, { recursive: true, force: true });
        }
      },
    );
    await fc.assert(property, { numRuns: 25, seed: 20261122 });
  });
});
