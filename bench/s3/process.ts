/** Servers that `bench s3` starts for itself: each ends with the bench. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { waitFor } from "../daemon.ts";

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export interface Started {
  readonly child: ChildProcess;
  /** Ends it and resolves when it is gone. */
  stop(): Promise<void>;
}

export function start(command: string, words: readonly string[], onLine?: (line: string) => void): Started {
  const child = spawn(command, words, { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const exited = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  child.stdout.on("data", (bytes: Buffer) => onLine?.(bytes.toString()));
  child.stderr.on("data", () => undefined);
  return {
    child,
    stop: async () => {
      const killer = setTimeout(() => child.kill("SIGKILL"), 5000);
      child.kill("SIGTERM");
      await exited;
      clearTimeout(killer);
      running.delete(child);
    },
  };
}

export function isInstalled(command: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
}

/** @throws Error with what the command said */
export function runOk(command: string, words: readonly string[], timeoutMs = 60_000): string {
  const ran = spawnSync(command, words, { timeout: timeoutMs, encoding: "utf8" });
  if (ran.status !== 0)
    throw new Error(`${command} ${words.join(" ")} ended with ${ran.status}: ${ran.stderr}`);
  return ran.stdout;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until something answers HTTP there. */
export function answering(what: string, port: number, deadlineMs = 60_000): Promise<void> {
  return waitFor(what, deadlineMs, () =>
    fetch(`http://127.0.0.1:${port}/`).then(
      async (answer) => {
        await answer.arrayBuffer();
        return true;
      },
      () => false,
    ),
  );
}
