/** `efscli demo` as a real process, with a TMPDIR of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { onTestFinished } from "vitest";
import { PROJECT } from "../../bench/daemon.ts";
import { testDirectory } from "./two-segments.ts";

export interface Demo {
  readonly child: ChildProcess;
  /** Its TMPDIR. */
  readonly directory: string;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exited: Promise<number | null>;
}

/** `words`: what stands behind `efscli demo`. */
export async function startDemo(words: readonly string[] = []): Promise<Demo> {
  const directory = await testDirectory();
  const child = spawn(process.execPath, [path.join(PROJECT, "bin/efscli"), "demo", ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TMPDIR: directory, NO_COLOR: "1" },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (bytes: Buffer) => {
    stdout += bytes.toString();
  });
  child.stderr.on("data", (bytes: Buffer) => {
    stderr += bytes.toString();
  });
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  onTestFinished(async () => {
    // A test that failed in between leaves a demo that tidies up by itself.
    child.kill("SIGINT");
    await exited;
  });
  return { child, directory, stdout: () => stdout, stderr: () => stderr, exited };
}

/** Directories of the demo that are there now. */
export function stagesOf(demo: Demo): readonly string[] {
  return readdirSync(demo.directory).filter((name) => name.startsWith("efs-demo-"));
}

/** The daemons, by the `kill` lines that it printed. */
export function daemonPids(demo: Demo): readonly number[] {
  return [...demo.stdout().matchAll(/^\s*\$? ?kill ([\d ]+)/gm)].flatMap((match) =>
    (match[1] ?? "").trim().split(" ").map(Number),
  );
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
