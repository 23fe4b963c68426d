/** PutObject, GetObject, HeadObject and DeleteObject as clients see them. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { deleteObject } from "../../../src/gateway/s3/operations/delete-object.ts";
import { getObject } from "../../../src/gateway/s3/operations/get-object.ts";
import { headObject } from "../../../src/gateway/s3/operations/head-object.ts";
import { putObject } from "../../../src/gateway/s3/operations/put-object.ts";
import { parseObjectPath } from "../../../src/model/names.ts";
import { ANONYMOUS, type S3Site, s3Site, TENANT } from "../../support/s3-action.ts";

const md5 = (text: string | Uint8Array) => createHash("md5").update(text).digest("hex");
const sha256 = (text: string) => createHash("sha256").update(text).digest("base64");

async function siteWith(key: string, body: string, headers: Record<string, string> = {}): Promise<S3Site> {
  const site = await s3Site();
  expect((await site.ask(putObject, { key, body, headers })).status).toBe(200);
  return site;
}

describe("putting an object", () => {
  it("answers the quoted MD5 as ETag and no version id in a bucket without versioning", async () => {
    const site = await s3Site();
    const answer = await site.ask(putObject, { key: "a", body: "hello" });
    expect(answer).toMatchObject({ status: 200, text: "" });
    expect(answer.headers).toEqual({ etag: `"${md5("hello")}"` });
  });

  it("keeps content type, standard headers and metadata for GET and HEAD", async () => {
    const given = {
      "Content-Type": "text/plain; charset=utf-8",
      "Cache-Control": "max-age=5",
      "Content-Disposition": 'attachment; filename="x"',
      "Content-Encoding": "aws-chunked,gzip",
      "Content-Language": "de",
      Expires: "Thu, 01 Dec 2026 16:00:00 GMT",
      "x-amz-meta-Colour": "red",
      "x-amz-meta-empty": "",
      "x-amz-storage-class": "STANDARD_IA",
      "x-amz-website-redirect-location": "/there",
    };
    const site = await siteWith("a", "hello", given);
    const got = await site.ask(getObject, { key: "a" });
    expect(got).toMatchObject({ status: 200, text: "hello" });
    expect(got.headers).toEqual({
      "accept-ranges": "bytes",
      "cache-control": "max-age=5",
      "content-disposition": 'attachment; filename="x"',
      "content-encoding": "gzip",
      "content-language": "de",
      "content-type": "text/plain; charset=utf-8",
      etag: `"${md5("hello")}"`,
      expires: "Thu, 01 Dec 2026 16:00:00 GMT",
      "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT",
      "x-amz-meta-colour": "red",
      "x-amz-meta-empty": "",
      "x-amz-storage-class": "STANDARD_IA",
      "x-amz-website-redirect-location": "/there",
    });
    const head = await site.ask(headObject, { key: "a" });
    expect(head).toMatchObject({ status: 200, headers: got.headers, sizeBytes: 5, text: "" });
  });

  it("has AWS's content type for objects without one", async () => {
    const site = await siteWith("a", "");
    const got = await site.ask(getObject, { key: "a" });
    expect(got.headers["content-type"]).toBe("binary/octet-stream");
    expect(got.headers.etag).toBe(`"${md5("")}"`);
  });

  it("takes metadata in UTF-8 and in RFC 2047 words, and gives RFC 2047 words", async () => {
    const raw = Buffer.from("Grüße").toString("latin1");
    const long = "ü".repeat(60);
    const site = await siteWith("a", "x", {
      "x-amz-meta-raw": raw,
      "x-amz-meta-b": `=?UTF-8?B?${Buffer.from("Grüße").toString("base64")}?=`,
      "x-amz-meta-q": "=?utf-8?Q?Gr=C3=BC=C3=9Fe_!?=",
      "x-amz-meta-long": Buffer.from(long).toString("latin1"),
    });
    const version = await site.segment.objects.show(parseObjectPath("Hawaii/Cola/bk1/a"));
    expect(version.metadata).toEqual({ b: "Grüße", long, q: "Grüße !", raw: "Grüße" });
    const { headers } = await site.ask(headObject, { key: "a" });
    expect(headers["x-amz-meta-raw"]).toBe(`=?UTF-8?B?${Buffer.from("Grüße").toString("base64")}?=`);
    await site.ask(putObject, { key: "b", headers: { "x-amz-meta-long": headers["x-amz-meta-long"] ?? "" } });
    const again = await site.segment.objects.show(parseObjectPath("Hawaii/Cola/bk1/b"));
    expect(again.metadata).toEqual({ long });
  });

  it.each([
    ["metadata over 2 KB", { "x-amz-meta-a": "x".repeat(2048) }, 400, "MetadataTooLarge"],
    ["an unknown storage class", { "x-amz-storage-class": "CHEAP" }, 400, "InvalidStorageClass"],
    ["encryption in a plain bucket", { "x-amz-server-side-encryption": "AES256" }, 400, "InvalidRequest"],
    ["keys of a service", { "x-amz-server-side-encryption": "aws:kms" }, 501, "NotImplemented"],
    ["keys of the customer", { "x-amz-server-side-encryption-customer-key": "k" }, 501, "NotImplemented"],
    ["an unknown ACL", { "x-amz-acl": "mine" }, 400, "InvalidArgument"],
    ["an ACL that is not here", { "x-amz-acl": "public-read-write" }, 501, "NotImplemented"],
    ["grants", { "x-amz-grant-read": 'id="1"' }, 501, "NotImplemented"],
    ["a tag twice", { "x-amz-tagging": "a=1&a=2" }, 400, "InvalidTag"],
    ["an aws: tag", { "x-amz-tagging": "aws:a=1" }, 400, "InvalidTag"],
    ["eleven tags", { "x-amz-tagging": "0&1&2&3&4&5&6&7&8&9&10" }, 400, "BadRequest"],
    ["a tag that is not decodable", { "x-amz-tagging": "a=%zz" }, 400, "InvalidArgument"],
    ["a lock mode alone", { "x-amz-object-lock-mode": "GOVERNANCE" }, 400, "InvalidArgument"],
    ["a redirect to nowhere", { "x-amz-website-redirect-location": "there" }, 400, "InvalidArgument"],
    ["appending", { "x-amz-write-offset-bytes": "5" }, 501, "NotImplemented"],
    ["a wrong Content-MD5", { "Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg==" }, 400, "BadDigest"],
    ["If-None-Match of an ETag", { "If-None-Match": '"abc"' }, 501, "NotImplemented"],
  ])("refuses %s and leaves nothing", async (_, headers, status, code) => {
    const site = await s3Site();
    const answer = await site.ask(putObject, { key: "a", body: "hello", headers });
    expect(answer).toMatchObject({ status, code });
    expect((await site.ask(headObject, { key: "a" })).code).toBe("NoSuchKey");
  });

  it("keeps the former version when the body is refused", async () => {
    const site = await siteWith("a", "first");
    const wrong = { "x-amz-checksum-sha256": sha256("other") };
    expect(
      (await site.ask(putObject, { key: "a", body: "second", headers: wrong, pieceBytes: 2 })).code,
    ).toBe("BadDigest");
    expect((await site.ask(getObject, { key: "a" })).text).toBe("first");
  });

  it("answers the checksum, and GET gives it when it is asked for", async () => {
    const site = await s3Site();
    const checksum = { "x-amz-checksum-sha256": sha256("hello") };
    const put = await site.ask(putObject, { key: "a", body: "hello", headers: checksum });
    const shown = { ...checksum, "x-amz-checksum-type": "FULL_OBJECT" };
    expect(put.headers).toMatchObject(shown);
    const mode = { "x-amz-checksum-mode": "ENABLED" };
    expect((await site.ask(getObject, { key: "a", headers: mode })).headers).toMatchObject(shown);
    expect((await site.ask(headObject, { key: "a", headers: mode })).headers).toMatchObject(shown);
    const partly = await site.ask(getObject, { key: "a", headers: { ...mode, Range: "bytes=0-1" } });
    expect(partly.headers).not.toHaveProperty("x-amz-checksum-sha256");
    expect((await site.ask(getObject, { key: "a" })).headers).not.toHaveProperty("x-amz-checksum-sha256");
  });

  it("asks for the permissions that tags and ACL need", async () => {
    const site = await s3Site();
    site.denied.add("s3:PutObjectAcl");
    const headers = { "x-amz-acl": "public-read", "x-amz-tagging": "a=1" };
    expect((await site.ask(putObject, { key: "a", headers })).code).toBe("AccessDenied");
    expect(site.asked).toEqual(["s3:PutObjectTagging bk1/a", "s3:PutObjectAcl bk1/a"]);
  });
});

describe("conditional puts", () => {
  it("create only what is absent with If-None-Match: *", async () => {
    const site = await s3Site();
    const headers = { "If-None-Match": "*" };
    expect((await site.ask(putObject, { key: "a", body: "1", headers })).status).toBe(200);
    expect((await site.ask(putObject, { key: "a", body: "2", headers })).code).toBe("PreconditionFailed");
    await site.ask(deleteObject, { key: "a" });
    expect((await site.ask(putObject, { key: "a", body: "3", headers })).status).toBe(200);
    expect((await site.ask(getObject, { key: "a" })).text).toBe("3");
  });

  it("replace only what they saw with If-Match", async () => {
    const site = await siteWith("a", "1");
    const put = (body: string, etag: string) =>
      site.ask(putObject, { key: "a", body, headers: { "If-Match": etag } });
    expect((await put("2", `"${md5("x")}"`)).code).toBe("PreconditionFailed");
    expect((await put("2", `"${md5("1")}"`)).status).toBe(200);
    expect((await put("3", md5("2"))).status).toBe(200);
    expect((await site.ask(putObject, { key: "b", headers: { "If-Match": '"x"' } })).code).toBe("NoSuchKey");
  });

  it("let one of many that race win", async () => {
    const site = await s3Site();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        site.ask(putObject, { key: "a", body: `${index}`, headers: { "If-None-Match": "*" } }),
      ),
    );
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(answers.filter((answer) => answer.code === "PreconditionFailed")).toHaveLength(19);
  });
});

describe("conditional reads", () => {
  const ETAG = `"${md5("hello")}"`;
  const BEFORE = "Wed, 31 Dec 2025 00:00:00 GMT";
  const AFTER = "Fri, 02 Jan 2026 00:00:00 GMT";
  const SAME = "Thu, 01 Jan 2026 00:00:00 GMT";
  it.each([
    [{ "If-Match": ETAG }, 200],
    [{ "If-Match": `"x", ${ETAG}` }, 200],
    [{ "If-Match": "*" }, 200],
    [{ "If-Match": '"x"' }, 412],
    [{ "If-None-Match": '"x"' }, 200],
    [{ "If-None-Match": ETAG }, 304],
    [{ "If-None-Match": `W/${ETAG}` }, 304],
    [{ "If-Modified-Since": BEFORE }, 200],
    [{ "If-Modified-Since": SAME }, 304],
    [{ "If-Modified-Since": AFTER }, 304],
    [{ "If-Modified-Since": "yesterday" }, 200],
    [{ "If-Unmodified-Since": BEFORE }, 412],
    [{ "If-Unmodified-Since": SAME }, 200],
    [{ "If-Match": ETAG, "If-Unmodified-Since": BEFORE }, 200],
    [{ "If-Match": '"x"', "If-Unmodified-Since": AFTER }, 412],
    [{ "If-None-Match": ETAG, "If-Modified-Since": BEFORE }, 304],
    [{ "If-None-Match": '"x"', "If-Modified-Since": AFTER }, 200],
    [{ "If-Match": '"x"', "If-None-Match": ETAG }, 412],
    [{ "If-Modified-Since": "Wednesday, 31-Dec-25 00:00:00 GMT" }, 200],
    [{ "If-Unmodified-Since": "Wed Dec 31 00:00:00 2025" }, 412],
  ] as Array<[Record<string, string>, number]>)("with %j answer %i", async (headers, status) => {
    const site = await siteWith("a", "hello");
    const got = await site.ask(getObject, { key: "a", headers });
    expect(got.status).toBe(status);
    expect((await site.ask(headObject, { key: "a", headers })).status).toBe(status);
    if (status === 304) expect(got.headers).toMatchObject({ etag: ETAG, "last-modified": SAME });
  });
});

describe("ranges", () => {
  it.each([
    ["bytes=0-0", 206, "0", "bytes 0-0/10"],
    ["bytes=2-4", 206, "234", "bytes 2-4/10"],
    ["bytes=7-", 206, "789", "bytes 7-9/10"],
    ["bytes=7-100", 206, "789", "bytes 7-9/10"],
    ["bytes=-3", 206, "789", "bytes 7-9/10"],
    ["bytes=-30", 206, "0123456789", "bytes 0-9/10"],
    ["bytes=10-", 416, "", "bytes */10"],
    ["bytes=-0", 416, "", "bytes */10"],
    ["bytes=4-2", 200, "0123456789", undefined],
    ["bytes=0-1,4-5", 200, "0123456789", undefined],
    ["lines=1-2", 200, "0123456789", undefined],
    ["bytes=abc", 200, "0123456789", undefined],
    ["bytes=99999999999999999999-", 200, "0123456789", undefined],
  ])("%s is answered with %i", async (range, status, text, contentRange) => {
    const site = await siteWith("a", "0123456789");
    const got = await site.ask(getObject, { key: "a", headers: { Range: range } });
    expect(got.status).toBe(status);
    if (status !== 416) expect(got.text).toBe(text);
    else expect(got.code).toBe("InvalidRange");
    expect(got.headers["content-range"]).toBe(contentRange);
    const head = await site.ask(headObject, { key: "a", headers: { Range: range } });
    expect(head).toMatchObject({ status, headers: got.headers });
    if (status !== 416) expect(head.sizeBytes).toBe(text.length);
  });

  it.each([
    ['"781e5e245d69b566979b86e28d23f2c7"', 206],
    ['W/"781e5e245d69b566979b86e28d23f2c7"', 200],
    ['"other"', 200],
    ["Thu, 01 Jan 2026 00:00:00 GMT", 206],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 200],
  ])("with If-Range %s are answered with %i", async (ifRange, status) => {
    const site = await siteWith("a", "0123456789");
    const headers = { Range: "bytes=2-4", "If-Range": ifRange };
    const got = await site.ask(getObject, { key: "a", headers });
    expect(got).toMatchObject({ status, text: status === 206 ? "234" : "0123456789" });
    expect((await site.ask(headObject, { key: "a", headers })).headers).toEqual(got.headers);
  });

  it("of an empty object are refused", async () => {
    const site = await siteWith("a", "");
    expect((await site.ask(getObject, { key: "a", headers: { Range: "bytes=0-" } })).code).toBe(
      "InvalidRange",
    );
  });

  it("of a long object come as a stream of the right bytes", async () => {
    const site = await s3Site();
    const body = new Uint8Array(
      Array.from({ length: 3 * 1024 * 1024 }, (_, index) => (index * 31 + (index >> 8)) & 255),
    );
    await site.ask(putObject, { key: "a", body, pieceBytes: 65_537 });
    const got = await site.ask(getObject, { key: "a" });
    expect(Buffer.compare(got.bytes, body)).toBe(0);
    expect(got.headers.etag).toBe(`"${md5(body)}"`);
    const part = await site.ask(getObject, { key: "a", headers: { Range: "bytes=1000-2500000" } });
    expect(Buffer.compare(part.bytes, body.subarray(1000, 2_500_001))).toBe(0);
    expect(part.sizeBytes).toBe(2_499_001);
  });

  it("and part numbers exclude each other; the only part of an object put in one piece is all of it", async () => {
    const site = await siteWith("a", "hello");
    const part = (partNumber: string, headers = {}) =>
      site.ask(getObject, { key: "a", query: { partNumber }, headers });
    expect((await part("1", { Range: "bytes=0-1" })).code).toBe("InvalidRequest");
    expect(await part("1")).toMatchObject({ status: 206, text: "hello" });
    expect((await part("2")).code).toBe("InvalidPartNumber");
    expect((await part("0")).code).toBe("InvalidArgument");
    expect((await part("10001")).code).toBe("InvalidArgument");
  });
});

describe("reading", () => {
  it("overrides response headers for who is known", async () => {
    const site = await siteWith("a", "hello");
    const query = { "response-content-type": "text/x", "response-content-disposition": "attachment" };
    const got = await site.ask(getObject, { key: "a", query });
    expect(got.headers).toMatchObject({ "content-type": "text/x", "content-disposition": "attachment" });
    expect((await site.ask(getObject, { key: "a", query, identity: ANONYMOUS })).code).toBe("InvalidRequest");
    const split = { "response-content-type": "a\r\nb: c" };
    expect((await site.ask(getObject, { key: "a", query: split })).code).toBe("InvalidArgument");
  });

  it("gives an ETag with a dash to content that came without MD5", async () => {
    const site = await s3Site();
    await site.segment.objects.put(parseObjectPath("Hawaii/Cola/bk1/a"), Buffer.from("hello"));
    const { headers } = await site.ask(headObject, { key: "a" });
    expect(headers.etag).toMatch(/^"[0-9a-f]{32}-0"$/);
    expect(
      (await site.ask(getObject, { key: "a", headers: { "If-Match": headers.etag ?? "" } })).status,
    ).toBe(200);
  });

  it("takes keys of every kind", async () => {
    const site = await s3Site();
    const keys = ["/", "//", "..", "../x", "a//b", " ", "\u0001", "ü/日本", "a?b#c%20", "x".repeat(1024)];
    for (const key of keys) await site.ask(putObject, { key, body: key });
    for (const key of keys) expect((await site.ask(getObject, { key })).text).toBe(key);
  });

  it("tells a key that is not there", async () => {
    const site = await s3Site();
    expect(await site.ask(getObject, { key: "a" })).toMatchObject({
      status: 404,
      code: "NoSuchKey",
      headers: {},
    });
    expect((await site.ask(getObject, { key: "a", query: { versionId: "null" } })).code).toBe(
      "NoSuchVersion",
    );
    expect((await site.ask(getObject, { key: "a", query: { versionId: "x" } })).code).toBe("InvalidArgument");
  });
});

describe("deleting", () => {
  it("ends an object in a bucket without versioning, and says no more", async () => {
    const site = await siteWith("a", "hello");
    expect(await site.ask(deleteObject, { key: "a" })).toMatchObject({ status: 204, headers: {} });
    expect(await site.ask(deleteObject, { key: "a" })).toMatchObject({ status: 204, headers: {} });
    expect(await site.ask(getObject, { key: "a" })).toMatchObject({ code: "NoSuchKey", headers: {} });
  });

  it("on condition deletes only what was seen", async () => {
    const site = await siteWith("a", "hello");
    const ask = (etag: string) => site.ask(deleteObject, { key: "a", headers: { "If-Match": etag } });
    expect((await ask('"x"')).code).toBe("PreconditionFailed");
    expect((await ask(`"${md5("hello")}"`)).status).toBe(204);
    expect(TENANT.tenant).toBe("Cola");
  });
});
