/** rclone syncs 2,000 files and one of 300 MB by parts, checks every byte, and finds its way back. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../src/base/random.ts";
import { runClient, type S3Service, startS3Service } from "../support/s3-service.ts";

const FILES = 2000;
const LARGE_BYTES = 300_000_000;

describe("rclone", () => {
  let service: S3Service;
  let file: (name: string) => string;
  let rclone: (...words: string[]) => Promise<string>;

  beforeAll(async () => {
    service = await startS3Service();
    file = (name) => path.join(service.directory, name);
    const env = {
      RCLONE_CONFIG: file("rclone.conf"),
      RCLONE_CONFIG_EFS_TYPE: "s3",
      RCLONE_CONFIG_EFS_PROVIDER: "Other",
      RCLONE_CONFIG_EFS_ENDPOINT: service.url,
      RCLONE_CONFIG_EFS_REGION: "us-east-1",
      RCLONE_CONFIG_EFS_ACCESS_KEY_ID: service.accessKey,
      RCLONE_CONFIG_EFS_SECRET_ACCESS_KEY: service.secretKey,
    };
    rclone = (...words) =>
      runClient("rclone", [...words, "--retries", "1", "--low-level-retries", "1"], { env });
    const random = seededRandom(1);
    for (let number = 0; number < FILES; number += 1) {
      const name = file(`tree/d${number % 20}/f ü ${number}`);
      if (number < 20) mkdirSync(path.dirname(name), { recursive: true });
      writeFileSync(name, random.bytes(Math.floor(random.fraction() * 3000)));
    }
  });
  afterAll(() => service.stop());

  it("syncs 2,000 files, finds nothing to do the second time, and every byte the same", async () => {
    await rclone("mkdir", "efs:tree");
    await rclone("sync", file("tree"), "efs:tree", "--transfers", "16", "--checkers", "16");
    await rclone("check", file("tree"), "efs:tree", "--download", "--checkers", "16");
    const size = JSON.parse(await rclone("size", "efs:tree", "--json"));
    expect(size.count).toBe(FILES);
    await rclone(
      "sync",
      file("tree"),
      "efs:tree",
      "--dry-run",
      "--log-file",
      file("log"),
      "--log-level",
      "INFO",
    );
    expect(readFileSync(file("log"), "utf8")).not.toMatch(/Skipped (copy|update|delete)/);
  });

  it("carries changes and removals, and brings all of it back", async () => {
    writeFileSync(file("tree/d0/f ü 0"), "changed");
    await rclone("delete", "efs:tree/d1");
    await rclone("copy", "efs:tree/d0", file("back"));
    await rclone("sync", file("tree"), "efs:tree");
    await rclone("check", file("tree"), "efs:tree", "--checkers", "16");
    await rclone("moveto", "efs:tree/d2/f ü 2", "efs:tree/moved");
    expect(await rclone("lsf", "efs:tree", "--files-only")).toBe("moved\n");
    await rclone("purge", "efs:tree/d3");
    expect((await rclone("lsf", "efs:tree", "--dirs-only")).split("\n")).not.toContain("d3/");
  });

  it("puts 300 MB by parts and reads them back the same", async () => {
    writeFileSync(file("large"), seededRandom(2).bytes(LARGE_BYTES));
    await rclone("mkdir", "efs:large");
    await rclone(
      "copyto",
      file("large"),
      "efs:large/large",
      "--s3-chunk-size",
      "16M",
      "--s3-upload-concurrency",
      "4",
    );
    const [info] = JSON.parse(await rclone("lsjson", "efs:large"));
    expect(info.Size).toBe(LARGE_BYTES);
    await rclone("copyto", "efs:large/large", file("large-back"), "--multi-thread-streams", "4");
    await runClient("cmp", [file("large"), file("large-back")]);
    expect(await rclone("backend", "list-multipart-uploads", "efs:large")).toMatch(/"large": \[\s*\]/);
  });
});
