/** A real tree through two segments and back, judged by rsync's own checksums and by diff. */
import { execFileSync } from "node:child_process";
import path from "node:path";
import { expect, it } from "vitest";
import { efscliOk, PROJECT } from "../../bench/daemon.ts";
import { BUCKET } from "../../bench/segment-pair.ts";
import { testDirectory, twoSegments } from "../support/two-segments.ts";

it("gives a tree back at the far side that rsync and diff cannot tell from the one that was put", async () => {
  const tree = path.join(PROJECT, "node_modules/typescript");
  const pair = await twoSegments();
  await efscliOk(["object", "put", "-r", tree, `${BUCKET}/tree`], { endpoint: pair.near.endpoint });
  await pair.waitForSentinel(BUCKET, 60_000);
  const back = path.join(await testDirectory(), "back");
  await efscliOk(["object", "get", "-r", `${BUCKET}/tree`, back], { endpoint: pair.far.endpoint });

  // Content, size, time and mode; links and directories are not kept.
  const flags = [
    "--recursive",
    "--checksum",
    "--times",
    "--perms",
    "--omit-dir-times",
    "--delete",
    "--dry-run",
    "--itemize-changes",
  ];
  const changes = execFileSync("rsync", [...flags, `${tree}/`, `${back}/`], { encoding: "utf8" });
  expect(
    changes
      .split("\n")
      .filter((line) => line.startsWith(">f") || line.startsWith(".f") || line.startsWith("*")),
  ).toEqual([]);
  expect(execFileSync("diff", ["-r", tree, back], { encoding: "utf8" })).toBe("");
});
