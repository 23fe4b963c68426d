/** DeleteObjects: many keys in one request, each for itself. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { deleteObjects } from "../../../src/gateway/s3/operations/delete-objects.ts";
import { headObject } from "../../../src/gateway/s3/operations/head-object.ts";
import { putObject } from "../../../src/gateway/s3/operations/put-object.ts";
import {
  type Answer,
  element,
  elements,
  type S3Site,
  type SiteOptions,
  s3Site,
} from "../../support/s3-action.ts";

async function siteOf(keys: readonly string[], options: SiteOptions = {}): Promise<S3Site> {
  const site = await s3Site(options);
  for (const key of keys) await site.ask(putObject, { key, body: key });
  site.asked.length = 0;
  return site;
}

const md5 = (text: string) => createHash("md5").update(text).digest("base64");
const document = (objects: string, quiet = "") => `<Delete>${quiet}${objects}</Delete>`;
const object = (key: string, more = "") => `<Object><Key>${key}</Key>${more}</Object>`;
const ask = (
  site: S3Site,
  body: string,
  headers: Record<string, string> = { "Content-MD5": md5(body) },
): Promise<Answer> => site.ask(deleteObjects, { body, headers });

describe("DeleteObjects", () => {
  it("deletes what is there and what is not, and says so by key", async () => {
    const site = await siteOf(["a", "b&<"]);
    const answer = await ask(site, document(object("b&amp;&lt;") + object("none") + object("a")));
    expect(answer.status).toBe(200);
    expect(elements(answer.text, "Key")).toEqual(["b&<", "none", "a"]);
    expect(elements(answer.text, "Error")).toEqual([]);
    expect(answer.text).not.toContain("DeleteMarker");
    expect(site.asked.sort()).toEqual([
      "s3:DeleteObject bk1/a",
      "s3:DeleteObject bk1/b&<",
      "s3:DeleteObject bk1/none",
    ]);
    expect((await site.ask(headObject, { key: "a" })).code).toBe("NoSuchKey");
  });

  it("says only what failed when it is quiet", async () => {
    const site = await siteOf(["a", "b"]);
    site.denied.add("s3:DeleteObject bk1/b");
    const answer = await ask(site, document(object("a") + object("b"), "<Quiet>true</Quiet>"));
    expect(elements(answer.text, "Deleted")).toEqual([]);
    const [error = ""] = elements(answer.text, "Error");
    expect([element(error, "Key"), element(error, "Code")]).toEqual(["b", "AccessDenied"]);
    expect((await site.ask(headObject, { key: "b" })).status).toBe(200);
    expect((await site.ask(headObject, { key: "a" })).status).toBe(404);
  });

  it("tells markers that it made and removed, and refuses ids that are none", async () => {
    const site = await siteOf(["a"], { bucketOptions: { versioning: "enabled" } });
    const made = await ask(site, document(object("a")));
    const id = element(made.text, "DeleteMarkerVersionId") ?? "";
    expect([element(made.text, "DeleteMarker"), element(made.text, "VersionId")]).toEqual([
      "true",
      undefined,
    ]);
    const version = `<VersionId>${id}</VersionId>`;
    const removed = await ask(site, document(object("a", version) + object("a", "<VersionId>x</VersionId>")));
    const [deleted = ""] = elements(removed.text, "Deleted");
    expect([
      element(deleted, "VersionId"),
      element(deleted, "DeleteMarker"),
      element(deleted, "DeleteMarkerVersionId"),
    ]).toEqual([id, "true", id]);
    expect(element(elements(removed.text, "Error")[0] ?? "", "Code")).toBe("InvalidArgument");
    expect((await site.ask(headObject, { key: "a" })).status).toBe(200);
  });

  it("deletes on condition", async () => {
    const site = await siteOf(["a", "b"]);
    const etag = (of: string) => `<ETag>${createHash("md5").update(of).digest("hex")}</ETag>`;
    const answer = await ask(
      site,
      document(object("a", etag("x")) + object("b", etag("b")) + object("c", etag("c"))),
    );
    expect(elements(answer.text, "Code")).toEqual(["PreconditionFailed", "NoSuchKey"]);
    expect(elements(answer.text, "Deleted")).toHaveLength(1);
    const size = await ask(site, document(object("a", "<Size>2</Size>")));
    expect(elements(size.text, "Code")).toEqual(["PreconditionFailed"]);
  });

  it("takes 1,000 keys and no more", async () => {
    const site = await siteOf([]);
    const many = (count: number) =>
      document(Array.from({ length: count }, (_, index) => object(`k${index}`)).join(""));
    expect(elements((await ask(site, many(1000))).text, "Deleted")).toHaveLength(1000);
    expect((await ask(site, many(1001))).code).toBe("MalformedXML");
  });

  it.each([
    ["", "MissingRequestBodyError"],
    ["<Delete/>", "MalformedXML"],
    ["<Delete><Object/></Delete>", "MalformedXML"],
    ["<Delete><Object><Key>a</Key><Colour/></Object></Delete>", "MalformedXML"],
    ["<Remove><Object><Key>a</Key></Object></Remove>", "MalformedXML"],
    ['<!DOCTYPE a [<!ENTITY b "c">]><Delete><Object><Key>&b;</Key></Object></Delete>', "MalformedXML"],
  ])("refuses %s", async (body, code) => {
    const site = await siteOf(["a"]);
    expect((await ask(site, body)).code).toBe(code);
    expect((await site.ask(headObject, { key: "a" })).status).toBe(200);
  });

  it("demands a digest, and that it fits", async () => {
    const site = await siteOf(["a"]);
    const body = document(object("a"));
    expect((await ask(site, body, {})).code).toBe("InvalidRequest");
    expect((await ask(site, body, { "Content-MD5": md5("other") })).code).toBe("BadDigest");
    expect((await site.ask(headObject, { key: "a" })).status).toBe(200);
    const checksum = createHash("sha256").update(body).digest("base64");
    expect((await ask(site, body, { "x-amz-checksum-sha256": checksum })).status).toBe(200);
  });
});
