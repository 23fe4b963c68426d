/** boto3 (Debian's python3-boto3) does its whole round: objects, listings, conditions, tags, versions, multipart, presigned addresses, forms, policies. */
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runClient, type S3Service, startS3Service } from "../support/s3-service.ts";

const PROGRAM = path.join(import.meta.dirname, "s3-round.py");

describe("boto3", () => {
  let service: S3Service;
  beforeAll(async () => {
    service = await startS3Service();
  });
  afterAll(() => service.stop());

  it("does its whole round and finds every answer as AWS's", async () => {
    const text = await runClient("/usr/bin/python3", [PROGRAM, service.url, service.accessKey], {
      env: { S3_SECRET_KEY: service.secretKey },
    });
    const [last = "", ...before] = text.trim().split("\n").reverse();
    expect(before.filter((line) => line.startsWith("ok ")).length).toBeGreaterThan(15);
    expect(last).toBe("all passed");
  });
});
