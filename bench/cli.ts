/**
 * `npm run bench -- cli`: what a small command costs beside an empty Node program, with NODE_EXTRA_CA_CERTS set and unset (Node reads
 * that file at every start). Interleaved starts; medians are compared.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { Daemon, PROJECT } from "./daemon.ts";
import { median, type Report, type Row } from "./report.ts";
import { TENANT } from "./segment-pair.ts";

export interface CliOptions {
  readonly directory: string;
  readonly starts: number;
  readonly say: (text: string) => void;
}

const AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt";

export async function benchCli(options: CliOptions): Promise<Report> {
  const daemon = await Daemon.start({ dataDirectory: path.join(options.directory, "daemon") });
  const authorities = process.env.NODE_EXTRA_CA_CERTS ?? AUTHORITIES;
  const rows: Row[] = [];
  const rounds: unknown[] = [];
  try {
    await daemon.api.createCluster({ name: "Hawaii" });
    await daemon.api.createTenant("Hawaii", { name: "Cola" });
    for (const name of ["bk1", "bk2", "bk3"]) await daemon.api.createBucket(TENANT, { name });
    for (const [label, certificates, ratio] of [
      ["NODE_EXTRA_CA_CERTS set", authorities, 2.0],
      ["NODE_EXTRA_CA_CERTS unset", undefined, 2.8],
    ] as const) {
      if (certificates !== undefined && !existsSync(certificates)) {
        options.say(`left out: ${certificates} is not here`);
        continue;
      }
      const listed: number[] = [];
      const empty: number[] = [];
      for (let start = 0; start < options.starts; start += 1) {
        const environment = environmentWith(certificates, daemon.endpoint);
        empty.push(await timed(["-e", "0"], environment));
        listed.push(await timed([path.join(PROJECT, "bin/efscli"), "bucket", "list", TENANT], environment));
      }
      rounds.push({ label, listed, empty });
      rows.push({
        what: `efscli bucket list, ${label}`,
        unit: "ms",
        ours: median(listed),
        theirs: median(empty),
        against: "node -e 0",
        target: { kind: "at most", ratio },
      });
    }
  } finally {
    await daemon.stop();
  }
  return {
    title: `cli: median of ${options.starts} interleaved starts`,
    rows,
    rounds,
    notes: ["A daemon runs and holds three buckets; the endpoint comes from the environment."],
  };
}

function environmentWith(certificates: string | undefined, endpoint: string): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { ...process.env, EFSCLI_ENDPOINT: endpoint };
  delete environment.NODE_EXTRA_CA_CERTS;
  return certificates === undefined ? environment : { ...environment, NODE_EXTRA_CA_CERTS: certificates };
}

async function timed(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const startMs = performance.now();
  const child = spawn(process.execPath, words, { env: environment, stdio: ["ignore", "ignore", "inherit"] });
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  if (code !== 0) throw new Error(`${words.join(" ")} ended with ${code}`);
  return performance.now() - startMs;
}
