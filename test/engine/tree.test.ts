/** The index by itself: it answers as a sorted map does, over rounds, merges and openings; no damage is ever served. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assert } from "../../src/base/assert.ts";
import { EfsError } from "../../src/base/errors.ts";
import { silentLog } from "../../src/base/log.ts";
import { seededRandom } from "../../src/base/random.ts";
import { Health } from "../../src/engine/local/health.ts";
import { mergeLayers } from "../../src/engine/local/layer.ts";
import { firstToMerge } from "../../src/engine/local/run-merge.ts";
import { Tree } from "../../src/engine/local/tree.ts";
import { OrderedMap } from "../../src/engine/ordered-map.ts";
import { SimulatedDisk, type Survival, systemError } from "../sim/disk.ts";
import { until } from "./support.ts";

type Oracle = Map<string, string>;
type Round = ReadonlyArray<readonly [key: string, value: string | undefined]>;

const open = (disk: SimulatedDisk, health = new Health(silentLog)) =>
  Tree.open({ disk, directory: "/index", salt: 9n, health, log: silentLog });

function settle(tree: Tree, round: Round, sequence = tree.applied + 1n): Promise<void> {
  const changes = new OrderedMap<Uint8Array | undefined>();
  for (const [key, value] of round) changes.set(key, value === undefined ? undefined : Buffer.from(value));
  return tree.settle(changes, sequence);
}

function apply(oracle: Oracle, round: Round): void {
  for (const [key, value] of round) {
    if (value === undefined) oracle.delete(key);
    else oracle.set(key, value);
  }
}

const textOf = (value: Uint8Array | undefined) => value && Buffer.from(value).toString();

function listed(tree: Tree, from: string, to: string, isBackward = false) {
  return [...mergeLayers(tree.layers({ from, to, isBackward }), isBackward)]
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, textOf(value)] as const);
}

function expected(oracle: Oracle, from: string, to: string, isBackward = false) {
  const entries = [...oracle].filter(([key]) => key >= from && key < to);
  entries.sort(([left], [right]) => (left < right ? -1 : 1));
  return isBackward ? entries.reverse() : entries;
}

const runsOf = (disk: SimulatedDisk) => disk.names().filter((name) => name.endsWith(".run"));
const numbered = (number: number) => `k${String(number).padStart(6, "0")}`;
const rounds = (count: number, size: number): readonly Round[] =>
  Array.from({ length: count }, (_, round) =>
    Array.from({ length: size }, (_, at) => {
      const number = (at * 7 + round * 13) % (size * 3);
      return [numbered(number), (at + round) % 5 === 0 ? undefined : `${round} `.repeat(at % 30)] as const;
    }),
  );

/** Waits until nothing is merged any more. */
async function merged(tree: Tree): Promise<void> {
  let turnsWithout = 0;
  let before = -1;
  await until(() => {
    turnsWithout = tree.syncCount === before ? turnsWithout + 1 : 0;
    before = tree.syncCount;
    return turnsWithout > 50;
  });
}

const someKey = fc.oneof(
  fc.integer({ min: 0, max: 400 }).map(numbered),
  fc.constantFrom("a", "a\0", "a\xff", "k", "k0", "k\xff\xff", "\0", "\xff"),
);
const someRound = fc.uniqueArray(
  fc.tuple(
    someKey,
    fc.oneof(
      { weight: 1, arbitrary: fc.constant(undefined) },
      { weight: 2, arbitrary: fc.string({ maxLength: 60 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 9000 }).map((length) => "x".repeat(length)) },
    ),
  ),
  { selector: ([key]) => key, maxLength: 120 },
);

describe("the index", () => {
  it("answers as a sorted map does, whatever comes to rest in it, and after it is opened anew", async () => {
    const property = fc.asyncProperty(
      fc.array(fc.tuple(someRound, fc.constantFrom("on", "merge", "reopen")), { maxLength: 14 }),
      fc.array(fc.tuple(someKey, someKey), { minLength: 6, maxLength: 6 }),
      async (history, ranges) => {
        const disk = new SimulatedDisk();
        const oracle: Oracle = new Map();
        let tree = await open(disk);
        for (const [round, then] of history) {
          await settle(tree, round);
          apply(oracle, round);
          if (then === "merge") await merged(tree);
          if (then === "reopen") {
            await tree.close();
            tree = await open(disk);
          }
          for (const [from, to] of ranges) {
            expect(textOf(tree.get(from))).toBe(oracle.get(from));
            for (const isBackward of [false, true]) {
              expect(listed(tree, from, to, isBackward)).toEqual(expected(oracle, from, to, isBackward));
            }
          }
        }
        for (const key of oracle.keys()) expect(textOf(tree.get(key))).toBe(oracle.get(key));
        expect(listed(tree, "", "\xff\xff")).toEqual(expected(oracle, "", "\xff\xff"));
        expect(tree.applied).toBe(BigInt(history.length));
        await tree.close();
      },
    );
    await fc.assert(property, { numRuns: 60, seed: 20261122 });
  });

  it("keeps few runs, and forgets what was removed", async () => {
    const disk = new SimulatedDisk();
    const oracle: Oracle = new Map();
    const tree = await open(disk);
    for (const round of rounds(60, 100)) {
      await settle(tree, round);
      apply(oracle, round);
      await merged(tree);
      expect(runsOf(disk).length).toBeLessThan(12);
    }
    expect(listed(tree, "", "z")).toEqual(expected(oracle, "", "z"));
    await settle(
      tree,
      [...oracle.keys()].map((key) => [key, undefined]),
    );
    const many = Array.from({ length: 4000 }, (_, index) => [`m${numbered(index)}`, "v"] as const);
    await settle(tree, many);
    await settle(
      tree,
      many.map(([key]) => [key, undefined]),
    );
    await merged(tree);
    expect(runsOf(disk)).toEqual([]);
    expect(listed(tree, "", "z")).toEqual([]);
    await tree.close();
  });

  it("lets others run while it writes and merges, and gives up a merge when it is closed", async () => {
    const disk = new SimulatedDisk();
    let tree = await open(disk);
    for (let round = 0; round < 4; round += 1) {
      await settle(
        tree,
        Array.from({ length: 4000 }, (_, index) => [numbered(index), `${round}`]),
      );
    }
    await until(() => runsOf(disk).length === 5);
    await tree.close();
    expect(runsOf(disk).length).toBe(4);
    tree = await open(disk);
    await merged(tree);
    expect(runsOf(disk).length).toBe(1);
    await tree.close();
  });
});

describe("a round of large values", () => {
  it("lets others run after every half a mebibyte", async () => {
    const disk = new SimulatedDisk();
    const tree = await open(disk);
    let turns = 0;
    let isDone = false;
    const others = () => {
      turns += 1;
      if (!isDone) setImmediate(others);
    };
    setImmediate(others);
    const large = "x".repeat(60_000);
    await settle(
      tree,
      Array.from({ length: 60 }, (_, index) => [numbered(index), large]),
    );
    isDone = true;
    expect(turns).toBeGreaterThan(6);
    await tree.close();
  });
});

describe("a merge that takes long", () => {
  /** Its file is not synced before the gate is opened. */
  function holding(disk: SimulatedDisk, file: string): () => void {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const openFile = disk.open.bind(disk);
    disk.open = async (name, options) => {
      const opened = await openFile(name, options);
      if (name !== file) return opened;
      return { ...opened, sync: () => gate.then(() => opened.sync()) };
    };
    return open;
  }

  it("holds up no round, and the runs above it stay few", async () => {
    const disk = new SimulatedDisk();
    const oracle: Oracle = new Map();
    const tree = await open(disk);
    const finish = holding(disk, "/index/00000005.run");
    for (let round = 0; round < 4; round += 1) {
      const large = Array.from(
        { length: 600 + round },
        (_, at) => [numbered(at * 4 + round), "large"] as const,
      );
      await settle(tree, large);
      apply(oracle, large);
    }
    let settled = 0;
    const small = rounds(150, 8);
    const settleAll = async () => {
      for (const round of small) {
        await settle(tree, round);
        apply(oracle, round);
        settled += 1;
        expect(runsOf(disk).length).toBeLessThan(24);
        if (settled % 10 === 0) expect(listed(tree, "", "z")).toEqual(expected(oracle, "", "z"));
      }
    };
    let failure: unknown;
    settleAll().catch((error: unknown) => {
      failure = error;
    });
    await until(() => settled === small.length || failure !== undefined);
    expect(failure).toBeUndefined();
    expect(runsOf(disk)).toContain("/index/00000001.run");
    finish();
    await merged(tree);
    expect(runsOf(disk)).not.toContain("/index/00000001.run");
    expect(listed(tree, "", "z")).toEqual(expected(oracle, "", "z"));
    await tree.close();
    expect(listed(await open(disk), "", "z")).toEqual(expected(oracle, "", "z"));
  });
});

describe("a damaged index", () => {
  const history = rounds(3, 60);
  const oracle: Oracle = new Map();
  for (const round of history) apply(oracle, round);

  async function filled(): Promise<SimulatedDisk> {
    const disk = new SimulatedDisk();
    const tree = await open(disk);
    for (const round of history) await settle(tree, round);
    await tree.close();
    return disk;
  }

  const isReported = (error: unknown) => error instanceof EfsError && error.code === "RECORD_CORRUPT";

  /** Whether damage was reported; fails when anything else than what is there was answered. */
  async function isNoticed(disk: SimulatedDisk): Promise<boolean> {
    let isNoticed = false;
    const check = (read: () => unknown, right: unknown) => {
      try {
        expect(read()).toEqual(right);
      } catch (error) {
        if (!isReported(error)) throw error;
        isNoticed = true;
      }
    };
    try {
      const tree = await open(disk);
      for (const key of [...oracle.keys()].slice(0, 9)) check(() => textOf(tree.get(key)), oracle.get(key));
      check(() => tree.get("k999999"), undefined);
      check(() => listed(tree, "", "z"), expected(oracle, "", "z"));
      check(() => listed(tree, "", "z", true), expected(oracle, "", "z", true));
      await tree.close();
    } catch (error) {
      if (!isReported(error)) throw error;
      isNoticed = true;
    }
    return isNoticed;
  }

  it("is noticed wherever a bit flips in any of its files", async () => {
    const disk = await filled();
    expect(runsOf(disk).length).toBe(3);
    let flipCount = 0;
    for (const name of disk.names()) {
      const bytes = disk.bytesOf(name);
      for (let at = 0; at < bytes.length; at += 1) {
        const mask = 1 << (at % 8);
        bytes[at] = (bytes[at] ?? 0) ^ mask;
        assert(await isNoticed(disk), `byte ${at} of ${name} is not noticed`);
        bytes[at] = (bytes[at] ?? 0) ^ mask;
        flipCount += 1;
      }
    }
    expect(flipCount).toBeGreaterThan(5000);
    expect(await isNoticed(disk)).toBe(false);
  });

  it("is noticed when a file ends anywhere before or behind its end, or is gone", async () => {
    const disk = await filled();
    for (const name of disk.names()) {
      const bytes = disk.bytesOf(name).slice();
      const file = await disk.open(name, { create: false });
      for (let length = 0; length < bytes.length + 5; length += 1) {
        if (length === bytes.length) continue;
        await file.truncate(0);
        await file.write(0, [bytes.subarray(0, length), new Uint8Array(Math.max(0, length - bytes.length))]);
        assert(await isNoticed(disk), `${length} bytes of ${name} are not noticed`);
      }
      await disk.remove(name);
      assert(await isNoticed(disk), `${name} is not missed`);
      await (await disk.open(name, { create: true })).write(0, [bytes]);
    }
    expect(await isNoticed(disk)).toBe(false);
  });

  it("is noticed when a block, a run or the list is another one's", async () => {
    const disk = await filled();
    const [first = "", second = ""] = runsOf(disk);
    const other = new SimulatedDisk();
    const tree = await Tree.open({
      disk: other,
      directory: "/index",
      salt: 10n,
      health: new Health(silentLog),
      log: silentLog,
    });
    for (const round of history) await settle(tree, round);
    for (const [name, bytes] of [
      [first, disk.bytesOf(second)],
      [first, other.bytesOf(first)],
      ["/index/runs", other.bytesOf("/index/runs")],
    ] as const) {
      const found = disk.afterPowerLoss("everything", seededRandom(1));
      const file = await found.open(name, { create: false });
      await file.truncate(0);
      await file.write(0, [bytes]);
      expect(await isNoticed(found)).toBe(true);
    }
  });

  it("serves what is not damaged, and leaves a damaged run out of merges", async () => {
    const disk = new SimulatedDisk();
    const health = new Health(silentLog);
    let tree = await open(disk, health);
    await settle(
      tree,
      Array.from({ length: 900 }, (_, index) => [numbered(index), "value"]),
    );
    await tree.close();
    disk.bytesOf("/index/00000001.run")[100] = 0xee;
    tree = await open(disk, health);
    for (let round = 0; round < 20; round += 1) {
      await settle(
        tree,
        Array.from({ length: 400 }, (_, index) => [`n${numbered(index)}`, `${round}`]),
      );
      await merged(tree);
    }
    expect(health.isWritable).toBe(true);
    expect(runsOf(disk)).toContain("/index/00000001.run");
    expect(runsOf(disk).length).toBeLessThan(8);
    expect(textOf(tree.get(numbered(899)))).toBe("value");
    expect(textOf(tree.get(`n${numbered(7)}`))).toBe("19");
    expect(() => tree.get(numbered(1))).toThrow("does not match its checksum");
    await tree.close();
  });
});

describe("a round or a merge that breaks off", () => {
  const history = rounds(14, 20);

  it("at any step leaves the index as it was before or after, and its files are swept", async () => {
    let stepCount = Number.POSITIVE_INFINITY;
    for (let step = 0; step < stepCount; step += 1) {
      const disk = new SimulatedDisk();
      const oracles: Oracle[] = [new Map()];
      disk.fault = (at) => (at === step ? (step % 2 === 0 ? "crash before" : "crash after") : undefined);
      try {
        const tree = await open(disk);
        for (const [index, round] of history.entries()) {
          const oracle = new Map(oracles[0]);
          apply(oracle, round);
          oracles.unshift(oracle);
          await settle(tree, round);
          oracles.length = 1;
          // Else the next round lands during the merge.
          if (index % 2 === 0) await merged(tree);
        }
        await tree.close();
      } catch {
        // The power went.
      }
      if (disk.stepCount <= step) stepCount = step;
      disk.kill();
      for (const survival of ["nothing", "everything", "some", "some"] satisfies Survival[]) {
        const found = disk.afterPowerLoss(survival, seededRandom(step + 1));
        const tree = await open(found);
        const now = listed(tree, "", "z");
        const isOneOf = oracles.some(
          (oracle) => JSON.stringify(expected(oracle, "", "z")) === JSON.stringify(now),
        );
        assert(isOneOf, `after step ${step} (${disk.steps.at(-1)}, ${survival}) the index is another`);
        await merged(tree);
        expect(listed(tree, "", "z")).toEqual(now);
        await tree.close();
      }
    }
    expect(stepCount).toBeGreaterThan(100);
  });

  it("for want of room changes nothing, leaves no file, and goes on when there is room", async () => {
    const disk = new SimulatedDisk();
    const oracle: Oracle = new Map();
    const health = new Health(silentLog);
    const tree = await open(disk, health);
    for (const [index, round] of history.entries()) {
      await merged(tree);
      const files = disk.names();
      disk.capacityBytes = files.reduce((sum, name) => sum + disk.bytesOf(name).length, 0) + index * 100;
      const code = await settle(tree, round).catch((error: unknown) => (error as EfsError).code);
      if (code !== undefined) {
        expect(code).toBe("NO_SPACE");
        expect(disk.names()).toEqual(files);
      }
      expect(listed(tree, "", "z")).toEqual(expected(oracle, "", "z"));
      disk.capacityBytes = Number.POSITIVE_INFINITY;
      await settle(tree, round);
      apply(oracle, round);
    }
    let failing = 0;
    disk.fault = (_step, kind) => {
      failing += kind === "write" ? 1 : 0;
      return kind === "write" && failing % 3 === 0
        ? Object.assign(new Error("ENOSPC"), { code: "ENOSPC" })
        : undefined;
    };
    for (const round of rounds(30, 30)) {
      const code = await settle(tree, round).catch((error: unknown) => (error as EfsError).code);
      if (code === undefined) apply(oracle, round);
      else expect(code).toMatch(/NO_SPACE|ENOSPC/);
      await merged(tree);
      expect(listed(tree, "", "z")).toEqual(expected(oracle, "", "z"));
    }
    expect(health.isWritable).toBe(true);
    await tree.close();
    expect(listed(await open(disk.afterPowerLoss("nothing", seededRandom(1))), "", "z")).toEqual(
      expected(oracle, "", "z"),
    );
  });
});

describe("a system that cannot open files", () => {
  it("for a while makes nobody read-only: rounds and merges come later", async () => {
    const disk = new SimulatedDisk();
    const oracle: Oracle = new Map();
    const health = new Health(silentLog);
    const tree = await open(disk, health);
    let creating = 0;
    disk.fault = (_step, kind) => {
      creating += kind === "create" ? 1 : 0;
      return kind === "create" && creating % 3 === 0 ? systemError("EMFILE") : undefined;
    };
    for (const round of rounds(30, 30)) {
      const code = await settle(tree, round).catch((error: unknown) => (error as EfsError).code);
      if (code === undefined) apply(oracle, round);
      else expect(code).toBe("EMFILE");
      await merged(tree);
      expect(listed(tree, "", "z")).toEqual(expected(oracle, "", "z"));
    }
    expect(health.isWritable).toBe(true);
    expect(oracle.size).toBeGreaterThan(0);
    await tree.close();
  });

  it("or may not is told so, not that the index is damaged", async () => {
    for (const code of ["EACCES", "EMFILE", "EIO"]) {
      const disk = new SimulatedDisk();
      const tree = await open(disk);
      await settle(tree, [["a", "1"]]);
      await tree.close();
      const openFile = disk.open.bind(disk);
      disk.open = async (name, options) => {
        if (name.endsWith(".run")) throw systemError(code);
        return openFile(name, options);
      };
      await expect(open(disk)).rejects.toMatchObject({ code });
    }
  });
});

describe("what is merged", () => {
  const run = (sizeBytes: number, removedCount = 0, isDamaged = false) => ({
    sizeBytes,
    changeCount: sizeBytes,
    removedCount,
    isDamaged,
  });
  const first = (...sizes: readonly number[]) => firstToMerge(sizes.map((size) => run(size)));

  it("is the oldest run that its elders and it have outgrown, with all younger ones", () => {
    expect(first()).toBeUndefined();
    expect(first(5)).toBeUndefined();
    expect(first(1, 1, 1)).toBeUndefined();
    expect(first(1, 1, 1, 1)).toBe(0);
    expect(first(4, 1, 1, 1, 1)).toBe(1);
    expect(first(4, 4, 4, 1, 1, 1, 1)).toBe(0);
    expect(first(100, 4, 4, 4, 1, 1, 1, 1)).toBe(1);
    expect(first(100, 1, 90)).toBe(1);
  });

  it("is everything once many of the changes remove a key", () => {
    expect(firstToMerge([run(50_000), run(5000, 4000)])).toBeUndefined();
    expect(firstToMerge([run(50_000), run(9000, 8000)])).toBe(0);
    expect(firstToMerge([run(500), run(90, 90)])).toBeUndefined();
  });

  it("is never a damaged run, nor one with a damaged run above it", () => {
    expect(firstToMerge([run(1), run(1, 0, true), run(1), run(1)])).toBeUndefined();
    expect(firstToMerge([run(1), run(1, 0, true), run(1), run(1), run(1), run(1)])).toBe(2);
    expect(firstToMerge([run(50_000, 0, true), run(9000, 8000)])).toBeUndefined();
  });

  it("is less of it when there is no room for all", () => {
    const runs = [4, 4, 4, 1, 1, 1, 1].map((size) => run(size));
    expect(firstToMerge(runs, 1)).toBe(3);
    expect(firstToMerge(runs, 4)).toBeUndefined();
  });

  it("leaves few runs however many rounds there are", () => {
    let runs: number[] = [];
    let rewrittenBytes = 0;
    for (let round = 0; round < 5000; round += 1) {
      runs.push(90 + (round % 20));
      const at = first(...runs);
      if (at === undefined) continue;
      const sizeBytes = runs.slice(at).reduce((sum, size) => sum + size, 0);
      rewrittenBytes += sizeBytes;
      runs = [...runs.slice(0, at), sizeBytes];
      expect(runs.length).toBeLessThan(24);
    }
    expect(rewrittenBytes / (5000 * 100)).toBeLessThan(8);
  });
});
