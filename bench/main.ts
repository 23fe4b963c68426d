/**
 * `npm run bench -- [ingest|replicate|cli|s3 …] [--rounds N] [--quick] [--json FILE]`: measures and prints each figure beside what it is
 * held against. Works in a directory under TMPDIR that is removed at the end; needs up to 8 GiB there.
 */
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { benchCli } from "./cli.ts";
import { benchIngest } from "./ingest.ts";
import { benchReplicate } from "./replicate.ts";
import { isMet, machine, type Report, table } from "./report.ts";
import { benchS3 } from "./s3.ts";

const PARTS = ["ingest", "replicate", "cli", "s3"] as const;
type Part = (typeof PARTS)[number];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    quick: { type: "boolean", default: false },
    json: { type: "string" },
  },
});
const parts = positionals.length === 0 ? PARTS : positionals.map(parsePart);
const rounds = values.quick ? 1 : Number(values.rounds);
if (!(rounds >= 1 && rounds <= 100)) throw new Error(`--rounds is 1 to 100, not ${values.rounds}`);

const say = (text: string) => process.stderr.write(`bench: ${text}\n`);
const directory = await mkdtemp(path.join(os.tmpdir(), "efs-bench-"));
// The daemons end with this process, before this.
process.once("exit", () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
const reports: Report[] = [];
try {
  process.stdout.write(`${machine()}\n`);
  for (const part of parts) {
    const report = await run(part);
    reports.push(report);
    process.stdout.write(`\n${table(report)}`);
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
if (values.json !== undefined) {
  const found = { machine: machine(), date: new Date().toISOString(), isQuick: values.quick, reports };
  await writeFile(values.json, `${JSON.stringify(found, undefined, 2)}\n`);
}
const missed = reports.flatMap((report) => report.rows).filter((row) => isMet(row) === false);
if (missed.length > 0)
  process.stdout.write(`\n${missed.length} not met: ${missed.map((row) => row.what).join("; ")}\n`);

async function run(part: Part): Promise<Report> {
  const at = path.join(directory, part);
  await mkdir(at);
  if (part === "cli") return benchCli({ directory: at, starts: values.quick ? 7 : 25, say });
  if (part === "ingest") {
    const streamBytes = values.quick ? 128 * 2 ** 20 : 2 ** 30;
    return benchIngest({ directory: at, rounds, streamBytes, smallCount: values.quick ? 5000 : 20_000, say });
  }
  if (part === "s3") {
    const counts = values.quick ? { largeCount: 2, smallCount: 2000 } : { largeCount: 8, smallCount: 10_000 };
    return benchS3({ directory: at, rounds, ...counts, say });
  }
  return benchReplicate({ directory: at, rounds, scale: values.quick ? 0.1 : 1, say });
}

function parsePart(text: string): Part {
  const part = PARTS.find((candidate) => candidate === text);
  if (part === undefined) throw new Error(`not a part of the bench: ${text}; there are ${PARTS.join(", ")}`);
  return part;
}
