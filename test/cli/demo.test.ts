/** `efscli demo` as a real process on a small directory: it fails when the far side is tampered with, and leaves nothing behind. */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../bench/daemon.ts";
import { connect } from "../../src/api/client.ts";
import { daemonPids, isAlive, stagesOf, startDemo } from "../support/demo.ts";
import { testDirectory } from "../support/two-segments.ts";

const BUCKET = "Hawaii/Cola/bk1";

async function photos(): Promise<string> {
  const tree = path.join(await testDirectory(), "photos");
  await mkdir(path.join(tree, "deep/er"), { recursive: true });
  for (let index = 0; index < 60; index += 1) {
    const directory = index % 2 === 0 ? "deep/er" : ".";
    await writeFile(path.join(tree, directory, `file ${index}`), `${index} `.repeat(index * 40));
  }
  return tree;
}

describe("efscli demo", () => {
  it("ends with FAIL and exit 1 when one byte is flipped at the far side before the verdict", async () => {
    const demo = await startDemo([await photos()]);
    const socket = () => path.join(demo.directory, stagesOf(demo)[0] ?? "none", "remote/efsd.sock");
    await waitFor("the far segment", 20_000, () => existsSync(socket()));
    const far = connect({ endpoint: `unix:${socket()}` });
    const name = "photos/deep/er/file 42";
    await waitFor("the object at the far side", 20_000, () =>
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
    const lines = demo.stdout().trimEnd().split("\n");
    expect(lines).toContain("  photos/deep/er/file 42: another byte at offset 1000");
    expect(lines.at(-1)).toMatch(/^FAIL: 1 of 61 files differ at the far side \(\d+s\)$/);
    const typed = lines.filter((line) => line.startsWith("$ efscli "));
    expect(typed.some((line) => line.includes("service add isgw hawaii-r --direction receive"))).toBe(true);
    expect(typed.some((line) => line.includes("service add isgw hawaii --direction send"))).toBe(true);
    expect(demo.stdout()).toMatch(/^X-Service-Name: hawaii$/m);
    expect(stagesOf(demo)).toEqual([]);
    expect(daemonPids(demo).filter(isAlive)).toEqual([]);
  });

  it("ends both segments and removes its directory when it is interrupted", async () => {
    const demo = await startDemo([await photos()]);
    await waitFor("the link", 20_000, () =>
      demo.stdout().includes("service add isgw hawaii --direction send"),
    );
    demo.child.kill("SIGINT");
    expect(await demo.exited).toBe(130);
    await waitFor("the directory's end", 5000, () => stagesOf(demo).length === 0);
  });
});
