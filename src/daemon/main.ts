/**
 * The process `efsd`: arguments, configuration, signals and the exit code. SIGTERM, SIGINT and SIGHUP drain and stop, a second one
 * ends at once. A bug that nothing caught is logged and ends the process with 70: what is durable is durable.
 */
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { registryPlace } from "../api/registry.ts";
import { systemClock } from "../base/clock.ts";
import { type EfsError, EXIT_CODES, toEfsError } from "../base/errors.ts";
import { type Log, type LogLevel, openLog } from "../base/log.ts";
import { systemRandom } from "../base/random.ts";
import { type DaemonArguments, parseArguments } from "./arguments.ts";
import type { Daemon } from "./assemble.ts";
import { readConfig } from "./config.ts";
import { prepareDataDirectory } from "./data-directory.ts";
import { VERSION } from "./version.ts";

/** Stopping takes at most so long; then something is stuck. */
const STOP_MS_MAX = 60_000;

// All that is made here is the user's alone.
process.umask(0o077);
// Bodies pass through memory outside of the heap, which V8 counts as its growth: with its own measure it marked the whole heap once for
// every 12 MiB of a PUT, a quarter of all processor time. Three times what is alive is still little here.
setFlagsFromString("--heap-growing-percent=200");
let log = logAt("info");
catchBugs();
await main();

async function main(): Promise<void> {
  try {
    const parsed = parseArguments(process.argv.slice(2), VERSION);
    if (parsed.kind === "tell") process.stdout.write(parsed.text);
    else await run(parsed.arguments);
  } catch (thrown) {
    const error = toEfsError(thrown);
    fail(error, thrown);
    process.exit(error.exitCode);
  }
}

async function run(given: DaemonArguments): Promise<void> {
  const stopping = stopSignal();
  const config = await readConfig({ dataDirectory: given.data, file: given.config });
  log = logAt(given.logLevel ?? config.logLevel ?? "info");
  const settings = {
    dataDirectory: await prepareDataDirectory(given.data),
    name: given.name ?? config.name,
    adminListen: given.adminListen ?? config.admin.listen,
    tls: config.admin,
    newSegmentKey: given.newSegmentKey,
    idleUploadDays: config.idleUploadDays,
  };
  // Loaded only now, so that a wrong command line is told at once.
  const { describe, openDaemon } = await import("./assemble.ts");
  const { openLocalEngine } = await import("../engine/local/open.ts");
  const { isgwGateway } = await import("../gateway/isgw/gateway.ts");
  const { s3Gateway, s3sGateway } = await import("../gateway/s3/gateway.ts");
  const daemon = await openDaemon(
    {
      openEngine: openLocalEngine,
      gateways: [isgwGateway, s3Gateway, s3sGateway],
      clock: systemClock,
      random: systemRandom,
      log,
      registry: registryPlace(),
      version: VERSION,
    },
    settings,
  );
  log.info({ ...describe(daemon, settings), version: VERSION }, "ready");
  const signal = await stopping;
  log.info({ signal }, "stopping");
  await stop(daemon);
  log.info({}, "stopped");
  process.exit(0);
}

async function stop(daemon: Daemon): Promise<void> {
  const stuck = new AbortController();
  const late = systemClock.sleep(STOP_MS_MAX, stuck.signal).then(() => !stuck.signal.aborted);
  const isLate = await Promise.race([daemon.close().then(() => false), late]);
  stuck.abort();
  if (!isLate) return;
  log.error({ waitedMs: STOP_MS_MAX }, "did not stop in time: ending anyway");
  process.exit(EXIT_CODES.internal);
}

/** Resolves with the first signal that asks to stop; the second ends the process. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let count = 0;
    for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      process.on(name, () => {
        count += 1;
        if (count > 1) process.exit(EXIT_CODES.cancelled);
        resolve(name);
      });
    }
  });
}

function catchBugs(): void {
  let isEnding = false;
  const end = (thrown: unknown, what: string) => {
    if (isEnding) return;
    isEnding = true;
    try {
      log.error({ code: "INTERNAL", cause: thrown instanceof Error ? thrown.stack : String(thrown) }, what);
    } finally {
      process.exit(EXIT_CODES.internal);
    }
  };
  process.on("uncaughtException", (thrown) => end(thrown, "a bug: an error that nothing caught"));
  process.on("unhandledRejection", (thrown) => end(thrown, "a bug: a rejection that nothing caught"));
}

function fail(error: EfsError, thrown: unknown): void {
  const cause = error.kind === "internal" && thrown instanceof Error ? thrown.stack : undefined;
  log.error({ code: error.code, hint: error.hint, ...error.details, cause }, error.message);
}

function logAt(level: LogLevel): Log {
  return openLog({ level, isPretty: process.stderr.isTTY === true });
}
