/** restic keeps backups: init, backup twice, restore, forget with prune, and a check that reads every byte. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../src/base/random.ts";
import { runClient, type S3Service, startS3Service } from "../support/s3-service.ts";

describe("restic", () => {
  let service: S3Service;
  let file: (name: string) => string;
  let restic: (...words: string[]) => Promise<string>;

  beforeAll(async () => {
    service = await startS3Service();
    file = (name) => path.join(service.directory, name);
    const env = {
      AWS_ACCESS_KEY_ID: service.accessKey,
      AWS_SECRET_ACCESS_KEY: service.secretKey,
      RESTIC_PASSWORD: "a password of this test",
      RESTIC_CACHE_DIR: file("cache"),
    };
    restic = (...words) =>
      runClient("restic", ["-r", `s3:${service.url}/restic/repository`, ...words], { env });
  });
  afterAll(() => service.stop());

  it("does its whole round", async () => {
    const random = seededRandom(3);
    mkdirSync(file("home"));
    for (let number = 0; number < 200; number += 1) {
      writeFileSync(file(`home/file-${number}`), random.bytes(Math.floor(random.fraction() * 100_000)));
    }
    await restic("init");
    await restic("backup", file("home"));
    writeFileSync(file("home/file-0"), "changed");
    writeFileSync(file("home/large"), random.bytes(30_000_000));
    await restic("backup", file("home"));
    expect(JSON.parse(await restic("snapshots", "--json"))).toHaveLength(2);
    await restic("forget", "--keep-last", "1", "--prune");
    expect(JSON.parse(await restic("snapshots", "--json"))).toHaveLength(1);
    expect(await restic("check", "--read-data")).toContain("no errors were found");
    await restic("restore", "latest", "--target", file("restored"));
    await runClient("diff", ["-r", file("home"), path.join(file("restored"), file("home"))]);
  });
});
