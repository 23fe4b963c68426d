/** CopyObject: what goes along, what is replaced, and on which conditions. */
import { describe, expect, it } from "vitest";
import { copyObject } from "../../../src/gateway/s3/operations/copy-object.ts";
import { deleteObject } from "../../../src/gateway/s3/operations/delete-object.ts";
import { getObject } from "../../../src/gateway/s3/operations/get-object.ts";
import { getObjectTagging } from "../../../src/gateway/s3/operations/get-object-tagging.ts";
import { headObject } from "../../../src/gateway/s3/operations/head-object.ts";
import { putObject } from "../../../src/gateway/s3/operations/put-object.ts";
import { parseBucketPath } from "../../../src/model/names.ts";
import { type Answer, element, elements, type S3Site, s3Site } from "../../support/s3-action.ts";

const SOURCE_HEADERS = {
  "Content-Type": "text/plain",
  "Cache-Control": "max-age=5",
  "x-amz-meta-a": "1",
  "x-amz-storage-class": "GLACIER",
  "x-amz-website-redirect-location": "/r",
  "x-amz-tagging": "t=1",
};

async function siteWithSource(): Promise<S3Site> {
  const site = await s3Site();
  await site.ask(putObject, { key: "from", body: "hello", headers: SOURCE_HEADERS });
  site.asked.length = 0;
  return site;
}

const copy = (site: S3Site, headers: Record<string, string> = {}, key = "to"): Promise<Answer> =>
  site.ask(copyObject, { key, headers: { "x-amz-copy-source": "/bk1/from", ...headers } });
const tagsOf = async (site: S3Site, key: string) =>
  elements((await site.ask(getObjectTagging, { key })).text, "Tag").map(
    (tag) => `${element(tag, "Key")}=${element(tag, "Value")}`,
  );

describe("copying an object", () => {
  it("takes content, metadata, headers and tags along, but not storage class and redirect", async () => {
    const site = await siteWithSource();
    const answer = await copy(site);
    expect(answer.status).toBe(200);
    expect(element(answer.text, "ETag")).toBe('"5d41402abc4b2a76b9719d911017c592"');
    expect(element(answer.text, "LastModified")).toBe("2026-01-01T00:00:00.000Z");
    expect(answer.text).toContain('<CopyObjectResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">');
    expect(site.asked).toEqual([
      "s3:GetObject bk1/from",
      "s3:GetObjectTagging bk1/from",
      "s3:PutObjectTagging bk1/to",
    ]);
    const got = await site.ask(getObject, { key: "to" });
    expect(got.text).toBe("hello");
    expect(got.headers).toMatchObject({
      "content-type": "text/plain",
      "cache-control": "max-age=5",
      "x-amz-meta-a": "1",
      "x-amz-tagging-count": "1",
    });
    expect(got.headers).not.toHaveProperty("x-amz-storage-class");
    expect(got.headers).not.toHaveProperty("x-amz-website-redirect-location");
    expect(await tagsOf(site, "to")).toEqual(["t=1"]);
  });

  it("replaces metadata and tags where it is told to", async () => {
    const site = await siteWithSource();
    const replaced = { "x-amz-metadata-directive": "REPLACE", "x-amz-meta-b": "2", "Content-Language": "en" };
    await copy(site, { ...replaced, "x-amz-tagging-directive": "REPLACE", "x-amz-tagging": "u=2" });
    const { headers } = await site.ask(headObject, { key: "to" });
    expect(headers).toMatchObject({
      "content-type": "binary/octet-stream",
      "content-language": "en",
      "x-amz-meta-b": "2",
    });
    expect(headers).not.toHaveProperty("x-amz-meta-a");
    expect(headers).not.toHaveProperty("cache-control");
    expect(await tagsOf(site, "to")).toEqual(["u=2"]);
  });

  it("onto itself needs a change", async () => {
    const site = await siteWithSource();
    expect((await copy(site, {}, "from")).code).toBe("InvalidRequest");
    expect((await copy(site, { "x-amz-metadata-directive": "REPLACE" }, "from")).status).toBe(200);
    expect((await copy(site, { "x-amz-storage-class": "STANDARD_IA" }, "from")).status).toBe(200);
    expect((await site.ask(getObject, { key: "from" })).text).toBe("hello");
  });

  it.each([
    [{ "x-amz-copy-source": "bk1/nothing" }, 404, "NoSuchKey"],
    [{ "x-amz-copy-source": "bk1/from?versionId=x" }, 400, "InvalidArgument"],
    [{ "x-amz-copy-source": "bk1" }, 400, "InvalidArgument"],
    [{ "x-amz-copy-source": "/" }, 400, "InvalidArgument"],
    [{ "x-amz-copy-source": "bk1/%zz" }, 400, "InvalidArgument"],
    [{ "x-amz-copy-source": "arn:aws:s3:::bk1/from" }, 501, "NotImplemented"],
    [{ "x-amz-metadata-directive": "KEEP" }, 400, "InvalidArgument"],
    [{ "x-amz-tagging": "a=1" }, 400, "InvalidRequest"],
    [{ "x-amz-copy-source-if-match": '"x"' }, 412, "PreconditionFailed"],
    [{ "x-amz-copy-source-if-none-match": "5d41402abc4b2a76b9719d911017c592" }, 412, "PreconditionFailed"],
    [{ "x-amz-copy-source-if-modified-since": "Fri, 02 Jan 2026 00:00:00 GMT" }, 412, "PreconditionFailed"],
    [{ "x-amz-copy-source-if-unmodified-since": "Wed, 31 Dec 2025 00:00:00 GMT" }, 412, "PreconditionFailed"],
    [{ "If-Match": '"x"' }, 404, "NoSuchKey"],
  ] as Array<[Record<string, string>, number, string]>)(
    "with %j answers %i %s",
    async (headers, status, code) => {
      const site = await siteWithSource();
      expect(await copy(site, headers)).toMatchObject({ status, code });
      expect((await site.ask(headObject, { key: "to" })).code).toBe("NoSuchKey");
    },
  );

  it("asks whether the source may be read", async () => {
    const site = await siteWithSource();
    site.denied.add("s3:GetObject bk1/from");
    expect((await copy(site)).code).toBe("AccessDenied");
  });

  it("brings a former version back and tells which it was", async () => {
    const site = await s3Site({ bucketOptions: { versioning: "enabled" } });
    const first = await site.ask(putObject, { key: "from", body: "1" });
    await site.ask(putObject, { key: "from", body: "2" });
    const id = first.headers["x-amz-version-id"] ?? "";
    const answer = await copy(site, { "x-amz-copy-source": `/bk1/from?versionId=${id}` }, "from");
    expect(answer.headers["x-amz-copy-source-version-id"]).toBe(id);
    expect(answer.headers["x-amz-version-id"]).toMatch(/^[\w-]{40}$/);
    expect((await site.ask(getObject, { key: "from" })).text).toBe("1");
    const marker = await site.ask(deleteObject, { key: "from" });
    const gone = marker.headers["x-amz-version-id"];
    const refused = await copy(site, { "x-amz-copy-source": `/bk1/from?versionId=${gone}` });
    expect([refused.status, refused.code]).toEqual([400, "InvalidRequest"]);
    const read = await site.ask(getObject, { key: "from", query: { versionId: gone ?? "" } });
    expect([read.status, read.headers["last-modified"]]).toEqual([405, "Thu, 01 Jan 2026 00:00:00 GMT"]);
    expect((await copy(site)).code).toBe("NoSuchKey");
  });

  it("reads keys with signs that need encoding", async () => {
    const site = await s3Site();
    await site.ask(putObject, { key: "/ü +%?versionId=x", body: "x" });
    const source = encodeURIComponent("bk1//ü +%?versionId=x");
    expect((await copy(site, { "x-amz-copy-source": source })).status).toBe(200);
    expect((await copy(site, { "x-amz-copy-source": `/${source}` })).status).toBe(200);
  });

  it("works from bucket to bucket", async () => {
    const site = await siteWithSource();
    await site.segment.namespace.ensureBucket(parseBucketPath("Hawaii/Cola/bk2"), {});
    const headers = { "x-amz-copy-source": "bk1/from" };
    expect((await site.ask(copyObject, { bucket: "bk2", key: "x", headers })).status).toBe(200);
    expect((await site.ask(getObject, { bucket: "bk2", key: "x" })).text).toBe("hello");
  });
});
