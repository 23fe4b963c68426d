/** The whole demo on real files of this machine, and what it leaves when it is told to. */
import { rmSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { efscli, efscliOk, waitFor } from "../../bench/daemon.ts";
import { daemonPids, isAlive, stagesOf, startDemo } from "../support/demo.ts";

describe("efscli demo", () => {
  it("proves the replication of the default files with --keep, and leaves both segments running", async () => {
    const demo = await startDemo(["--keep"]);
    expect(await demo.exited, demo.stderr() + demo.stdout()).toBe(0);
    const lines = demo.stdout().trimEnd().split("\n");
    const verdict =
      /^PASS: (\d+) files, .*every byte at the far side is as on disk; .* 0 data chunks \((.*)\)$/.exec(
        lines.at(-1) ?? "",
      );
    expect(verdict, lines.at(-1)).not.toBeNull();
    process.stderr.write(`demo: ${lines.at(-1)}\n`);
    // Where /usr/include and /usr/share/doc are nearly empty there are fewer than the 10,000 that it looks for.
    expect(Number(verdict?.[1])).toBeGreaterThan(5000);

    const stage = path.join(demo.directory, stagesOf(demo)[0] ?? "none");
    const pids = daemonPids(demo).filter(isAlive);
    try {
      expect(pids.length).toBe(2);
      const endpoint = (side: string) => ({ endpoint: `unix:${stage}/${side}/efsd.sock` });
      await efscliOk(
        ["object", "put", "Hawaii/Cola/bk1/hello", path.join(import.meta.dirname, "demo.test.ts")],
        endpoint("hawaii"),
      );
      await waitFor("what is put by hand at the far side", 20_000, async () => {
        const shown = await efscli(["object", "show", "Hawaii/Cola/bk1/hello"], endpoint("remote"));
        return shown.code === 0;
      });
    } finally {
      for (const pid of pids) process.kill(pid, "SIGTERM");
      await waitFor("both segments' end", 20_000, () => !pids.some(isAlive));
      rmSync(stage, { recursive: true, force: true });
    }
  });
});
