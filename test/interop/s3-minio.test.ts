/** The MinIO client for JavaScript does its whole round against a real efsd. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { Client, CopyConditions } from "minio";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type S3Service, startS3Service } from "../support/s3-service.ts";

const MIB = 1024 * 1024;

let service: S3Service;
let client: Client;
let directory: string;
beforeAll(async () => {
  service = await startS3Service();
  client = new Client({
    endPoint: "127.0.0.1",
    port: service.port,
    useSSL: false,
    accessKey: service.accessKey,
    secretKey: service.secretKey,
  });
  directory = mkdtempSync(path.join(service.directory, "minio-"));
});
afterAll(async () => {
  await service?.stop();
});

async function bytesOf(stream: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

async function namesOf(prefix: string, isRecursive: boolean): Promise<Array<string | undefined>> {
  const names: Array<string | undefined> = [];
  for await (const item of client.listObjectsV2("bk1", prefix, isRecursive))
    names.push(item.name ?? item.prefix);
  return names;
}

describe("minio", () => {
  it("makes, finds and lists buckets", async () => {
    expect(await client.bucketExists("bk1")).toBe(false);
    await client.makeBucket("bk1", "us-east-1");
    expect(await client.bucketExists("bk1")).toBe(true);
    expect((await client.listBuckets()).map(({ name }) => name)).toEqual(["bk1"]);
  });

  it("puts and gets objects from memory, streams and files, in one piece and in parts", async () => {
    for (const size of [0, 5, 100_000, 3 * MIB, 70 * MIB]) {
      const body = randomBytes(size);
      await client.putObject("bk1", `size-${size}`, size > MIB ? Readable.from([body]) : body, size, {
        "x-amz-meta-a": "1",
      });
      expect((await bytesOf(await client.getObject("bk1", `size-${size}`))).equals(body)).toBe(true);
      const { size: shown, metaData } = await client.statObject("bk1", `size-${size}`);
      expect([shown, metaData.a]).toEqual([size, "1"]);
    }
    const [from, to] = [path.join(directory, "from"), path.join(directory, "to")];
    writeFileSync(from, randomBytes(MIB));
    await client.fPutObject("bk1", "dir/日本 file", from);
    await client.fGetObject("bk1", "dir/日本 file", to);
    expect(readFileSync(to).equals(readFileSync(from))).toBe(true);
    const part = await bytesOf(await client.getPartialObject("bk1", "size-100000", 10, 20));
    expect(part.length).toBe(20);
  });

  it("lists, copies, tags, presigns and removes", async () => {
    expect(await namesOf("", false)).toContain("dir/");
    expect(await namesOf("dir/", true)).toEqual(["dir/日本 file"]);
    await client.copyObject("bk1", "copy", "/bk1/size-5", new CopyConditions());
    await client.setObjectTagging("bk1", "copy", { k: "v" });
    expect(await client.getObjectTagging("bk1", "copy")).toEqual([{ Key: "k", Value: "v" }]);
    const address = await client.presignedGetObject("bk1", "copy", 60);
    expect((await (await fetch(address)).arrayBuffer()).byteLength).toBe(5);
    const upload = await client.presignedPutObject("bk1", "put", 60);
    expect((await fetch(upload, { method: "PUT", body: "x" })).status).toBe(200);
    await client.removeObjects(
      "bk1",
      await namesOf("", true).then((names) => names.map((name) => name ?? "")),
    );
    expect(await namesOf("", true)).toEqual([]);
    await client.removeBucket("bk1");
    expect(await client.bucketExists("bk1")).toBe(false);
  });

  it("sets policies and versioning, and uploads by signed form", async () => {
    await client.makeBucket("bk2");
    await client.setBucketVersioning("bk2", { Status: "Enabled" });
    expect(await client.getBucketVersioning("bk2")).toMatchObject({ Status: "Enabled" });
    const policy = {
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: "*", Action: ["s3:GetObject"], Resource: ["arn:aws:s3:::bk2/open/*"] },
      ],
    };
    await client.setBucketPolicy("bk2", JSON.stringify(policy));
    expect(JSON.parse(await client.getBucketPolicy("bk2"))).toEqual(policy);
    const form = client.newPostPolicy();
    form.setBucket("bk2");
    form.setKey("open/form");
    form.setExpires(new Date(Date.UTC(2100, 0, 1)));
    const { postURL, formData } = await client.presignedPostPolicy(form);
    const data = new FormData();
    for (const [name, value] of Object.entries(formData)) data.append(name, String(value));
    data.append("file", new Blob(["by form"]));
    expect((await fetch(postURL, { method: "POST", body: data })).status).toBe(204);
    expect(await (await fetch(`${service.url}/bk2/open/form`)).text()).toBe("by form");
    expect((await fetch(`${service.url}/bk2/closed`)).status).toBe(403);
  });
});
