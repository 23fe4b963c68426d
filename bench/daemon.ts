/**
 * Real processes of this project, for measurements and for tests of the whole: `efsd` on a data directory with a client of its admin
 * API, and runs of `efscli`. Owns the processes that it starts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, openSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { AdminClient } from "../src/api/admin-client.ts";
import { connect } from "../src/api/client.ts";

/** The project's directory: the nearest above this file that has `bin/efsd`. */
export const PROJECT = findProject(import.meta.dirname);

const START_MS_MAX = 20_000;

/** None outlives this process. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export interface DaemonOptions {
  readonly dataDirectory: string;
  readonly name?: string;
  /** More arguments of efsd. */
  readonly flags?: readonly string[];
  /** A command to run efsd under (strace …). */
  readonly under?: readonly string[];
}

export class Daemon {
  readonly dataDirectory: string;
  readonly api: AdminClient;
  readonly #process: ChildProcess;
  readonly #exited: Promise<number | null>;

  private constructor(child: ChildProcess, dataDirectory: string) {
    this.#process = child;
    this.dataDirectory = dataDirectory;
    running.add(child);
    this.#exited = new Promise((resolve) => child.once("exit", resolve));
    child.once("exit", () => running.delete(child));
    this.api = connect({ endpoint: this.endpoint, timeoutMs: 60_000 });
  }

  /** Starts efsd and resolves when its admin API answers. Its log is `DIRECTORY.log`. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    await mkdir(options.dataDirectory, { recursive: true });
    const logFile = `${options.dataDirectory}.log`;
    const log = openSync(logFile, "a");
    const [command = "", ...words] = [
      ...(options.under ?? []),
      process.execPath,
      path.join(PROJECT, "bin/efsd"),
      "--data",
      options.dataDirectory,
      ...(options.name === undefined ? [] : ["--name", options.name]),
      ...(options.flags ?? []),
    ];
    const child = spawn(command, words, {
      stdio: ["ignore", log, log],
      env: environment(options.dataDirectory),
    });
    const daemon = new Daemon(child, options.dataDirectory);
    await waitFor(`efsd on ${options.dataDirectory}`, START_MS_MAX, async () => {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`efsd ended with ${child.exitCode}:\n${readFileSync(logFile, "utf8").slice(-4000)}`);
      }
      if (!existsSync(path.join(options.dataDirectory, "efsd.sock"))) return false;
      return daemon.api.systemStatus().then(
        () => true,
        () => false,
      );
    });
    return daemon;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get endpoint(): string {
    return `unix:${path.join(this.dataDirectory, "efsd.sock")}`;
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Ends it (SIGKILL: at once) and resolves to its exit code when it is gone. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<number | null> {
    if (this.isRunning) this.#process.kill(signal);
    const code = await this.#exited;
    await this.api.close().catch(() => undefined);
    return code;
  }
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly pid: number;
}

export interface RunOptions {
  readonly endpoint?: string;
  readonly stdin?: "ignore" | NodeJS.ReadableStream | AsyncIterable<Uint8Array>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Called with the process when it has been started. */
  readonly onStart?: (child: ChildProcess) => void;
  /** Gets what it writes, which is then not gathered. */
  readonly onStdout?: (bytes: Buffer) => void;
}

/** Runs efscli to its end. */
export async function efscli(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(process.execPath, [path.join(PROJECT, "bin/efscli"), ...words], {
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      ...process.env,
      NO_COLOR: "1",
      ...(options.endpoint === undefined ? {} : { EFSCLI_ENDPOINT: options.endpoint }),
      ...options.environment,
    },
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", options.onStdout ?? ((bytes: Buffer) => stdout.push(bytes)));
  child.stderr.on("data", (bytes: Buffer) => stderr.push(bytes));
  child.stdin.on("error", () => undefined);
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  options.onStart?.(child);
  if (options.stdin !== undefined && options.stdin !== "ignore") {
    for await (const bytes of options.stdin) {
      if (!child.stdin.writable) break;
      if (!child.stdin.write(bytes)) await new Promise<void>((resolve) => child.stdin.once("drain", resolve));
    }
  }
  child.stdin.end();
  const code = await closed;
  return {
    code,
    stdout: Buffer.concat(stdout).toString(),
    stderr: Buffer.concat(stderr).toString(),
    pid: child.pid ?? 0,
  };
}

/** As `efscli`, but any exit code but 0 is an error that shows what was said. */
export async function efscliOk(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const ran = await efscli(words, options);
  if (ran.code !== 0) {
    throw new Error(`efscli ${words.join(" ")} ended with ${ran.code}:\n${ran.stdout}${ran.stderr}`);
  }
  return ran;
}

/** Asks again until the condition holds. @throws Error when it does not within `deadlineMs` */
export async function waitFor(
  what: string,
  deadlineMs: number,
  condition: () => Promise<boolean> | boolean,
  everyMs = 20,
): Promise<void> {
  const startMs = performance.now();
  while (!(await condition())) {
    if (performance.now() - startMs > deadlineMs) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Running segments are registered beside the data, so that measurements and tests are not seen by the person's efscli. */
function environment(dataDirectory: string): NodeJS.ProcessEnv {
  return { ...process.env, XDG_RUNTIME_DIR: path.dirname(dataDirectory), NO_COLOR: "1" };
}

function findProject(directory: string): string {
  for (let at = directory; ; at = path.dirname(at)) {
    if (existsSync(path.join(at, "package.json")) && existsSync(path.join(at, "bin"))) return at;
    if (at === path.dirname(at)) throw new Error("the project's directory was not found");
  }
}
