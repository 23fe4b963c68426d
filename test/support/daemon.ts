/**
 * Real `efsd` processes for tests: the built program on a data directory of the test's own. Waiting is for what the daemon says on stderr, with
 * deadlines; nothing sleeps. Build first: `npm run build:daemon`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { environmentWith } from "../../src/base/environment.ts";

const PROJECT = path.resolve(import.meta.dirname, "../..");
const READY_MS_MAX = 30_000;
const EXIT_MS_MAX = 90_000;
const STDERR_LENGTH_MAX = 4 * 1024 * 1024;

export interface StartOptions {
  readonly dataDirectory: string;
  readonly name?: string | undefined;
  readonly args?: readonly string[] | undefined;
  /** Over the test's own environment; undefined removes. XDG_RUNTIME_DIR is `<dataDirectory>.run` unless given. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

export interface TestDaemon {
  readonly pid: number;
  /** As `connect` and `--endpoint` take it. */
  readonly endpoint: string;
  /** The fields of the daemon's line `ready`: socket, systemGuid, segmentId, adminListen … */
  readonly ready: Readonly<Record<string, unknown>>;
  /** All that it has said so far. */
  stderr(): string;
  /** Resolves when a line of stderr matches, also one that was said before. */
  said(pattern: RegExp): Promise<string>;
  /** SIGTERM, then waits for its end. */
  stop(): Promise<Exit>;
  /** SIGKILL, then waits for its end. */
  kill(): Promise<Exit>;
  signal(name: NodeJS.Signals): void;
  /** Closes our end of its stderr. */
  deafen(): void;
  readonly exited: Promise<Exit>;
}

const children = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** Resolves when the daemon is ready. Rejects with its stderr when it ends before that or takes too long. */
export async function startDaemon(options: StartOptions): Promise<TestDaemon> {
  const daemon = spawnDaemon(options);
  const ended = daemon.exited.then((exit) => {
    throw new Error(`efsd ended with ${exit.code ?? exit.signal} before it was ready: ${exit.stderr}`);
  });
  const line = await Promise.race([daemon.said(/"msg":"ready"/), ended]);
  ended.catch(() => undefined);
  const ready = JSON.parse(line) as Record<string, unknown>;
  return { ...daemon, ready, endpoint: `unix:${String(ready.socket)}` };
}

/** An efsd that is expected to end by itself: resolves with how it did. */
export async function runDaemon(options: StartOptions): Promise<Exit> {
  const daemon = spawnDaemon(options);
  try {
    return await withDeadline(daemon.exited, { waitMs: READY_MS_MAX, what: "end", text: daemon.stderr });
  } catch (error) {
    daemon.signal("SIGKILL");
    throw error;
  }
}

function spawnDaemon({
  dataDirectory,
  name,
  args = [],
  env = {},
}: StartOptions): Omit<TestDaemon, "endpoint" | "ready"> {
  if (!existsSync(path.join(PROJECT, "dist/efsd/main.js"))) {
    throw new Error("dist/efsd/main.js is missing: npm run build:daemon");
  }
  const runtimeDirectory = `${dataDirectory}.run`;
  if (!("XDG_RUNTIME_DIR" in env)) mkdirSync(runtimeDirectory, { recursive: true });
  const given = [
    ...(dataDirectory === "" ? [] : ["--data", dataDirectory]),
    ...(name === undefined ? [] : ["--name", name]),
    ...args,
  ];
  const child = spawn(process.execPath, [path.join(PROJECT, "bin/efsd"), ...given], {
    stdio: ["ignore", "ignore", "pipe"],
    // Reading more certificates makes a start of Node three times as long.
    env: environmentWith({ NODE_EXTRA_CA_CERTS: undefined, XDG_RUNTIME_DIR: runtimeDirectory, ...env }),
  });
  children.add(child);
  const said = listen(child);
  const exited = new Promise<Exit>((resolve) => {
    child.once("close", (code, signal) => {
      children.delete(child);
      resolve({ code, signal, stderr: said.text() });
    });
  });
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    return withDeadline(exited, { waitMs: EXIT_MS_MAX, what: `end by ${signal}`, text: said.text });
  };
  return {
    pid: child.pid ?? -1,
    stderr: said.text,
    said: (pattern) =>
      withDeadline(said.matching(pattern), { waitMs: READY_MS_MAX, what: `say ${pattern}`, text: said.text }),
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    signal: (name) => {
      child.kill(name);
    },
    deafen: () => {
      child.stderr?.destroy();
    },
    exited,
  };
}

function listen(child: ChildProcess) {
  let text = "";
  const waiting = new Set<() => void>();
  child.stderr?.setEncoding("utf8").on("data", (part: string) => {
    text = (text + part).slice(-STDERR_LENGTH_MAX);
    for (const look of waiting) look();
  });
  const find = (pattern: RegExp) =>
    text
      .split("\n")
      .slice(0, -1)
      .find((line) => pattern.test(line));
  return {
    text: () => text,
    matching: (pattern: RegExp) =>
      new Promise<string>((resolve) => {
        const look = () => {
          const line = find(pattern);
          if (line === undefined) return;
          waiting.delete(look);
          resolve(line);
        };
        waiting.add(look);
        look();
      }),
  };
}

async function withDeadline<T>(
  promise: Promise<T>,
  { waitMs, what, text }: { waitMs: number; what: string; text: () => string },
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`efsd did not ${what} within ${waitMs} ms: ${text()}`)),
      waitMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
