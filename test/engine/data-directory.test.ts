/** A data directory: who may open it, which formats, how often it is synced. Real files and processes. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "esbuild";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { EfsError } from "../../src/base/errors.ts";
import { silentLog } from "../../src/base/log.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { openLocalEngine } from "../../src/engine/local/open.ts";
import { chunkFrom, codeOf, creating, key, put, text, value } from "./support.ts";

let directory = "";
const open = () => openLocalEngine({ directory, clock: systemClock, log: silentLog });

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "efs-data-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function errorOf(promise: Promise<Engine>): Promise<EfsError> {
  try {
    await (await promise).close();
  } catch (error) {
    if (error instanceof EfsError) return error;
    throw error;
  }
  throw new Error("it opened");
}

/** A process that opens the directory and says "open", then does what `then` says. */
async function otherProcess(then: string): Promise<ChildProcess> {
  const source = path.resolve(import.meta.dirname, "../../src");
  const script = path.join(directory, "..", `${path.basename(directory)}.mjs`);
  await build({
    stdin: {
      contents: `
        import { systemClock } from "${source}/base/clock.ts";
        import { silentLog } from "${source}/base/log.ts";
        import { openLocalEngine } from "${source}/engine/local/open.ts";
        const engine = await openLocalEngine({ directory: ${JSON.stringify(directory)}, clock: systemClock, log: silentLog });
        const key = (name) => new TextEncoder().encode(name);
        process.stdout.write("open\\n");
        ${then}`,
      resolveDir: source,
      loader: "js",
    },
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: script,
    alias: {},
    packages: "external",
    logLevel: "silent",
  });
  const child = spawn(process.execPath, ["--input-type=module", "-e", await readFile(script, "utf8")], {
    cwd: path.resolve(import.meta.dirname, "../.."),
    stdio: ["ignore", "pipe", "inherit"],
  });
  await rm(script);
  if (child.stdout === null) throw new Error("no output");
  await once(child.stdout, "data");
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

describe("the lock on a data directory", () => {
  it("refuses a second opening by the same process, and names it", async () => {
    const engine = await open();
    const error = await errorOf(open());
    expect(error.code).toBe("DATA_DIRECTORY_IN_USE");
    expect(error.details).toEqual({ directory, pid: process.pid });
    expect(error.hint).toContain("--data");
    await engine.close();
    await (await open()).close();
  });

  it("lets exactly one of many that open at once have it", async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, open));
    const opened = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    expect(opened.length).toBe(1);
    for (const engine of opened) await engine.close();
  });

  it("holds against another process, names it, and is free as soon as that was killed", async () => {
    const child = await otherProcess("setInterval(() => {}, 1000);");
    const error = await errorOf(open());
    expect(error.code).toBe("DATA_DIRECTORY_IN_USE");
    expect(error.details?.pid).toBe(child.pid);
    await killed(child);
    await (await open()).close();
  });

  it("is given up when opening fails", async () => {
    await (await open()).close();
    const format = await readFile(path.join(directory, "FORMAT"), "utf8");
    await writeFile(path.join(directory, "FORMAT"), "nonsense");
    expect((await errorOf(open())).code).toBe("RECORD_CORRUPT");
    await writeFile(path.join(directory, "FORMAT"), format);
    await (await open()).close();
  });
});

describe("a process that is killed while it writes", () => {
  it("loses nothing that it was told is durable", async () => {
    const child = await otherProcess(`
      let number = 0;
      const writer = async () => {
        for (;;) {
          const mine = number++;
          const bytes = new Uint8Array(mine % 5000).fill(mine % 256);
          const chunkKey = new Uint8Array(32);
          new DataView(chunkKey.buffer).setUint32(0, mine);
          await engine.chunks.putMany([{ key: chunkKey, codec: 0, keyId: 0, plainBytes: bytes.length, bytes }]);
          await engine.records.commit({ writes: [{ key: key("r" + mine), value: bytes }], appends: [{ log: key("log/"), value: bytes.subarray(0, 4) }] });
          process.stdout.write(mine + "\\n");
        }
      };
      for (let index = 0; index < 16; index += 1) void writer();`);
    let told = "";
    child.stdout?.on("data", (data) => {
      told += data;
    });
    while (told.length < 8_000) await once(child.stdout as NonNullable<typeof child.stdout>, "data");
    await killed(child);
    const numbers = told.slice(0, told.lastIndexOf("\n")).split("\n").map(Number);
    expect(numbers.length).toBeGreaterThan(1000);
    const engine = await open();
    for (const number of numbers) {
      const bytes = new Uint8Array(number % 5000).fill(number % 256);
      const chunkKey = new Uint8Array(32);
      new DataView(chunkKey.buffer).setUint32(0, number);
      const chunk = await engine.chunks.get(chunkKey);
      if (chunk === undefined || Buffer.compare(chunk.bytes, bytes) !== 0)
        throw new Error(`chunk ${number} is lost`);
      const record = await engine.records.get(key(`r${number}`));
      if (record === undefined || Buffer.compare(record, bytes) !== 0)
        throw new Error(`record ${number} is lost`);
    }
    expect((await engine.records.lastPosition(key("log/"))) >= BigInt(numbers.length)).toBe(true);
    await engine.close();
  });
});

describe("the format of a data directory", () => {
  it("that is newer is refused, and nothing is touched", async () => {
    await writeFile(path.join(directory, "FORMAT"), "efs-data 3\nsomething new\n");
    await mkdir(path.join(directory, "packs-of-tomorrow"));
    const before = await readdir(directory);
    const error = await errorOf(open());
    expect(error.code).toBe("FORMAT_TOO_NEW");
    expect(error.details?.version).toBe(3);
    expect(await readdir(directory)).toEqual(before);
  });

  it("of a build before the first release is refused with what to do, and nothing is touched", async () => {
    await writeFile(path.join(directory, "FORMAT"), `efs-data 1\nsalt ${"0".repeat(16)}\n`);
    await writeFile(path.join(directory, "journal-0"), "");
    const before = await readdir(directory);
    const error = await errorOf(open());
    expect(error.code).toBe("UNSUPPORTED");
    expect(error.message).toContain("format 1, of a build before the first release");
    expect(await readdir(directory)).toEqual(before);
  });

  it("that is missing beside data is refused, not begun anew", async () => {
    const engine = await open();
    await engine.records.commit(creating("a"));
    await engine.close();
    const format = await readFile(path.join(directory, "FORMAT"), "utf8");
    await rm(path.join(directory, "FORMAT"));
    expect((await errorOf(open())).code).toBe("RECORD_CORRUPT");
    await writeFile(path.join(directory, "FORMAT"), format);
    const again = await open();
    expect(text(await again.records.get(key("a")))).toBe("x");
    await again.close();
  });

  it("of a damaged kind is refused", async () => {
    await (await open()).close();
    for (const damaged of [
      "",
      "efs-data",
      "efs-data 2\n",
      "efs-data 2\nsalt 12\n",
      "efs-data x\nsalt 0\n",
      "\0\0\0",
    ]) {
      await writeFile(path.join(directory, "FORMAT"), damaged);
      expect((await errorOf(open())).code).toBe("RECORD_CORRUPT");
    }
  });

  it("is made with its directories where there was nothing, readable by its owner alone", async () => {
    const nested = path.join(directory, "one", "two");
    const engine = await openLocalEngine({ directory: nested, clock: systemClock, log: silentLog });
    await engine.close();
    expect((await readdir(nested)).sort()).toEqual([
      "FORMAT",
      "index",
      "journal-0",
      "journal-1",
      "lock",
      "packs",
    ]);
  });
});

describe("the index of a data directory", () => {
  const file = (name: string) => path.join(directory, "index", name);

  async function filled(): Promise<void> {
    const engine = await open();
    await put(engine.records, { other: "fine", record: "a value that is easily found" });
    await engine.chunks.putMany([chunkFrom(1)]);
    await engine.close();
  }

  it("in which a bit flipped or a file is cut short or lost is refused or reported, never served", async () => {
    await filled();
    for (const name of await readdir(file("."))) {
      const bytes = await readFile(file(name));
      for (const damage of [
        () => writeFile(file(name), bytes.subarray(0, bytes.length - 1)),
        () =>
          writeFile(
            file(name),
            bytes.map((byte, at) => (at === 20 ? byte ^ 1 : byte)),
          ),
        () => writeFile(file(name), new Uint8Array(100_000).fill(7)),
        () => rm(file(name)),
      ]) {
        await damage();
        const error = await errorOf(open());
        expect(error.code).toBe("RECORD_CORRUPT");
        expect(error.details?.file).toBe(file(name));
        expect(error.hint).toMatch(/restore|disk/);
        await writeFile(file(name), bytes);
      }
    }
    const engine = await open();
    expect(text(await engine.records.get(key("record")))).toContain("found");
    await engine.close();
  });

  it("that is lost is made anew from a journal that still holds everything", async () => {
    await filled();
    await rm(file("."), { recursive: true });
    const again = await open();
    expect(text(await again.records.get(key("other")))).toBe("fine");
    expect((await again.chunks.get(chunkFrom(1).key))?.bytes).toEqual(chunkFrom(1).bytes);
    await again.close();
  });

  it("loses what a round or a merge left half done, and nothing that is not its own", async () => {
    await filled();
    for (const name of ["00000077.run", "runs.new", "notes.txt"]) await writeFile(file(name), "half done");
    await (await open()).close();
    expect(await readdir(file("."))).toEqual(["00000001.run", "notes.txt", "runs"]);
  });
});

describe("syncs", () => {
  const commits = (engine: Engine, from: number, count: number, inFlight: number) => {
    let next = from;
    const worker = async () => {
      while (next < from + count) {
        next += 1;
        await engine.records.commit(creating(`k${next}`, "v".repeat(100)));
      }
    };
    return Promise.all(Array.from({ length: inFlight }, worker));
  };

  it("are shared by commits in flight: 1,000 of them, 64 at a time, take 75 at most", async () => {
    const engine = await open();
    const before = engine.records.syncCount();
    await commits(engine, 0, 1000, 64);
    expect(engine.records.syncCount() - before).toBeLessThanOrEqual(75);
    await engine.close();
  });

  it("are one for each commit that is made alone", async () => {
    const engine = await open();
    const before = engine.records.syncCount();
    await commits(engine, 0, 1000, 1);
    expect(engine.records.syncCount() - before).toBeGreaterThanOrEqual(1000);
    await engine.close();
  });

  it("are shared by puts in flight, and none is needed to claim or put again what is fresh", async () => {
    const engine = await open();
    const puts = Array.from({ length: 256 }, (_, index) => chunkFrom(index, 500));
    const before = engine.chunks.stats().syncCount;
    await Promise.all(puts.map((chunk) => engine.chunks.putMany([chunk])));
    const after = engine.chunks.stats().syncCount;
    expect(after - before).toBeLessThanOrEqual(10);
    await engine.chunks.claim(puts.map((chunk) => chunk.key));
    await engine.chunks.putMany(puts);
    expect(engine.chunks.stats().syncCount).toBe(after);
    await engine.close();
  });
});

describe("an engine on a real disk", () => {
  it("says how much room there is", async () => {
    const engine = await open();
    const space = await engine.space();
    expect(space?.totalBytes).toBeGreaterThan(0);
    expect(space?.freeBytes).toBeLessThanOrEqual(space?.totalBytes ?? 0);
    await engine.close();
  });

  it("rolls its packs and reads from all of them", async () => {
    const engine = await openLocalEngine({
      directory,
      clock: systemClock,
      log: silentLog,
      packBytesMax: 10_000,
    });
    const puts = Array.from({ length: 150 }, (_, index) => chunkFrom(index, 9000));
    for (let first = 0; first < puts.length; first += 1)
      await engine.chunks.putMany(puts.slice(first, first + 1));
    const found = await engine.chunks.getMany(puts.map((chunk) => chunk.key));
    found.forEach((chunk, index) => {
      expect(Buffer.compare(chunk?.bytes ?? new Uint8Array(), puts[index]?.bytes ?? new Uint8Array())).toBe(
        0,
      );
    });
    expect((await readdir(path.join(directory, "packs"))).length).toBe(75);
    await engine.close();
  });

  it("closes twice, and waits for what is under way", async () => {
    const engine = await open();
    const commit = engine.records.commit({ writes: [{ key: key("a"), value: value("1") }] });
    const put = engine.chunks.putMany([chunkFrom(1)]);
    await Promise.all([engine.close(), engine.close()]);
    expect((await commit).isCommitted).toBe(true);
    expect((await put).isNew).toEqual([true]);
    expect(await codeOf(engine.chunks.putMany([chunkFrom(2)]))).toBe("SHUTTING_DOWN");
  });
});
