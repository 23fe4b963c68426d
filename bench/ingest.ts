/**
 * `npm run bench -- ingest`: a put of one large incompressible stream and durable puts of 1 KiB objects, beside the plain Node programs
 * of `baseline/` that write and fsync as much. Rounds are interleaved and the best of each counts.
 */
import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import path from "node:path";
import { Daemon, efscliOk, PROJECT } from "./daemon.ts";
import { inFlight } from "./in-flight.ts";
import { best, type Report } from "./report.ts";
import { BUCKET, TENANT } from "./segment-pair.ts";
import { incompressible, incompressibleBytes } from "./text.ts";
import { type Usage, UsageMeter } from "./usage.ts";

export interface IngestOptions {
  readonly directory: string;
  readonly rounds: number;
  readonly streamBytes: number;
  readonly smallCount: number;
  readonly say: (text: string) => void;
}

interface Round {
  readonly plainStreamMs: number;
  readonly frontStreamMs: number;
  readonly putStreamMs: number;
  readonly putStream: Usage;
  readonly plainSmallMs: number;
  readonly frontSmallMs: number;
  readonly apiSmallMs: number;
  readonly apiSmall: Usage;
}

export async function benchIngest(options: IngestOptions): Promise<Report> {
  const rounds: Round[] = [];
  for (let index = 0; index < options.rounds; index += 1) {
    const round = await playRound(options, index);
    rounds.push(round);
    options.say(
      `round ${index + 1}: ${Object.entries(round)
        .map(([name, value]) => (typeof value === "number" ? `${name} ${value.toFixed(0)}` : ""))
        .filter(Boolean)
        .join(", ")}`,
    );
  }
  const row = (what: string, ours: keyof Round, theirs: keyof Round, ratio: number) => ({
    what,
    unit: "ms" as const,
    ours: best(rounds, (round) => Number(round[ours])),
    theirs: best(rounds, (round) => Number(round[theirs])),
    against: "plain node",
    target: { kind: "at least" as const, ratio },
  });
  const stream = `${(options.streamBytes / 2 ** 20).toFixed(0)} MiB incompressible`;
  const small = `${options.smallCount} durable 1 KiB, 16 in flight`;
  return {
    title: `ingest: ${stream}; ${small}; best of ${rounds.length}`,
    rows: [
      row(`${stream}: efscli object put -`, "putStreamMs", "plainStreamMs", 0.5),
      row(`${stream}: segment's front door`, "frontStreamMs", "plainStreamMs", 0.5),
      row(`${small}: segment's front door`, "frontSmallMs", "plainSmallMs", 1.5),
      row(`${small}: admin API`, "apiSmallMs", "plainSmallMs", 0.8),
      {
        what: `${stream}: memory of efsd + efscli`,
        unit: "bytes",
        ours: best(rounds, (round) => round.putStream.rssAnonBytesMax),
        theirs: undefined,
        against: "",
        target: undefined,
      },
    ],
    rounds,
    notes: [
      "plain node: bench/baseline/write-stream.ts and create-files.ts, on the same file system in the same run.",
    ],
  };
}

async function playRound(options: IngestOptions, index: number): Promise<Round> {
  const at = (name: string) => path.join(options.directory, name);
  const fresh = async (name: string) => {
    await rm(at(name), { recursive: true, force: true });
    return at(name);
  };
  const { streamBytes, smallCount } = options;
  const seed = String(index + 1);

  const plainStreamMs = await timed("write-stream.js", [await fresh("plain"), String(streamBytes), seed]);
  await fresh("plain");
  const frontStreamMs = await timed("front-door.js", [
    "stream",
    await fresh("front"),
    String(streamBytes),
    seed,
  ]);
  await fresh("front");
  const put = await putStream(await fresh("daemon"), streamBytes, index + 1);
  const plainSmallMs = await timed("create-files.js", [await fresh("plain"), String(smallCount)]);
  const frontSmallMs = await timed("front-door.js", ["small", await fresh("front"), String(smallCount)]);
  const api = await apiSmall(await fresh("daemon"), smallCount);
  for (const name of ["plain", "front", "daemon"]) await fresh(name);
  return {
    plainStreamMs,
    frontStreamMs,
    putStreamMs: put.wallMs,
    putStream: put.usage,
    plainSmallMs,
    frontSmallMs,
    apiSmallMs: api.wallMs,
    apiSmall: api.usage,
  };
}

async function putStream(directory: string, streamBytes: number, seed: number) {
  return withDaemon(directory, async (daemon) => {
    const stdin = (async function* () {
      yield* incompressible(seed, streamBytes);
    })();
    await efscliOk(["object", "put", `${BUCKET}/stream`, "-"], { endpoint: daemon.endpoint, stdin });
  });
}

async function apiSmall(directory: string, count: number) {
  const bytes = incompressibleBytes(1, count * 1024);
  return withDaemon(directory, (daemon) =>
    inFlight(count, 16, async (index) => {
      await daemon.api.putObject(BUCKET, `object-${index}`, bytes.subarray(index * 1024, (index + 1) * 1024));
    }),
  );
}

async function withDaemon(directory: string, work: (daemon: Daemon) => Promise<void>) {
  const daemon = await Daemon.start({ dataDirectory: directory });
  try {
    await daemon.api.createCluster({ name: "Hawaii" });
    await daemon.api.createTenant("Hawaii", { name: "Cola" });
    await daemon.api.createBucket(TENANT, { name: "bk1" });
    const meter = new UsageMeter([daemon.pid]);
    const startMs = performance.now();
    await work(daemon);
    return { wallMs: performance.now() - startMs, usage: meter.stop() };
  } finally {
    await daemon.stop();
  }
}

/** Runs one of the programs beside this one and reads the milliseconds that it prints. */
async function timed(program: string, words: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [path.join(PROJECT, "dist/bench", program), ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (bytes: Buffer) => {
    text += bytes.toString();
  });
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const ms = Number(text.trim());
  if (code !== 0 || !(ms > 0)) throw new Error(`${program} ended with ${code}: ${text}`);
  return ms;
}
