/** Multipart uploads through their actions: what clients send, and AWS's answers to it. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { MULTIPART_ACTIONS } from "../../../src/gateway/s3/multipart-actions.ts";
import { abortMultipartUpload } from "../../../src/gateway/s3/operations/abort-multipart-upload.ts";
import { completeMultipartUpload } from "../../../src/gateway/s3/operations/complete-multipart-upload.ts";
import { createMultipartUpload } from "../../../src/gateway/s3/operations/create-multipart-upload.ts";
import { getObject } from "../../../src/gateway/s3/operations/get-object.ts";
import { headObject } from "../../../src/gateway/s3/operations/head-object.ts";
import { listMultipartUploads } from "../../../src/gateway/s3/operations/list-multipart-uploads.ts";
import { listParts } from "../../../src/gateway/s3/operations/list-parts.ts";
import { putObject } from "../../../src/gateway/s3/operations/put-object.ts";
import { uploadPart } from "../../../src/gateway/s3/operations/upload-part.ts";
import { uploadPartCopy } from "../../../src/gateway/s3/operations/upload-part-copy.ts";
import { Router } from "../../../src/gateway/s3/router.ts";
import {
  ANONYMOUS,
  type Answer,
  element,
  elements,
  type S3Site,
  s3Site,
  USER,
} from "../../support/s3-action.ts";

const KEY = "dir/a b.bin";
const LONG = Buffer.alloc(5 * 1024 * 1024, "long ");

const md5 = (bytes: Uint8Array | string) => createHash("md5").update(bytes).digest("hex");
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest();
const crc = (bytes: Uint8Array | string) => {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(crc32(bytes));
  return out;
};

type Headers = Record<string, string>;

async function begin(site: S3Site, headers: Headers = {}, key = KEY): Promise<string> {
  const answer = await site.ask(createMultipartUpload, { key, query: { uploads: "" }, headers });
  expect(answer.code).toBeUndefined();
  return element(answer.text, "UploadId") ?? "";
}

const put = (
  site: S3Site,
  uploadId: string,
  partNumber: number | string,
  body: Uint8Array | string,
  headers: Headers = {},
): Promise<Answer> =>
  site.ask(uploadPart, {
    key: KEY,
    query: { partNumber: String(partNumber), uploadId },
    body,
    headers,
    pieceBytes: body.length > 100_000 ? 60_000 : undefined,
  });

interface Listed {
  readonly number: number | string;
  readonly etag: string;
  readonly more?: string;
}

const listOf = (parts: readonly Listed[]) =>
  `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts
    .map(
      ({ number, etag, more = "" }) =>
        `<Part><ETag>${etag}</ETag>${more}<PartNumber>${number}</PartNumber></Part>`,
    )
    .join("")}</CompleteMultipartUpload>`;

const complete = (
  site: S3Site,
  uploadId: string,
  parts: readonly Listed[] | string,
  headers: Headers = {},
): Promise<Answer> =>
  site.ask(completeMultipartUpload, {
    key: KEY,
    query: { uploadId },
    body: typeof parts === "string" ? parts : listOf(parts),
    headers,
  });

describe("an upload by parts", () => {
  it("becomes an object with all that was said when it began, and the ETag of its parts", async () => {
    const site = await s3Site();
    const uploadId = await begin(site, {
      "Content-Type": "text/plain",
      "x-amz-meta-of": "me",
      "Cache-Control": "no-store",
      "x-amz-storage-class": "STANDARD_IA",
      "x-amz-tagging": "a=1",
    });
    const second = await put(site, uploadId, 9, "end");
    const first = await put(site, uploadId, 4, LONG);
    expect(first.headers.etag).toBe(`"${md5(LONG)}"`);
    const answer = await complete(site, uploadId, [
      { number: 4, etag: first.headers.etag ?? "" },
      { number: 9, etag: (second.headers.etag ?? "").replaceAll('"', "&quot;") },
    ]);
    const etag = `"${md5(Buffer.concat([Buffer.from(md5(LONG), "hex"), Buffer.from(md5("end"), "hex")]))}-2"`;
    expect(answer.status).toBe(200);
    expect(answer.text).toContain(
      '<CompleteMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
    );
    expect(element(answer.text, "ETag")).toBe(etag);
    expect(element(answer.text, "Bucket")).toBe("bk1");
    expect(element(answer.text, "Key")).toBe(KEY);
    expect(element(answer.text, "Location")).toBe("http://s3.test:9982/bk1/dir/a%20b.bin");
    const head = await site.ask(headObject, { key: KEY });
    expect(head.headers).toMatchObject({
      etag,
      "content-type": "text/plain",
      "x-amz-meta-of": "me",
      "cache-control": "no-store",
      "x-amz-storage-class": "STANDARD_IA",
      "x-amz-tagging-count": "1",
    });
    const got = await site.ask(getObject, { key: KEY });
    expect(Buffer.from(got.bytes).equals(Buffer.concat([LONG, Buffer.from("end")]))).toBe(true);
    const part = await site.ask(getObject, { key: KEY, query: { partNumber: "2" } });
    expect(part.text).toBe("end");
    expect(part.headers).toMatchObject({ "x-amz-mp-parts-count": "2" });
    // The same again, as a client does whose answer was lost.
    const again = await complete(site, uploadId, [
      { number: 4, etag: md5(LONG) },
      { number: 9, etag: md5("end").toUpperCase() },
    ]);
    expect(again.text).toBe(answer.text);
  });

  it("is aborted with its parts, and is gone then", async () => {
    const site = await s3Site();
    const uploadId = await begin(site);
    const { headers } = await put(site, uploadId, 1, "a");
    const abort = () => site.ask(abortMultipartUpload, { key: KEY, query: { uploadId } });
    expect((await abort()).status).toBe(204);
    const list = [{ number: 1, etag: headers.etag ?? "" }];
    const answers = [
      await abort(),
      await put(site, uploadId, 1, "a"),
      await complete(site, uploadId, list),
      await site.ask(listParts, { key: KEY, query: { uploadId } }),
      await put(site, "none", 1, "a"),
      await put(site, "", 1, "a"),
    ];
    expect(answers.map(({ code, status }) => `${code} ${status}`)).toEqual(Array(6).fill("NoSuchUpload 404"));
  });

  it("asks for its permissions", async () => {
    const site = await s3Site();
    await begin(site, { "x-amz-tagging": "a=1", "x-amz-acl": "private" });
    expect(site.asked).toContain(`s3:PutObjectTagging bk1/${KEY}`);
    expect(MULTIPART_ACTIONS.map(({ name, permission }) => `${name} ${permission}`)).toEqual([
      "AbortMultipartUpload s3:AbortMultipartUpload",
      "CompleteMultipartUpload s3:PutObject",
      "CreateMultipartUpload s3:PutObject",
      "ListMultipartUploads s3:ListBucketMultipartUploads",
      "ListParts s3:ListMultipartUploadParts",
      "UploadPart s3:PutObject",
      "UploadPartCopy s3:PutObject",
    ]);
    site.denied.add("s3:PutObjectTagging");
    const refused = await site.ask(createMultipartUpload, { key: KEY, headers: { "x-amz-tagging": "a=1" } });
    expect(refused.code).toBe("AccessDenied");
  });

  it("in a bucket that is not there finds no bucket", async () => {
    const site = await s3Site();
    const answer = await site.ask(createMultipartUpload, { bucket: "bk2", key: KEY });
    expect(answer.code).toBe("NoSuchBucket");
  });

  it("asks for no encryption and no lock that the bucket has not", async () => {
    const site = await s3Site();
    const ask = (headers: Headers) => site.ask(createMultipartUpload, { key: KEY, headers });
    expect((await ask({ "x-amz-server-side-encryption": "AES256" })).code).toBe("InvalidRequest");
    expect((await ask({ "x-amz-server-side-encryption-customer-algorithm": "AES256" })).code).toBe(
      "NotImplemented",
    );
    expect((await ask({ "x-amz-object-lock-legal-hold": "ON" })).code).toBe("InvalidRequest");
    expect((await site.ask(listMultipartUploads)).text).not.toContain("<Upload>");
  });
});

describe("a part", () => {
  it.each(["0", "10001", "-1", "1.5", "x", "", "100000"])("has no number %j", async (number) => {
    const site = await s3Site();
    const uploadId = await begin(site);
    const answer = await put(site, uploadId, number, "a");
    expect(answer).toMatchObject({ code: "InvalidArgument", status: 400 });
    const query = { partNumber: number, uploadId };
    const copied = await site.ask(uploadPartCopy, {
      key: KEY,
      query,
      headers: { "x-amz-copy-source": "bk1/x" },
    });
    expect(copied.code).toBe("InvalidArgument");
    const listed = await complete(site, uploadId, [{ number, etag: md5("a") }]);
    expect(listed.code).toBe("InvalidArgument");
  });

  it("that does not fit its digest is refused, and leaves the part before", async () => {
    const site = await s3Site();
    const uploadId = await begin(site, { "x-amz-checksum-algorithm": "CRC32" });
    await put(site, uploadId, 1, "good");
    expect((await put(site, uploadId, 1, "bad", { "Content-MD5": base64(Buffer.alloc(16)) })).code).toBe(
      "BadDigest",
    );
    const wrong = { "x-amz-checksum-crc32": base64(crc("good")) };
    expect((await put(site, uploadId, 1, "bad", wrong)).code).toBe("BadDigest");
    const { text } = await site.ask(listParts, { key: KEY, query: { uploadId } });
    expect(elements(text, "ETag")).toEqual([`"${md5("good")}"`]);
  });
});

describe("a list of parts", () => {
  it("out of order, with unknown parts, too short ones or nothing is refused in AWS's words", async () => {
    const site = await s3Site();
    const uploadId = await begin(site);
    await put(site, uploadId, 1, "short");
    await put(site, uploadId, 2, "last");
    const [one, two] = [
      { number: 1, etag: md5("short") },
      { number: 2, etag: md5("last") },
    ];
    expect((await complete(site, uploadId, [two, one])).code).toBe("InvalidPartOrder");
    expect((await complete(site, uploadId, [one, one])).code).toBe("InvalidPartOrder");
    expect((await complete(site, uploadId, [one, { number: 3, etag: md5("x") }])).code).toBe("InvalidPart");
    expect((await complete(site, uploadId, [{ number: 1, etag: md5("other") }])).code).toBe("InvalidPart");
    expect((await complete(site, uploadId, [{ number: 1, etag: `"${md5("short")}-1"` }])).code).toBe(
      "InvalidPart",
    );
    const small = await complete(site, uploadId, [one, two]);
    expect(small).toMatchObject({ code: "EntityTooSmall", status: 400 });
    expect(small.text).toContain("ProposedSize 5 MinSizeAllowed 5242880 PartNumber 1");
    expect((await site.ask(getObject, { key: KEY })).code).toBe("NoSuchKey");
    expect((await complete(site, uploadId, [two])).status).toBe(200);
  });

  it.each([
    ["no body", "", "InvalidRequest"],
    ["no parts", "<CompleteMultipartUpload/>", "MalformedXML"],
    ["another root", "<Complete/>", "MalformedXML"],
    [
      "no ETag",
      "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
      "MalformedXML",
    ],
    [
      "no number",
      "<CompleteMultipartUpload><Part><ETag>a</ETag></Part></CompleteMultipartUpload>",
      "MalformedXML",
    ],
    ["an open element", "<CompleteMultipartUpload><Part>", "MalformedXML"],
    ["an entity", '<!DOCTYPE a [<!ENTITY b "c">]><CompleteMultipartUpload/>', "MalformedXML"],
    [
      "10,001 parts",
      listOf(Array.from({ length: 10_001 }, (_, index) => ({ number: index + 1, etag: md5("a") }))),
      "MalformedXML",
    ],
  ])("with %s is refused", async (_, body, code) => {
    const site = await s3Site();
    const uploadId = await begin(site);
    expect((await complete(site, uploadId, body)).code).toBe(code);
  });

  it("is held to its own MD5", async () => {
    const site = await s3Site();
    const uploadId = await begin(site);
    await put(site, uploadId, 1, "abc");
    const list = listOf([{ number: 1, etag: md5("abc") }]);
    const wrong = { "Content-MD5": base64(createHash("md5").update("x").digest()) };
    expect((await complete(site, uploadId, list, wrong)).code).toBe("BadDigest");
    expect((await complete(site, uploadId, list, { "Content-MD5": "x" })).code).toBe("InvalidDigest");
    const right = { "Content-MD5": base64(createHash("md5").update(list).digest()) };
    expect((await complete(site, uploadId, list, right)).status).toBe(200);
  });

  it("is held to the size that was said of the object", async () => {
    const site = await s3Site();
    const uploadId = await begin(site);
    await put(site, uploadId, 1, "abc");
    const list = [{ number: 1, etag: md5("abc") }];
    expect((await complete(site, uploadId, list, { "x-amz-mp-object-size": "4" })).code).toBe(
      "InvalidRequest",
    );
    expect((await complete(site, uploadId, list, { "x-amz-mp-object-size": "x" })).code).toBe(
      "InvalidRequest",
    );
    expect((await complete(site, uploadId, list, { "x-amz-mp-object-size": "3" })).status).toBe(200);
  });

  it("is completed on conditions, and stays open where they do not hold", async () => {
    const site = await s3Site();
    const uploadId = await begin(site);
    await put(site, uploadId, 1, "abc");
    const list = [{ number: 1, etag: md5("abc") }];
    expect((await complete(site, uploadId, list, { "If-Match": md5("x") })).code).toBe("NoSuchKey");
    await site.ask(putObject, { key: KEY, body: "x" });
    expect((await complete(site, uploadId, list, { "If-None-Match": "*" })).code).toBe("PreconditionFailed");
    expect((await complete(site, uploadId, list, { "If-Match": md5("y") })).code).toBe("PreconditionFailed");
    expect((await complete(site, uploadId, list, { "If-Match": `"${md5("x")}"` })).status).toBe(200);
  });

  it("names the version that it made", async () => {
    const site = await s3Site({ bucketOptions: { versioning: "enabled" } });
    const uploadId = await begin(site);
    await put(site, uploadId, 1, "abc");
    const answer = await complete(site, uploadId, [{ number: 1, etag: md5("abc") }]);
    const versionId = answer.headers["x-amz-version-id"] ?? "";
    expect((await site.ask(getObject, { key: KEY, query: { versionId } })).text).toBe("abc");
  });
});

describe("checksums", () => {
  it("of the parts come to a composite one", async () => {
    const site = await s3Site();
    const created = await site.ask(createMultipartUpload, {
      key: KEY,
      headers: { "x-amz-checksum-algorithm": "SHA256" },
    });
    expect(created.headers).toMatchObject({
      "x-amz-checksum-algorithm": "SHA256",
      "x-amz-checksum-type": "COMPOSITE",
    });
    const uploadId = element(created.text, "UploadId") ?? "";
    const first = await put(site, uploadId, 1, LONG, { "x-amz-checksum-sha256": base64(sha256(LONG)) });
    expect(first.headers["x-amz-checksum-sha256"]).toBe(base64(sha256(LONG)));
    // Without a checksum of its own the part gets one.
    const second = await put(site, uploadId, 2, "end");
    expect(second.headers["x-amz-checksum-sha256"]).toBe(base64(sha256("end")));
    const more = (bytes: Uint8Array | string) => `<ChecksumSHA256>${base64(sha256(bytes))}</ChecksumSHA256>`;
    const wrong = [
      { number: 1, etag: md5(LONG), more: more("x") },
      { number: 2, etag: md5("end") },
    ];
    expect((await complete(site, uploadId, wrong)).code).toBe("InvalidPart");
    const list = [
      { number: 1, etag: md5(LONG), more: more(LONG) },
      { number: 2, etag: md5("end"), more: more("end") },
    ];
    const expected = `${base64(sha256(Buffer.concat([sha256(LONG), sha256("end")])))}-2`;
    const type = await complete(site, uploadId, list, { "x-amz-checksum-type": "FULL_OBJECT" });
    expect(type.code).toBe("InvalidRequest");
    const answer = await complete(site, uploadId, list, { "x-amz-checksum-sha256": expected });
    expect(element(answer.text, "ChecksumSHA256")).toBe(expected);
    expect(element(answer.text, "ChecksumType")).toBe("COMPOSITE");
    const head = await site.ask(headObject, { key: KEY, headers: { "x-amz-checksum-mode": "ENABLED" } });
    expect(head.headers).toMatchObject({
      "x-amz-checksum-sha256": expected,
      "x-amz-checksum-type": "COMPOSITE",
    });
  });

  it("of the whole object is combined from those of the parts", async () => {
    const site = await s3Site();
    const uploadId = await begin(site, {
      "x-amz-checksum-algorithm": "CRC32",
      "x-amz-checksum-type": "FULL_OBJECT",
    });
    await put(site, uploadId, 1, LONG, { "x-amz-checksum-crc32": base64(crc(LONG)) });
    await put(site, uploadId, 2, "end");
    const list = [
      { number: 1, etag: md5(LONG) },
      { number: 2, etag: md5("end") },
    ];
    const whole = base64(crc(Buffer.concat([LONG, Buffer.from("end")])));
    const wrong = await complete(site, uploadId, list, { "x-amz-checksum-crc32": base64(crc("x")) });
    expect(wrong.code).toBe("BadDigest");
    const answer = await complete(site, uploadId, list, {
      "x-amz-checksum-crc32": whole,
      "x-amz-checksum-type": "FULL_OBJECT",
    });
    expect(element(answer.text, "ChecksumCRC32")).toBe(whole);
    expect(element(answer.text, "ChecksumType")).toBe("FULL_OBJECT");
  });

  it("that an upload did not ask for are checked and not kept, of another kind refused", async () => {
    const site = await s3Site();
    const bare = await begin(site);
    const part = await put(site, bare, 1, "abc", { "x-amz-checksum-crc32": base64(crc("abc")) });
    expect(part.headers).not.toHaveProperty("x-amz-checksum-crc32");
    const list = [
      { number: 1, etag: md5("abc"), more: `<ChecksumCRC32>${base64(crc("abc"))}</ChecksumCRC32>` },
    ];
    expect((await complete(site, bare, list)).status).toBe(200);
    const strict = await begin(site, { "x-amz-checksum-algorithm": "SHA256" });
    const other = await put(site, strict, 1, "abc", { "x-amz-checksum-crc32": base64(crc("abc")) });
    expect(other.code).toBe("InvalidRequest");
  });

  it.each([
    [{ "x-amz-checksum-algorithm": "MD5" }],
    [{ "x-amz-checksum-type": "COMPOSITE" }],
    [{ "x-amz-checksum-algorithm": "SHA1", "x-amz-checksum-type": "FULL_OBJECT" }],
    [{ "x-amz-checksum-algorithm": "CRC64NVME", "x-amz-checksum-type": "COMPOSITE" }],
    [{ "x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "HALF" }],
  ])("cannot be asked for as %j", async (headers) => {
    const site = await s3Site();
    expect((await site.ask(createMultipartUpload, { key: KEY, headers })).code).toBe("InvalidRequest");
  });
});

describe("a part copied from an object", () => {
  const copy = (site: S3Site, uploadId: string, headers: Headers) =>
    site.ask(uploadPartCopy, {
      key: KEY,
      query: { partNumber: "1", uploadId },
      headers: { "x-amz-copy-source": "/bk1/from", ...headers },
    });

  it("has the bytes of its range, its MD5 and checksum", async () => {
    const site = await s3Site();
    await site.ask(putObject, { key: "from", body: "0123456789" });
    site.asked.length = 0;
    const uploadId = await begin(site, { "x-amz-checksum-algorithm": "SHA256" });
    const answer = await copy(site, uploadId, { "x-amz-copy-source-range": "bytes=2-4" });
    expect(element(answer.text, "ETag")).toBe(`"${md5("234")}"`);
    expect(element(answer.text, "ChecksumSHA256")).toBe(base64(sha256("234")));
    expect(element(answer.text, "LastModified")).toBe("2026-01-01T00:00:00.000Z");
    expect(site.asked).toEqual(["s3:GetObject bk1/from"]);
    await complete(site, uploadId, [{ number: 1, etag: md5("234") }]);
    expect((await site.ask(getObject, { key: KEY })).text).toBe("234");
  });

  it.each(["bytes=2-", "bytes=-3", "bytes=5-2", "2-4", "bytes=0-10", "bytes=10-12", "bytes=1-2,4-5"])(
    "has no range %s",
    async (range) => {
      const site = await s3Site();
      await site.ask(putObject, { key: "from", body: "0123456789" });
      const uploadId = await begin(site);
      expect((await copy(site, uploadId, { "x-amz-copy-source-range": range })).code).toBe("InvalidArgument");
    },
  );

  it("is refused where the source is not there, not to be read or not as asked", async () => {
    const site = await s3Site();
    const uploadId = await begin(site);
    expect((await copy(site, uploadId, {})).code).toBe("NoSuchKey");
    expect((await copy(site, uploadId, { "x-amz-copy-source": "bk9/from" })).code).toBe("NoSuchBucket");
    expect((await copy(site, uploadId, { "x-amz-copy-source": "bk1" })).code).toBe("InvalidArgument");
    await site.ask(putObject, { key: "from", body: "x" });
    expect((await copy(site, "0".repeat(32), {})).code).toBe("NoSuchUpload");
    const failed = await copy(site, uploadId, { "x-amz-copy-source-if-none-match": md5("x") });
    expect(failed.code).toBe("PreconditionFailed");
    expect((await copy(site, uploadId, { "x-amz-copy-source-if-match": md5("x") })).status).toBe(200);
    site.denied.add("s3:GetObject");
    expect((await copy(site, uploadId, {})).code).toBe("AccessDenied");
  });

  it("names the version that it read", async () => {
    const site = await s3Site({ bucketOptions: { versioning: "enabled" } });
    const old = (await site.ask(putObject, { key: "from", body: "old" })).headers["x-amz-version-id"] ?? "";
    await site.ask(putObject, { key: "from", body: "new" });
    const uploadId = await begin(site);
    const answer = await copy(site, uploadId, { "x-amz-copy-source": `bk1/from?versionId=${old}` });
    expect(answer.headers["x-amz-copy-source-version-id"]).toBe(old);
    expect(element(answer.text, "ETag")).toBe(`"${md5("old")}"`);
  });
});

describe("listing the parts of an upload", () => {
  it("goes in pages", async () => {
    const site = await s3Site();
    const uploadId = await begin(site, { "x-amz-checksum-algorithm": "CRC32" });
    for (const number of [3, 1, 2]) await put(site, uploadId, number, `part ${number}`);
    const list = (query: Record<string, string>) =>
      site.ask(listParts, { key: KEY, query: { uploadId, ...query } });
    const first = (await list({ "max-parts": "2" })).text;
    expect(elements(first, "PartNumber")).toEqual(["1", "2"]);
    expect(element(first, "IsTruncated")).toBe("true");
    expect(element(first, "NextPartNumberMarker")).toBe("2");
    expect(elements(first, "Size")).toEqual(["6", "6"]);
    expect(elements(first, "ChecksumCRC32")).toEqual([base64(crc("part 1")), base64(crc("part 2"))]);
    expect(element(first, "ChecksumAlgorithm")).toBe("CRC32");
    expect(element(first, "StorageClass")).toBe("STANDARD");
    expect(elements(first, "DisplayName")).toEqual(["admin", "Cola"]);
    const rest = (await list({ "part-number-marker": "2" })).text;
    expect(elements(rest, "PartNumber")).toEqual(["3"]);
    expect(element(rest, "IsTruncated")).toBe("false");
    expect(elements((await list({ "max-parts": "0" })).text, "Part")).toEqual([]);
    expect(elements((await list({ "part-number-marker": "20000" })).text, "Part")).toEqual([]);
    expect((await list({ "max-parts": "-1" })).code).toBe("InvalidArgument");
    expect((await list({ "part-number-marker": "x" })).code).toBe("InvalidArgument");
  });
});

describe("listing the uploads of a bucket", () => {
  it("goes in pages by key and upload, rolls up, and encodes what it is asked to", async () => {
    const site = await s3Site();
    const ids: string[] = [];
    for (const key of ["a", "a", "d/1", "d/2", "e é"]) {
      site.clock.advance(1000);
      ids.push(await begin(site, {}, key));
    }
    const list = async (query: Record<string, string> = {}) =>
      (await site.ask(listMultipartUploads, { query: { uploads: "", ...query } })).text;
    const all = await list();
    expect(elements(all, "UploadId")).toEqual(ids);
    expect(elements(all, "Initiated")[0]).toBe("2026-01-01T00:00:01.000Z");
    expect(element(all, "IsTruncated")).toBe("false");
    const first = await list({ "max-uploads": "1" });
    expect(elements(first, "Key")).toEqual(["a"]);
    expect(element(first, "NextKeyMarker")).toBe("a");
    const second = await list({
      "max-uploads": "1",
      "key-marker": element(first, "NextKeyMarker") ?? "",
      "upload-id-marker": element(first, "NextUploadIdMarker") ?? "",
    });
    expect(elements(second, "UploadId")).toEqual([ids[1]]);
    expect(elements(await list({ "key-marker": "a" }), "Key")).toEqual(["d/1", "d/2", "e é"]);
    const rolled = await list({ delimiter: "/", "encoding-type": "url" });
    expect(elements(rolled, "Key")).toEqual(["a", "a", "e%20%C3%A9"]);
    expect(elements(rolled, "CommonPrefixes")).toEqual(["<Prefix>d/</Prefix>"]);
    expect(elements(await list({ prefix: "d/" }), "Key")).toEqual(["d/1", "d/2"]);
    expect(elements(await list({ "max-uploads": "0" }), "Key")).toEqual([]);
    const bad = await site.ask(listMultipartUploads, {
      query: { uploads: "", "key-marker": "a", "upload-id-marker": "x" },
    });
    expect(bad.code).toBe("InvalidArgument");
  });

  it("tells who began an upload", async () => {
    const site = await s3Site();
    for (const identity of [USER, ANONYMOUS]) {
      site.clock.advance(1);
      await site.ask(createMultipartUpload, { key: KEY, identity });
    }
    const { text } = await site.ask(listMultipartUploads);
    expect(elements(text, "Initiator").map((initiator) => element(initiator, "DisplayName"))).toEqual([
      "amy",
      "anonymous",
    ]);
  });
});

it("a request finds its multipart action by query and headers", () => {
  const router = new Router([...MULTIPART_ACTIONS, putObject]);
  const route = (method: string, query: readonly string[], headers: readonly string[] = [], key?: string) =>
    router.find({
      method,
      bucket: "b",
      key: key ?? "k",
      query: new Map(query.map((name) => [name, "1"])),
      headers: new Map(headers.map((name) => [name, "1"])),
    }).name;
  expect(route("POST", ["uploads"])).toBe("CreateMultipartUpload");
  expect(route("PUT", ["partNumber", "uploadId"])).toBe("UploadPart");
  expect(route("PUT", ["partNumber", "uploadId"], ["x-amz-copy-source"])).toBe("UploadPartCopy");
  expect(route("POST", ["uploadId"])).toBe("CompleteMultipartUpload");
  expect(route("DELETE", ["uploadId"])).toBe("AbortMultipartUpload");
  expect(route("GET", ["uploadId"])).toBe("ListParts");
  expect(route("PUT", [])).toBe("PutObject");
});
