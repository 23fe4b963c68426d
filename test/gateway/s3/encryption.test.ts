/** SSE-S3 as clients see it: the bucket's configuration, the header that asks, the header that tells. */
import { describe, expect, it } from "vitest";
import type { Action } from "../../../src/gateway/s3/action.ts";
import { BUCKET_ACTIONS } from "../../../src/gateway/s3/bucket-actions.ts";
import { MULTIPART_ACTIONS } from "../../../src/gateway/s3/multipart-actions.ts";
import { OBJECT_ACTIONS } from "../../../src/gateway/s3/object-actions.ts";
import { parseBucketName } from "../../../src/model/names.ts";
import { TestClock, testSegment } from "../../segment/support.ts";
import { type AskOptions, BUCKET_NAME, type S3Site, s3Site, TENANT } from "../../support/s3-action.ts";

const HEADER = "x-amz-server-side-encryption";
const actions = new Map<string, Action>(
  [...BUCKET_ACTIONS, ...OBJECT_ACTIONS, ...MULTIPART_ACTIONS].map((action) => [action.name, action]),
);

async function site(): Promise<S3Site> {
  const clock = new TestClock();
  return s3Site({ segment: await testSegment({ clock, segmentKey: new Uint8Array(32).fill(3) }) });
}

function ask(at: S3Site, name: string, options: AskOptions = {}) {
  const action = actions.get(name);
  if (action === undefined) throw new Error(`no action ${name}`);
  return at.ask(action, options);
}

const document = (algorithm: string, more = "") =>
  `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm>${more}</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`;
const encrypt = (at: S3Site, body = document("AES256")) => ask(at, "PutBucketEncryption", { body });
const asks = { [HEADER]: "AES256" };

describe("the encryption of a bucket", () => {
  it("is put, shown and deleted while the bucket is empty", async () => {
    const at = await site();
    expect((await ask(at, "GetBucketEncryption")).code).toBe(
      "ServerSideEncryptionConfigurationNotFoundError",
    );
    expect((await encrypt(at)).status).toBe(200);
    expect((await encrypt(at)).status).toBe(200);
    expect((await ask(at, "GetBucketEncryption")).text).toContain("<SSEAlgorithm>AES256</SSEAlgorithm>");
    expect((await ask(at, "DeleteBucketEncryption")).status).toBe(204);
    expect((await ask(at, "DeleteBucketEncryption")).status).toBe(204);
    expect((await ask(at, "GetBucketEncryption")).code).toBe(
      "ServerSideEncryptionConfigurationNotFoundError",
    );
  });

  it("stays when there are objects, in clear words", async () => {
    const at = await site();
    await ask(at, "PutObject", { key: "a", body: "plain" });
    expect(await encrypt(at)).toMatchObject({ status: 409, code: "InvalidBucketState" });
    await ask(at, "DeleteObject", { key: "a" });
    expect((await encrypt(at)).status).toBe(200);
    await ask(at, "PutObject", { key: "a", body: "sealed" });
    expect((await ask(at, "DeleteBucketEncryption")).code).toBe("InvalidBucketState");
    expect((await encrypt(at)).status).toBe(200);
  });

  it.each([
    [document("aws:kms"), "NotImplemented"],
    [document("aws:kms", "<KMSMasterKeyID>k</KMSMasterKeyID>"), "NotImplemented"],
    [document("AES256", "<KMSMasterKeyID>k</KMSMasterKeyID>"), "InvalidArgument"],
    [document("ROT13"), "MalformedXML"],
    ["<ServerSideEncryptionConfiguration/>", "MalformedXML"],
    ["<ServerSideEncryptionConfiguration><Rule/></ServerSideEncryptionConfiguration>", "MalformedXML"],
  ])("is not %s", async (body, code) => {
    const at = await site();
    expect((await encrypt(at, body)).code).toBe(code);
    expect((await ask(at, "GetBucketEncryption")).status).toBe(404);
  });

  it("needs a segment key", async () => {
    const at = await s3Site();
    await expect(encrypt(at)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});

describe("objects of an encrypted bucket", () => {
  it("are told to be encrypted by every answer about them, asked for or not", async () => {
    const at = await site();
    await encrypt(at);
    const body = "x".repeat(5000);
    const told = async (name: string, options: AskOptions) => {
      const answer = await ask(at, name, options);
      expect([name, answer.code, answer.headers[HEADER]]).toEqual([name, undefined, "AES256"]);
      return answer;
    };
    await told("PutObject", { key: "a", body, headers: asks });
    await told("PutObject", { key: "a", body });
    expect((await told("GetObject", { key: "a" })).text).toBe(body);
    await told("HeadObject", { key: "a" });
    await told("CopyObject", { key: "b", headers: { ...asks, "x-amz-copy-source": `${BUCKET_NAME}/a` } });
    const begun = await told("CreateMultipartUpload", { key: "c", headers: asks, query: { uploads: "" } });
    const uploadId = /<UploadId>(.*)<\/UploadId>/.exec(begun.text)?.[1] ?? "";
    const { headers } = await told("UploadPart", { key: "c", body, query: { partNumber: "1", uploadId } });
    await told("CompleteMultipartUpload", {
      key: "c",
      query: { uploadId },
      body: `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${headers.etag}</ETag></Part></CompleteMultipartUpload>`,
    });
    expect((await told("GetObject", { key: "c" })).text).toBe(body);
  });

  it("copied to a plain bucket are not, and the other way they are", async () => {
    const at = await site();
    await encrypt(at);
    await at.segment.namespace.createBucket({ ...TENANT, bucket: parseBucketName("bk2") });
    await ask(at, "PutObject", { key: "a", body: "aloha" });
    const copy = (bucket: string, from: string) =>
      ask(at, "CopyObject", { bucket, key: "b", headers: { "x-amz-copy-source": from } });
    expect((await copy("bk2", `${BUCKET_NAME}/a`)).headers[HEADER]).toBeUndefined();
    expect((await copy(BUCKET_NAME, "bk2/b")).headers[HEADER]).toBe("AES256");
    expect((await ask(at, "GetObject", { key: "b" })).text).toBe("aloha");
  });

  it("are not made by asking in a plain bucket, nor by asking for keys that are not here", async () => {
    const at = await site();
    for (const name of ["PutObject", "CreateMultipartUpload"]) {
      const answer = await ask(at, name, { key: "a", body: "", headers: asks });
      expect(answer.code).toBe("InvalidRequest");
      expect(answer.text).toContain("enable encryption of the bucket");
    }
    await encrypt(at);
    for (const headers of [{ [HEADER]: "aws:kms" }, { [`${HEADER}-customer-algorithm`]: "AES256" }]) {
      expect((await ask(at, "PutObject", { key: "a", body: "x", headers })).code).toBe("NotImplemented");
    }
    expect((await ask(at, "GetObject", { key: "a" })).code).toBe("NoSuchKey");
  });
});
