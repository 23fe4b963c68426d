/** The AWS SDK for JavaScript and its lib-storage do their whole round against a real efsd. */
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  ChecksumAlgorithm,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  paginateListObjectsV2,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type S3Service, startS3Service } from "../support/s3-service.ts";
import { until } from "../support/until.ts";

const MIB = 1024 * 1024;
const Bucket = "bk1";

let service: S3Service;
let client: S3Client;
beforeAll(async () => {
  service = await startS3Service();
  client = new S3Client({
    endpoint: service.url,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: service.accessKey, secretAccessKey: service.secretKey },
    maxAttempts: 1,
  });
  await client.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  client?.destroy();
  await service?.stop();
});

const put = (Key: string, Body: string | Uint8Array, more = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const bytesOf = async (Key: string, more = {}) => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

describe("buckets", () => {
  it("are made, found, listed and deleted", async () => {
    await client.send(new CreateBucketCommand({ Bucket: "other" }));
    await client.send(new HeadBucketCommand({ Bucket: "other" }));
    const { Buckets = [] } = await client.send(new ListBucketsCommand({}));
    expect(Buckets.map(({ Name }) => Name)).toEqual(["bk1", "other"]);
    await client.send(new DeleteBucketCommand({ Bucket: "other" }));
    await expect(client.send(new HeadBucketCommand({ Bucket: "other" }))).rejects.toMatchObject({
      name: "NotFound",
    });
    await expect(client.send(new CreateBucketCommand({ Bucket }))).rejects.toMatchObject({
      name: "BucketAlreadyOwnedByYou",
    });
  });
});

describe("objects", () => {
  it("keep content, metadata, headers and odd names", async () => {
    for (const Key of ["plain", "a//b/../c", "/leading", "日本/ü +%&", "ctl\u0001"]) {
      const { ETag } = await put(Key, "hello", {
        Metadata: { a: "1" },
        ContentType: "text/x",
        CacheControl: "no-cache",
      });
      expect(ETag).toBe(`"${md5(Buffer.from("hello"))}"`);
      const head = await client.send(new HeadObjectCommand({ Bucket, Key }));
      expect(head).toMatchObject({ ContentLength: 5, Metadata: { a: "1" }, ContentType: "text/x" });
      expect(head.CacheControl).toBe("no-cache");
      expect((await bytesOf(Key)).toString()).toBe("hello");
      await client.send(new DeleteObjectCommand({ Bucket, Key }));
    }
  });

  it("are checked by every checksum that the SDK knows, sent whole or as a trailer", async () => {
    for (const algorithm of Object.values(ChecksumAlgorithm)) {
      const body = randomBytes(100_000);
      if (!["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"].includes(algorithm)) continue;
      await put("summed", body, { ChecksumAlgorithm: algorithm });
      await client.send(
        new PutObjectCommand({
          Bucket,
          Key: "streamed",
          Body: Readable.from([body.subarray(0, 70_000), body.subarray(70_000)]),
          ContentLength: body.length,
          ChecksumAlgorithm: algorithm,
        }),
      );
      for (const Key of ["summed", "streamed"]) {
        const head = await client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
        expect(head, algorithm).toHaveProperty(`Checksum${algorithm}`);
        expect((await bytesOf(Key, { ChecksumMode: "ENABLED" })).equals(body)).toBe(true);
      }
    }
    await expect(put("wrong", "abc", { ChecksumCRC32: "AAAAAA==" })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 400 },
    });
    await expect(bytesOf("wrong")).rejects.toMatchObject({ name: "NoSuchKey" });
  });

  it("are read by ranges and under conditions", async () => {
    const body = randomBytes(3 * MIB);
    const { ETag } = await put("ranged", body);
    const part = await bytesOf("ranged", { Range: "bytes=1000000-2000000" });
    expect(part.equals(body.subarray(1_000_000, 2_000_001))).toBe(true);
    await expect(bytesOf("ranged", { Range: "bytes=9999999-" })).rejects.toMatchObject({
      name: "InvalidRange",
    });
    await expect(bytesOf("ranged", { IfNoneMatch: ETag })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 },
    });
    await expect(bytesOf("ranged", { IfMatch: '"no"' })).rejects.toMatchObject({
      name: "PreconditionFailed",
    });
    await expect(put("ranged", "x", { IfNoneMatch: "*" })).rejects.toMatchObject({
      name: "PreconditionFailed",
    });
  });

  it("are copied, tagged, deleted many at once", async () => {
    await put("from", "content", { Metadata: { a: "1" } });
    await client.send(
      new PutObjectTaggingCommand({ Bucket, Key: "from", Tagging: { TagSet: [{ Key: "k", Value: "ü v" }] } }),
    );
    await client.send(new CopyObjectCommand({ Bucket, Key: "to", CopySource: `${Bucket}/from` }));
    const { TagSet } = await client.send(new GetObjectTaggingCommand({ Bucket, Key: "to" }));
    expect(TagSet).toEqual([{ Key: "k", Value: "ü v" }]);
    expect((await client.send(new HeadObjectCommand({ Bucket, Key: "to" }))).Metadata).toEqual({ a: "1" });
    const Objects = ["from", "to", "never"].map((Key) => ({ Key }));
    const { Deleted, Errors } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect([Deleted?.length, Errors]).toEqual([3, undefined]);
    await expect(bytesOf("from")).rejects.toMatchObject({ name: "NoSuchKey" });
  });

  it("are listed page by page, with prefixes rolled up", async () => {
    const keys = Array.from({ length: 25 }, (_, index) => `list/${index % 5}/${index}`).sort();
    await Promise.all(keys.map((Key) => put(Key, Key)));
    const found: Array<string | undefined> = [];
    const pages = paginateListObjectsV2({ client, pageSize: 7 }, { Bucket, Prefix: "list/" });
    for await (const { Contents = [] } of pages) found.push(...Contents.map(({ Key }) => Key));
    expect(found).toEqual(keys);
    const rolled: Array<string | undefined> = [];
    const options = { Bucket, Prefix: "list/", Delimiter: "/" };
    for await (const { CommonPrefixes = [] } of paginateListObjectsV2({ client, pageSize: 2 }, options)) {
      rolled.push(...CommonPrefixes.map(({ Prefix }) => Prefix));
    }
    expect(rolled).toEqual([0, 1, 2, 3, 4].map((digit) => `list/${digit}/`));
  });

  it("are reached by presigned addresses, for reading and writing, until these expire", async () => {
    const write = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key: "signed" }), {
      expiresIn: 60,
    });
    expect((await fetch(write, { method: "PUT", body: "by address" })).status).toBe(200);
    const read = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key: "signed" }), {
      expiresIn: 60,
    });
    expect(await (await fetch(read)).text()).toBe("by address");
    expect((await fetch(read.replace("signed?", "plain?"))).status).toBe(403);
    const more = new PutObjectCommand({
      Bucket,
      Key: "more",
      Metadata: { a: "1" },
      StorageClass: "STANDARD_IA",
    });
    const address = await getSignedUrl(client, more, { expiresIn: 60 });
    expect((await fetch(address, { method: "PUT", body: "by address" })).status).toBe(200);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: "more" }));
    expect(head).toMatchObject({ Metadata: { a: "1" }, StorageClass: "STANDARD_IA" });
    const past = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key: "signed" }), {
      expiresIn: 1,
      signingDate: new Date(Date.UTC(2026, 0, 1)),
    });
    expect(await (await fetch(past)).text()).toContain("Request has expired");
  });
});

describe("versions", () => {
  it("are kept, listed, read and removed one by one", async () => {
    const versioned = "versioned";
    await client.send(new CreateBucketCommand({ Bucket: versioned }));
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket: versioned, VersioningConfiguration }));
    expect(await client.send(new GetBucketVersioningCommand({ Bucket: versioned }))).toMatchObject({
      Status: "Enabled",
    });
    const ids: Array<string | undefined> = [];
    for (const Body of ["one", "two"]) {
      ids.push((await client.send(new PutObjectCommand({ Bucket: versioned, Key: "k", Body }))).VersionId);
    }
    const marker = await client.send(new DeleteObjectCommand({ Bucket: versioned, Key: "k" }));
    expect(marker.DeleteMarker).toBe(true);
    const old = await bytesOf("k", { Bucket: versioned, VersionId: ids[0] });
    expect(old.toString()).toBe("one");
    const listed = await client.send(new ListObjectVersionsCommand({ Bucket: versioned }));
    expect(listed.Versions?.map(({ VersionId }) => VersionId)).toEqual([ids[1], ids[0]]);
    expect(listed.DeleteMarkers?.[0]).toMatchObject({ VersionId: marker.VersionId, IsLatest: true });
    for (const VersionId of [marker.VersionId, ...ids]) {
      await client.send(new DeleteObjectCommand({ Bucket: versioned, Key: "k", VersionId }));
    }
    await client.send(new DeleteBucketCommand({ Bucket: versioned }));
  });
});

describe("uploads in parts", () => {
  it("go through lib-storage with checksums", async () => {
    const body = randomBytes(17 * MIB);
    for (const ChecksumAlgorithm of ["CRC32", "SHA256"] as const) {
      const upload = new Upload({
        client,
        params: { Bucket, Key: "parts", Body: Readable.from(pieces(body)), ChecksumAlgorithm },
        partSize: 5 * MIB,
        queueSize: 3,
      });
      const { ETag } = await upload.done();
      expect(ETag).toMatch(/^"[0-9a-f]{32}-4"$/);
      expect((await bytesOf("parts")).equals(body)).toBe(true);
      expect((await bytesOf("parts", { PartNumber: 4 })).equals(body.subarray(15 * MIB))).toBe(true);
    }
    const ObjectAttributes = ["ETag", "ObjectSize", "ObjectParts"] as const;
    const attributes = await client.send(
      new GetObjectAttributesCommand({ Bucket, Key: "parts", ObjectAttributes: [...ObjectAttributes] }),
    );
    expect(attributes).toMatchObject({ ObjectSize: body.length, ObjectParts: { TotalPartsCount: 4 } });
  });

  it("that are aborted in the middle leave nothing", async () => {
    const upload = new Upload({
      client,
      params: { Bucket, Key: "aborted", Body: Readable.from(pieces(randomBytes(20 * MIB))) },
      partSize: 5 * MIB,
      queueSize: 1,
    });
    upload.on("httpUploadProgress", () => void upload.abort());
    await expect(upload.done()).rejects.toMatchObject({ name: "AbortError" });
    await expect(bytesOf("aborted")).rejects.toMatchObject({ name: "NoSuchKey" });
    // The SDK takes the upload back behind its caller.
    await until(async () => {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
      return Uploads.every(({ Key }) => Key !== "aborted");
    });
  });

  it("take parts in any order and from other objects, and are listed and aborted", async () => {
    const source = randomBytes(6 * MIB);
    await put("source", source);
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: "mixed" }));
    const of = (PartNumber: number) => ({ Bucket, Key: "mixed", UploadId, PartNumber });
    await client.send(new UploadPartCommand({ ...of(2), Body: "tail" }));
    await client.send(
      new UploadPartCopyCommand({
        ...of(1),
        CopySource: `${Bucket}/source`,
        CopySourceRange: `bytes=0-${6 * MIB - 1}`,
      }),
    );
    const { Parts = [] } = await client.send(new ListPartsCommand({ Bucket, Key: "mixed", UploadId }));
    expect(Parts.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, 6 * MIB],
      [2, 4],
    ]);
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key: "mixed", UploadId }));
    await expect(client.send(new ListPartsCommand({ Bucket, Key: "mixed", UploadId }))).rejects.toMatchObject(
      {
        name: "NoSuchUpload",
      },
    );
  });
});

function* pieces(body: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < body.length; at += 300_000) yield body.subarray(at, at + 300_000);
}
