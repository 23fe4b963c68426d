/** Streams: the same pieces with and without workers, bounded memory, and a clean end whoever ends it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/bytes.ts";
import { EfsError } from "../../../src/base/errors.ts";
import { seededRandom } from "../../../src/base/random.ts";
import type { Chunking } from "../../../src/model/namespace.ts";
import { decodeChunk } from "../../../src/segment/chunk/codec.ts";
import { type ChunkPool, openChunkPool } from "../../../src/segment/chunk/pool.ts";
import { chunkStream } from "../../../src/segment/chunk/stream.ts";
import { type ChunkedPiece, chunkWhole } from "../../../src/segment/chunk/window.ts";
import { Vault } from "../../../src/segment/vault/vault.ts";
import { until } from "../../support/until.ts";
import { below, mixedContent } from "./content.ts";

const PROJECT = path.resolve(import.meta.dirname, "../../..");
const CONTENT: Chunking = { kind: "content" };

let folder: string;
let workerUrl: URL;

beforeAll(async () => {
  // Inside the project, so that the worker finds its packages.
  folder = mkdtempSync(path.join(PROJECT, ".efs-worker-"));
  const outfile = path.join(folder, "worker.mjs");
  const entry = path.join(PROJECT, "src/segment/chunk/worker.ts");
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
  });
  workerUrl = pathToFileURL(outfile);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function* split(bytes: Uint8Array, seed: number, sizeMax: number): Generator<Uint8Array> {
  const random = seededRandom(seed);
  for (let offset = 0; offset < bytes.length; ) {
    const next = offset + 1 + below(random, sizeMax);
    yield bytes.slice(offset, next);
    offset = next;
  }
}

/** What the bytes of a piece are, whatever their stored form; checks the stored form on the way. */
const described = ({ reference, put }: ChunkedPiece): string => {
  if (reference.kind === "zeros" || put === undefined) return `zeros ${reference.lengthBytes}`;
  expect(toHex(put.key)).toBe(toHex(reference.id));
  expect(decodeChunk(put).length).toBe(reference.lengthBytes);
  return `${toHex(reference.id)} ${put.codec} ${put.bytes.length}`;
};

async function collect(
  pool: ChunkPool,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  chunking = CONTENT,
): Promise<string[]> {
  const pieces: string[] = [];
  for await (const batch of chunkStream(pool, source, { chunking })) {
    expect(batch.length).toBeLessThanOrEqual(1024);
    expect(batch.reduce((sum, { put }) => sum + (put?.bytes.length ?? 0), 0)).toBeLessThan(6 * 1024 * 1024);
    pieces.push(...batch.map(described));
  }
  expect(pool.places.running).toBe(0);
  return pieces;
}

async function codeOf(act: Promise<unknown>): Promise<string> {
  try {
    await act;
  } catch (error) {
    return error instanceof EfsError ? error.code : String(error);
  }
  return "done";
}

describe.each([0, 1, 2])("a stream, with %i workers,", (workers) => {
  let pool: ChunkPool;
  beforeAll(() => {
    pool = openChunkPool({ workers, workerUrl });
    expect(pool.workerCount).toBe(workers);
  });
  afterAll(() => pool.close());

  it("becomes the pieces of its bytes, in order, however it comes", async () => {
    for (const chunking of [
      CONTENT,
      { kind: "fixed", chunkBytes: 8192 },
      { kind: "fixed", chunkBytes: 1048576 },
    ] as const) {
      for (const [seed, stretches] of [
        [1, 1],
        [2, 4],
        [3, 25],
      ] as const) {
        const bytes = mixedContent(seed, stretches);
        const expected = chunkWhole(bytes, chunking).map(described);
        expect(await collect(pool, split(bytes, seed, 200_000), chunking)).toEqual(expected);
      }
    }
  });

  it("that is one large array, that has holes of nothing, or is empty, is no exception", async () => {
    const bytes = seededRandom(4).bytes(9_000_000);
    const expected = chunkWhole(bytes, CONTENT).map(described);
    expect(await collect(pool, [bytes])).toEqual(expected);
    const nothing = new Uint8Array(0);
    expect(await collect(pool, [nothing, bytes, nothing, nothing])).toEqual(expected);
    expect(await collect(pool, [])).toEqual([]);
    expect(await collect(pool, [nothing])).toEqual([]);
  });

  it("is sealed piece by piece for an encrypted bucket, with the references of a plain one", async () => {
    const vault = new Vault(seededRandom(8).bytes(32));
    const bytes = mixedContent(6, 25);
    const opened: string[] = [];
    for await (const batch of chunkStream(pool, split(bytes, 6, 200_000), { chunking: CONTENT, vault })) {
      for (const { reference, put } of batch) {
        if (reference.kind === "zeros" || put === undefined) {
          opened.push(described({ reference, put }));
          continue;
        }
        expect(put.keyId).toBe(1);
        expect(toHex(put.key)).toBe(toHex(vault.placeOf(reference.id)));
        const stored = vault.openChunk(put.key, put);
        opened.push(described({ reference, put: { key: reference.id, ...stored } }));
      }
    }
    expect(opened).toEqual(chunkWhole(bytes, CONTENT).map(described));
  });

  it("runs several at once without mixing them", async () => {
    const streams = Array.from({ length: 12 }, (_, seed) => mixedContent(200 + seed, 12));
    const results = await Promise.all(
      streams.map((bytes, seed) => collectLoose(pool, split(bytes, seed, 90_000))),
    );
    results.forEach((pieces, index) => {
      expect(pieces).toEqual(chunkWhole(streams[index] ?? new Uint8Array(0), CONTENT).map(described));
    });
    expect(pool.places.running).toBe(0);
  });

  it("is read only a bounded way ahead of its consumer", async () => {
    let readBytes = 0;
    const piece = seededRandom(5).bytes(1_000_000);
    async function* endless() {
      for (;;) {
        readBytes += piece.length;
        yield piece;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const stream = chunkStream(pool, endless(), { chunking: CONTENT });
    let taken = 0;
    while (taken < 3) {
      await stream.next();
      taken += 1;
      // Turns of the event loop in which a filler without a bound would run on.
      for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      expect(readBytes).toBeLessThanOrEqual((taken + 5) * pool.windowBytes + 1_000_000);
    }
    await stream.return(undefined);
    await until(() => pool.places.running === 0);
  });

  it("that its consumer leaves lets go of its source and its places", async () => {
    let isReleased = false;
    async function* source() {
      try {
        for (;;) {
          yield new Uint8Array(300_000).fill(1);
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        isReleased = true;
      }
    }
    for await (const batch of chunkStream(pool, source(), { chunking: CONTENT })) {
      expect(batch.length).toBeGreaterThan(0);
      break;
    }
    await until(() => isReleased && pool.places.running === 0);
  });

  it("fails as its source fails, and with CANCELLED when it is cancelled, even while the source hangs", async () => {
    async function* broken() {
      yield seededRandom(6).bytes(5_000_000);
      throw new EfsError("TRUNCATED", "the client went away");
    }
    expect(await codeOf(collect(pool, broken()))).toBe("TRUNCATED");
    const stop = new AbortController();
    const never = new Promise<never>(() => undefined);
    async function* hanging() {
      yield new Uint8Array(10);
      await never;
    }
    const stream = chunkStream(pool, hanging(), { chunking: CONTENT, signal: stop.signal });
    const next = codeOf(stream.next());
    stop.abort();
    expect(await next).toBe("CANCELLED");
    expect(
      await codeOf(chunkStream(pool, [new Uint8Array(1)], { chunking: CONTENT, signal: stop.signal }).next()),
    ).toBe("CANCELLED");
    expect(pool.places.running).toBe(0);
  });
});

/** As `collect` without the look at the places, which other streams hold as well. */
async function collectLoose(pool: ChunkPool, source: Iterable<Uint8Array>): Promise<string[]> {
  const pieces: string[] = [];
  for await (const batch of chunkStream(pool, source, { chunking: CONTENT }))
    pieces.push(...batch.map(described));
  return pieces;
}

describe("the pool", () => {
  it("has no workers when there is no built worker beside it", () => {
    expect(openChunkPool({ workers: 2 }).workerCount).toBe(0);
  });

  it("that is closed while streams run fails them with SHUTTING_DOWN, and takes no more", async () => {
    const pool = openChunkPool({ workers: 1, workerUrl });
    const running = codeOf(collect(pool, split(seededRandom(8).bytes(30_000_000), 1, 3_000_000)));
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    await pool.close();
    expect(await running).toBe("SHUTTING_DOWN");
    expect(await codeOf(collect(pool, [new Uint8Array(500_000).fill(1)]))).toBe("SHUTTING_DOWN");
    await pool.close();
  });

  it("says INTERNAL when a worker dies, and starts another for the next stream", async () => {
    const flag = path.join(folder, "alive");
    const script = path.join(folder, "mortal.mjs");
    writeFileSync(
      script,
      `import { existsSync } from "node:fs";
       if (existsSync(${JSON.stringify(flag)})) await import(${JSON.stringify(workerUrl.href)});
       else throw new Error("dies");`,
    );
    const pool = openChunkPool({ workers: 1, workerUrl: pathToFileURL(script) });
    const bytes = seededRandom(9).bytes(400_000);
    expect(await codeOf(collect(pool, [bytes]))).toBe("INTERNAL");
    writeFileSync(flag, "");
    expect(await collect(pool, [bytes])).toEqual(chunkWhole(bytes, CONTENT).map(described));
    await pool.close();
  });

  it("does not stop the event loop for long while it cuts, hashes and compresses", async () => {
    const pool = openChunkPool({ workers: 2, workerUrl });
    const bytes = seededRandom(10).bytes(8_000_000);
    await collect(pool, split(bytes, 1, 65_536));
    let turns = 0;
    let isDone = false;
    const counting = (async () => {
      while (!isDone) {
        turns += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for await (const batch of chunkStream(pool, split(bytes, 1, 65_536), { chunking: CONTENT }))
      expect(batch.length).toBeGreaterThan(0);
    isDone = true;
    await counting;
    // A window is 4 MiB: other work had its turn many times between two of them.
    expect(turns).toBeGreaterThan(4);
    await pool.close();
  });
});
