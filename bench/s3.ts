/**
 * `npm run bench -- s3`: PUT and GET of 64 MiB and of 4 KiB over HTTP, beside a plain Node server that writes and fsyncs files, nginx's DAV
 * and two S3 servers, by one load generator, on the same file system, in interleaved rounds. Random bodies, requests signed beforehand.
 */
import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { median, type Report, type Row } from "./report.ts";
import { type LoadResult, runLoad } from "./s3/load.ts";
import { prepare } from "./s3/request.ts";
import { startRgw } from "./s3/rgw.ts";
import { type Server, startBaseline, startEfs, startNginx, startS3rver } from "./s3/servers.ts";
import { UsageMeter } from "./usage.ts";

const LARGE_BYTES = 64 * 2 ** 20;
const SMALL_BYTES = 4096;
const IN_FLIGHT = 16;
/** A peer whose 4 KiB requests take this much longer gets fewer of them. */
const SLOW_SHARE = 0.15;

export interface S3Options {
  readonly directory: string;
  readonly rounds: number;
  readonly largeCount: number;
  readonly smallCount: number;
  readonly say: (text: string) => void;
}

const WORKLOADS = ["put large", "get large", "put small", "get small", "get small from memory"] as const;
type Workload = (typeof WORKLOADS)[number];
type Results = Partial<Record<Workload, LoadResult>>;

interface Played {
  readonly name: string;
  readonly results: Results;
  readonly rssAnonBytesMax: number;
}

export async function benchS3(options: S3Options): Promise<Report> {
  const rounds: Played[][] = [];
  const missing = new Set<string>();
  for (let index = 0; index < options.rounds; index += 1) {
    const played: Played[] = [];
    for (const [name, begin] of Object.entries(CONTESTANTS)) {
      const directory = path.join(options.directory, `${index}-${name.replaceAll(" ", "-")}`);
      await mkdir(directory, { recursive: true });
      const server = await begin(directory);
      if (server === undefined) missing.add(name);
      else {
        try {
          played.push(await play(server, options));
        } finally {
          await server.stop();
        }
        options.say(`round ${index + 1} ${name}: ${describe(played.at(-1))}`);
      }
      await rm(directory, { recursive: true, force: true });
    }
    rounds.push(played);
  }
  return reportOf(options, rounds, missing);
}

const CONTESTANTS: Readonly<Record<string, (directory: string) => Promise<Server | undefined>>> = {
  efs: startEfs,
  baseline: startBaseline,
  "nginx DAV": startNginx,
  s3rver: startS3rver,
  "Ceph RGW": startRgw,
};

async function play(server: Server, options: S3Options): Promise<Played> {
  const isPeer = server.name === "s3rver" || server.name === "Ceph RGW";
  const smallCount = Math.ceil(options.smallCount * (isPeer ? SLOW_SHARE : 1));
  const results: Results = {};
  const meter = new UsageMeter([server.pid]);
  const run = async (workload: Workload, count: number, sizeBytes: number, path = server.prefix) => {
    const isPut = workload.startsWith("put");
    const isLarge = sizeBytes === LARGE_BYTES;
    const requests = [];
    for (let index = 0; index < count; index += 1) {
      requests.push(
        await prepare({
          method: isPut ? "PUT" : "GET",
          port: server.port,
          path: `${path}${isLarge ? "large" : "small"}-${index}`,
          body: isPut ? randomBytes(sizeBytes) : undefined,
          keys: server.keys,
        }),
      );
    }
    const expectBytes = isPut ? undefined : sizeBytes;
    const { port } = server;
    results[workload] = await runLoad({ port, inFlight: isLarge ? 1 : IN_FLIGHT, requests, expectBytes });
  };
  await run("put large", options.largeCount, LARGE_BYTES);
  await run("get large", options.largeCount, LARGE_BYTES);
  await run("put small", smallCount, SMALL_BYTES);
  await run("get small", smallCount, SMALL_BYTES);
  if (server.name === "baseline") {
    await run("get small from memory", smallCount, SMALL_BYTES, "/memory/");
    await run("get small from memory", smallCount, SMALL_BYTES, "/memory/");
  }
  return { name: server.name, results, rssAnonBytesMax: meter.stop().rssAnonBytesMax };
}

const perRequestMs = (result: LoadResult | undefined) =>
  result === undefined ? Number.NaN : result.wallMs / result.count;

function describe(played: Played | undefined): string {
  return WORKLOADS.map((workload) => {
    const result = played?.results[workload];
    if (result === undefined) return "";
    const speed = `${(1000 / perRequestMs(result)).toFixed(1)}/s`;
    return `${workload} ${speed} (p50 ${result.p50Ms.toFixed(2)}, p99 ${result.p99Ms.toFixed(2)} ms)`;
  })
    .filter(Boolean)
    .join(", ");
}

function reportOf(options: S3Options, rounds: readonly Played[][], missing: ReadonlySet<string>): Report {
  const resultsOf = (name: string, workload: Workload) =>
    rounds.flatMap((round) => round.find((played) => played.name === name)?.results[workload] ?? []);
  const bestMs = (name: string, workload: Workload) =>
    Math.min(...resultsOf(name, workload).map(perRequestMs));
  const tail = (name: string, workload: Workload) =>
    median(resultsOf(name, workload).map((result) => result.p99Ms / result.p50Ms));
  const speed = (ours: Workload, other: string, theirs: Workload, ratio: number | undefined): Row[] => {
    if (resultsOf(other, theirs).length === 0) return [];
    return [
      {
        what: `${WORDS[ours]}: time of one`,
        unit: "ms",
        ours: bestMs("efs", ours),
        theirs: bestMs(other, theirs),
        against: theirs === ours ? other : `${other}, from memory`,
        target: ratio === undefined ? undefined : { kind: "at least", ratio },
      },
    ];
  };
  const tails = (ours: Workload, theirs: Workload): Row => ({
    what: `${WORDS[ours]}: p99 / p50`,
    unit: "ratio",
    ours: tail("efs", ours),
    theirs: tail("baseline", theirs),
    against: "baseline",
    target: { kind: "at most", ratio: 1.5 },
  });
  const memory = Math.max(
    ...rounds.flat().map((played) => (played.name === "efs" ? played.rssAnonBytesMax : 0)),
  );
  return {
    title: `s3: ${options.largeCount} x 64 MiB one at a time, ${options.smallCount} x 4 KiB with ${IN_FLIGHT} in flight; best of ${rounds.length}`,
    rows: [
      ...speed("get large", "baseline", "get large", 0.8),
      ...speed("put large", "baseline", "put large", 0.7),
      ...speed("put small", "baseline", "put small", 3),
      ...speed("get small", "baseline", "get small from memory", 0.35),
      ...speed("get small", "baseline", "get small", undefined),
      tails("put small", "put small"),
      tails("get small", "get small from memory"),
      ...["s3rver", "Ceph RGW"].flatMap((peer) => [
        ...speed("put small", peer, "put small", 4),
        ...speed("get small", peer, "get small", 4),
        ...speed("put large", peer, "put large", undefined),
        ...speed("get large", peer, "get large", undefined),
      ]),
      ...(["put large", "get large", "put small", "get small"] as const).flatMap((workload) =>
        speed(workload, "nginx DAV", workload, undefined),
      ),
      {
        what: "memory of efsd (RssAnon)",
        unit: "bytes",
        ours: memory,
        theirs: undefined,
        against: "",
        target: { kind: "below", value: 400 * 2 ** 20 },
      },
    ],
    rounds,
    notes: [
      "baseline: bench/baseline/http-files.ts, a node:http server; no signature, MD5, chunks or compression. nginx syncs nothing.",
      "Ceph RGW keeps everything in memory. Signatures with x-amz-content-sha256 of the body, where the server checks any.",
      ...[...missing].map((name) => `${name} is not installed and was not measured.`),
    ],
  };
}

const WORDS: Readonly<Record<Workload, string>> = {
  "put large": "PUT 64 MiB",
  "get large": "GET 64 MiB",
  "put small": "PUT 4 KiB",
  "get small": "GET 4 KiB",
  "get small from memory": "GET 4 KiB from memory",
};
