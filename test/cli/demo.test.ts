/** `efscli demo` as a real process on a small directory: it passes, it fails when the far side is tampered with, it leaves nothing behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { PROJECT, waitFor } from "../../bench/daemon.ts";
import { connect } from "../../src/api/client.ts";
import { testDirectory } from "../support/two-segments.ts";

const BUCKET = "Hawaii/Cola/bk1";

interface Demo {
  readonly child: ChildProcess;
  /** Its TMPDIR. */
  readonly directory: string;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exited: Promise<number | null>;
}

async function startDemo(flags: readonly string[] = []): Promise<Demo> {
  const directory = await testDirectory();
  const tree = path.join(directory, "photos");
  await mkdir(path.join(tree, "deep/er"), { recursive: true });
  for (let index = 0; index < 60; index += 1) {
    await writeFile(
      path.join(tree, index % 2 === 0 ? "deep/er" : ".", `file ${index}`),
      `${index} `.repeat(index * 40),
    );
  }
  const child = spawn(process.execPath, [path.join(PROJECT, "bin/efscli"), "demo", tree, ...flags], {
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
  return { child, directory, stdout: () => stdout, stderr: () => stderr, exited };
}

const stages = (demo: Demo) => readdirSync(demo.directory).filter((name) => name.startsWith("efs-demo-"));
const daemonPids = (demo: Demo) =>
  [...demo.stdout().matchAll(/^\s*\$? ?kill ([\d ]+)/gm)].flatMap(
    (match) => match[1]?.trim().split(" ") ?? [],
  );

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("efscli demo", () => {
  it("shows the commands that it runs and ends with a verdict of one line and exit 0", async () => {
    const demo = await startDemo();
    expect(await demo.exited, demo.stderr() + demo.stdout()).toBe(0);
    const lines = demo.stdout().trimEnd().split("\n");
    expect(lines.at(-1)).toMatch(
      /^PASS: 61 files, .*every byte at the far side is as on disk; .* 0 data chunks \(\d+s\)$/,
    );
    const typed = lines.filter((line) => line.startsWith("$ efscli "));
    expect(typed.some((line) => line.includes("service add isgw hawaii-r --direction receive"))).toBe(true);
    expect(typed.some((line) => line.includes("service add isgw hawaii --direction send"))).toBe(true);
    expect(demo.stdout()).toMatch(/^X-Service-Name: hawaii$/m);
    expect(stages(demo)).toEqual([]);
    for (const pid of daemonPids(demo)) expect(isAlive(Number(pid))).toBe(false);
  });

  it("ends with FAIL and exit 1 when one byte is flipped at the far side before the verdict", async () => {
    const demo = await startDemo();
    const socket = () => path.join(demo.directory, stages(demo)[0] ?? "none", "remote/efsd.sock");
    await waitFor("the far segment", 20_000, () => existsSync(socket()));
    const far = connect({ endpoint: `unix:${socket()}` });
    const name = "photos/deep/er/file 42";
    await waitFor("the object at the far side", 20_000, async () =>
      far.showObject(BUCKET, name).then(
        () => true,
        () => false,
      ),
    );
    const wrong = Buffer.from("42 ".repeat(42 * 40));
    wrong[1000] = (wrong[1000] ?? 0) ^ 1;
    await far.putObject(BUCKET, name, wrong);
    await far.close();
    expect(await demo.exited).toBe(1);
    expect(demo.stdout()).toMatch(/^ {2}photos\/deep\/er\/file 42: another byte at offset 1000$/m);
    expect(demo.stdout().trimEnd().split("\n").at(-1)).toMatch(/^FAIL: 1 of 61 files differ/);
    expect(stages(demo)).toEqual([]);
  });

  it("ends both segments and removes its directory when it is interrupted", async () => {
    const demo = await startDemo();
    await waitFor("the link", 20_000, () =>
      demo.stdout().includes("service add isgw hawaii --direction send"),
    );
    demo.child.kill("SIGINT");
    expect(await demo.exited).toBe(130);
    await waitFor("the directory's end", 5000, () => stages(demo).length === 0);
  });
});
