/**
 * The rsync side of the comparison: a daemon of Debian's rsync on loopback, and a client that pushes through the relay with
 * `-a -z --fsync --delete`. Owns the daemon's process.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import path from "node:path";
import { cpuMs } from "./usage.ts";

export class RsyncDaemon {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#process = child;
    this.port = port;
  }

  /** A daemon with one module `copy` that is the directory `target`. */
  static async start(directory: string, target: string): Promise<RsyncDaemon> {
    await mkdir(target, { recursive: true });
    const port = await freePort();
    const config = path.join(directory, "rsyncd.conf");
    const identity = process.getuid?.() === 0 ? "uid = 0\ngid = 0\n" : "";
    await writeFile(
      config,
      `use chroot = no\n${identity}pid file = ${path.join(directory, "rsyncd.pid")}\nlog file = ${path.join(directory, "rsyncd.log")}\n` +
        `[copy]\npath = ${target}\nread only = no\n`,
    );
    const child = spawn(
      "rsync",
      ["--daemon", "--no-detach", `--config=${config}`, "--address=127.0.0.1", `--port=${port}`],
      { stdio: "ignore" },
    );
    await waitForPort(port, child);
    return new RsyncDaemon(child, port);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Resolves when the daemon has reaped the process of the last connection, so that its time is counted. */
  async settle(): Promise<void> {
    for (let before = -1, count = 0; count < 40; count += 1) {
      const now = cpuMs(this.pid);
      if (now === before && count > 4) return;
      before = now;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGTERM");
    await ended;
  }
}

export function rsyncVersion(): string | undefined {
  const result = spawnSync("rsync", ["--version"], { encoding: "utf8" });
  return result.status === 0 ? /version (\S+)/.exec(result.stdout)?.[1] : undefined;
}

/** Pushes `source` (a directory's content with a trailing slash, or a file) to `target` inside the module. */
export async function rsyncPush(port: number, source: string, target: string): Promise<void> {
  const child = spawn(
    "rsync",
    ["-a", "-z", "--fsync", "--delete", source, `rsync://127.0.0.1:${port}/copy/${target}`],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  if (code !== 0) throw new Error(`rsync ended with ${code}`);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function waitForPort(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`rsync --daemon ended with ${child.exitCode}`);
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("rsync --daemon does not listen");
}
