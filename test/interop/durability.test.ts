/** Watches efsd's system calls: no acknowledgement leaves before the pack's and the record commit's sync have returned. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { Daemon } from "../../bench/daemon.ts";
import { incompressibleBytes } from "../../bench/text.ts";
import { testDirectory } from "../support/two-segments.ts";
import { findEarlyAnswers, readTrace } from "./trace.ts";

const BUCKET = "Hawaii/Cola/bk1";
const CALLS = "fdatasync,fsync,write,writev,pwrite64,pwritev,pwritev2,sendmsg,sendto";

describe("an acknowledgement", () => {
  it("leaves after the pack's sync and the record commit's sync have returned", async () => {
    expect(spawnSync("strace", ["-V"]).status, "strace is needed: apt-get install strace").toBe(0);
    const directory = await testDirectory();
    const trace = path.join(directory, "trace");
    const daemon = await Daemon.start({
      dataDirectory: path.join(directory, "data"),
      // -D: strace is the grandchild, so that the process known here is efsd.
      under: ["strace", "-D", "-f", "-y", "-qq", "-s", "40", "-o", trace, "-e", `trace=${CALLS}`],
    });
    onTestFinished(async () => {
      await daemon.stop("SIGKILL");
    });
    await daemon.api.createCluster({ name: "Hawaii" });
    await daemon.api.createTenant("Hawaii", { name: "Cola" });
    await daemon.api.createBucket("Hawaii/Cola", { name: "bk1" });
    let chunked = 0;
    for (let index = 0; index < 60; index += 1) {
      const sizeBytes = [10, 1024, 1025, 30_000, 400_000, 3_000_000][index % 6] ?? 0;
      if (sizeBytes > 1024) chunked += 1;
      await daemon.api.putObject(BUCKET, `object-${index}`, incompressibleBytes(index, sizeBytes));
    }
    await daemon.stop();

    const findings = findEarlyAnswers(readTrace(readFileSync(trace, "utf8")));
    expect(findings.faults).toEqual([]);
    expect(findings.answers).toBe(63);
    expect(findings.answersWithChunks).toBe(chunked);
  });
});

describe("the reading of a trace", () => {
  const write = (line: string, file: string) =>
    `${line} pwritev(22</d/${file}>, [{iov_base="x", iov_len=1}], 1, 0) = 1`;
  const sync = (line: string, file: string) => `${line} fdatasync(22</d/${file}>) = 0`;
  const answer = '1 writev(26<socket:[5]>, [{iov_base="HTTP/1.1 201 Created"..., iov_len=9}], 1) = 9';
  const faultsOf = (lines: readonly string[]) => findEarlyAnswers(readTrace(lines.join("\n"))).faults;

  it("accepts pack, sync, commit, sync, answer", () => {
    const lines = [
      write("1", "1.pack"),
      sync("2", "1.pack"),
      write("1", "journal-0"),
      sync("2", "journal-0"),
      answer,
    ];
    expect(faultsOf(lines)).toEqual([]);
  });

  it("finds an answer that left while the sync was under way", () => {
    const faults = faultsOf([
      write("1", "journal-0"),
      "2 fdatasync(22</d/journal-0> <unfinished ...>",
      answer,
      "2 <... fdatasync resumed>) = 0",
    ]);
    expect(faults).toEqual(["answer 0 left before /d/journal-0 was synced"]);
  });

  it("finds a commit that began before the pack was synced, a failed sync and a missing commit", () => {
    const early = [
      write("1", "1.pack"),
      write("1", "journal-0"),
      sync("2", "1.pack"),
      sync("2", "journal-0"),
      answer,
    ];
    expect(faultsOf(early)).toEqual(["the record commit of answer 0 began before /d/1.pack was synced"]);
    const failed = [
      write("1", "journal-0"),
      "2 fdatasync(22</d/journal-0>) = -1 EIO (Input/output error)",
      answer,
    ];
    expect(faultsOf(failed)).toEqual(["answer 0 left before /d/journal-0 was synced"]);
    expect(faultsOf([answer])).toEqual(["answer 0 left without a record commit"]);
  });
});
