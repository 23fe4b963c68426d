/** Tags, retention, legal hold and attributes of objects. */
import { describe, expect, it } from "vitest";
import { writeConfig } from "../../../src/gateway/s3/bucket-config.ts";
import { copyObject } from "../../../src/gateway/s3/operations/copy-object.ts";
import { deleteObject } from "../../../src/gateway/s3/operations/delete-object.ts";
import { deleteObjectTagging } from "../../../src/gateway/s3/operations/delete-object-tagging.ts";
import { getObjectAcl } from "../../../src/gateway/s3/operations/get-object-acl.ts";
import { getObjectAttributes } from "../../../src/gateway/s3/operations/get-object-attributes.ts";
import { getObjectLegalHold } from "../../../src/gateway/s3/operations/get-object-legal-hold.ts";
import { getObjectRetention } from "../../../src/gateway/s3/operations/get-object-retention.ts";
import { getObjectTagging } from "../../../src/gateway/s3/operations/get-object-tagging.ts";
import { headObject } from "../../../src/gateway/s3/operations/head-object.ts";
import { putObject } from "../../../src/gateway/s3/operations/put-object.ts";
import { putObjectAcl } from "../../../src/gateway/s3/operations/put-object-acl.ts";
import { putObjectLegalHold } from "../../../src/gateway/s3/operations/put-object-legal-hold.ts";
import { putObjectRetention } from "../../../src/gateway/s3/operations/put-object-retention.ts";
import { putObjectTagging } from "../../../src/gateway/s3/operations/put-object-tagging.ts";
import { parseBucketPath, parseObjectName } from "../../../src/model/names.ts";
import { element, elements, type S3Site, s3Site, USER } from "../../support/s3-action.ts";

const PATH = { ...parseBucketPath("Hawaii/Cola/bk1"), object: parseObjectName("a") };

function tagging(...pairs: ReadonlyArray<readonly [string, string]>): string {
  const tags = pairs.map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`);
  return `<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet>${tags.join("")}</TagSet></Tagging>`;
}

async function siteWithObject(options: Parameters<typeof s3Site>[0] = {}): Promise<S3Site> {
  const site = await s3Site(options);
  await site.ask(putObject, { key: "a", body: "hello", headers: { "x-amz-tagging": "x=1&y=a+b%20c" } });
  return site;
}

describe("tags", () => {
  it("are given with the put, read, replaced and removed", async () => {
    const site = await siteWithObject();
    const read = async () => (await site.ask(getObjectTagging, { key: "a" })).text;
    expect(elements(await read(), "Value")).toEqual(["1", "a b c"]);
    expect((await site.ask(headObject, { key: "a" })).headers["x-amz-tagging-count"]).toBe("2");
    const put = await site.ask(putObjectTagging, { key: "a", body: tagging(["k", "v &amp; w"]) });
    expect(put.code).toBe("InvalidTag");
    expect(
      (await site.ask(putObjectTagging, { key: "a", body: tagging(["k", ""], ["l", "ü"]) })).status,
    ).toBe(200);
    expect([elements(await read(), "Key"), elements(await read(), "Value")]).toEqual([
      ["k", "l"],
      ["", "ü"],
    ]);
    expect((await site.ask(deleteObjectTagging, { key: "a" })).status).toBe(204);
    expect(elements(await read(), "Tag")).toEqual([]);
    expect((await site.ask(headObject, { key: "a" })).headers).not.toHaveProperty("x-amz-tagging-count");
  });

  it.each([
    ["", "MissingRequestBodyError"],
    ["<Tagging>", "MalformedXML"],
    ["<Tags/>", "MalformedXML"],
    ["<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>", "MalformedXML"],
    [tagging(["", "x"]), "InvalidTag"],
    [tagging(["a", "1"], ["a", "2"]), "InvalidTag"],
    [tagging(["k".repeat(129), "x"]), "InvalidTag"],
    [tagging(["k", "v".repeat(257)]), "InvalidTag"],
    [tagging(["aws:k", "x"]), "InvalidTag"],
    [tagging(...Array.from({ length: 11 }, (_, index): [string, string] => [`${index}`, ""])), "BadRequest"],
  ])("refuse %s", async (body, code) => {
    const site = await siteWithObject();
    expect((await site.ask(putObjectTagging, { key: "a", body })).code).toBe(code);
    expect((await site.ask(headObject, { key: "a" })).headers["x-amz-tagging-count"]).toBe("2");
  });

  it("of what is not there are not there", async () => {
    const site = await siteWithObject();
    expect((await site.ask(getObjectTagging, { key: "b" })).code).toBe("NoSuchKey");
    expect((await site.ask(putObjectTagging, { key: "b", body: tagging() })).code).toBe("NoSuchKey");
    expect((await site.ask(getObjectTagging, { key: "a", query: { versionId: "null" } })).status).toBe(200);
  });
});

describe("object lock", () => {
  const LOCKED = { bucketOptions: { versioning: "enabled", lock: { default: undefined } } } as const;
  const UNTIL = "2026-02-01T00:00:00.000Z";
  const retention = (mode: string, until: string) =>
    `<Retention><Mode>${mode}</Mode><RetainUntilDate>${until}</RetainUntilDate></Retention>`;

  it("is refused in a bucket without it", async () => {
    const site = await siteWithObject();
    for (const action of [getObjectRetention, getObjectLegalHold]) {
      expect((await site.ask(action, { key: "a" })).code).toBe("InvalidRequest");
    }
    const body = retention("GOVERNANCE", UNTIL);
    expect((await site.ask(putObjectRetention, { key: "a", body })).code).toBe("InvalidRequest");
  });

  it("holds a version until the hold is taken away", async () => {
    const site = await siteWithObject(LOCKED);
    const hold = (status: string) =>
      site.ask(putObjectLegalHold, { key: "a", body: `<LegalHold><Status>${status}</Status></LegalHold>` });
    const shown = async () => element((await site.ask(getObjectLegalHold, { key: "a" })).text, "Status");
    expect(await shown()).toBe("OFF");
    expect((await hold("ON")).status).toBe(200);
    expect(await shown()).toBe("ON");
    const { headers } = await site.ask(headObject, { key: "a" });
    expect(headers["x-amz-object-lock-legal-hold"]).toBe("ON");
    const query = { versionId: headers["x-amz-version-id"] ?? "" };
    const refused = await site.ask(deleteObject, { key: "a", query });
    expect(refused).toMatchObject({ status: 403, code: "AccessDenied" });
    expect((await hold("MAYBE")).code).toBe("MalformedXML");
    await hold("OFF");
    expect((await site.ask(deleteObject, { key: "a", query })).status).toBe(204);
  });

  it("keeps what governance retains from all but those who may bypass it", async () => {
    const site = await siteWithObject(LOCKED);
    expect((await site.ask(getObjectRetention, { key: "a" })).code).toBe("NoSuchObjectLockConfiguration");
    const body = retention("GOVERNANCE", UNTIL);
    expect((await site.ask(putObjectRetention, { key: "a", body })).status).toBe(200);
    const { text } = await site.ask(getObjectRetention, { key: "a" });
    expect([element(text, "Mode"), element(text, "RetainUntilDate")]).toEqual(["GOVERNANCE", UNTIL]);
    const { headers } = await site.ask(headObject, { key: "a" });
    expect(headers).toMatchObject({
      "x-amz-object-lock-mode": "GOVERNANCE",
      "x-amz-object-lock-retain-until-date": UNTIL,
    });
    const query = { versionId: headers["x-amz-version-id"] ?? "" };
    const bypass = { "x-amz-bypass-governance-retention": "true" };
    expect((await site.ask(deleteObject, { key: "a", query })).code).toBe("AccessDenied");
    site.denied.add("s3:BypassGovernanceRetention");
    expect((await site.ask(deleteObject, { key: "a", query, headers: bypass })).code).toBe("AccessDenied");
    site.denied.clear();
    expect((await site.ask(deleteObject, { key: "a", query, headers: bypass })).status).toBe(204);
  });

  it("in compliance binds everybody, and can only be made longer", async () => {
    const site = await siteWithObject(LOCKED);
    const put = (body: string) =>
      site.ask(putObjectRetention, {
        key: "a",
        body,
        headers: { "x-amz-bypass-governance-retention": "true" },
      });
    expect((await put(retention("COMPLIANCE", UNTIL))).status).toBe(200);
    expect((await put(retention("COMPLIANCE", "2026-01-15T00:00:00Z"))).code).toBe("AccessDenied");
    expect((await put("<Retention/>")).code).toBe("AccessDenied");
    expect((await put(retention("COMPLIANCE", "2026-03-01T00:00:00Z"))).status).toBe(200);
  });

  it.each([
    [retention("COMPLIANCE", "2025-01-01T00:00:00Z"), "InvalidArgument"],
    [retention("COMPLIANCE", "tomorrow"), "InvalidArgument"],
    [retention("NONE", UNTIL), "MalformedXML"],
    ["<Retention><Mode>COMPLIANCE</Mode></Retention>", "MalformedXML"],
  ])("refuses %s", async (body, code) => {
    const site = await siteWithObject(LOCKED);
    expect((await site.ask(putObjectRetention, { key: "a", body })).code).toBe(code);
  });

  it("is given with the put", async () => {
    const site = await s3Site(LOCKED);
    const headers = {
      "x-amz-object-lock-mode": "COMPLIANCE",
      "x-amz-object-lock-retain-until-date": UNTIL,
      "x-amz-object-lock-legal-hold": "ON",
    };
    expect((await site.ask(putObject, { key: "a", headers })).status).toBe(200);
    expect(site.asked).toEqual(["s3:PutObjectRetention bk1/a", "s3:PutObjectLegalHold bk1/a"]);
    expect((await site.ask(headObject, { key: "a" })).headers).toMatchObject(headers);
  });
});

describe("attributes", () => {
  const ask = (site: S3Site, attributes: string, headers: Record<string, string> = {}) =>
    site.ask(getObjectAttributes, {
      key: "a",
      headers: { "x-amz-object-attributes": attributes, ...headers },
    });

  it("are those that were asked for", async () => {
    const site = await siteWithObject();
    const { text, headers } = await ask(site, "ETag, ObjectSize,StorageClass,Checksum,ObjectParts");
    expect(text).toContain(
      "<ETag>5d41402abc4b2a76b9719d911017c592</ETag><StorageClass>STANDARD</StorageClass><ObjectSize>5</ObjectSize>" +
        "</GetObjectAttributesResponse>",
    );
    expect(headers["last-modified"]).toBe("Thu, 01 Jan 2026 00:00:00 GMT");
    expect((await ask(site, "Colour")).code).toBe("InvalidArgument");
    expect((await ask(site, "")).code).toBe("InvalidArgument");
  });

  it("tell the parts in pages", async () => {
    const site = await s3Site();
    const part = (sizeBytes: number) => ({ sizeBytes, checksum: new Uint8Array([0, 0, 0, sizeBytes]) });
    const digest = {
      md5: new Uint8Array(16),
      checksum: { algorithm: "crc32", kind: "composite", value: new Uint8Array(4) } as const,
      parts: [part(1), part(2), part(3)],
    };
    await site.segment.objects.put(PATH, Buffer.from("122333"), { digest: () => digest });
    const { text } = await ask(site, "ETag,ObjectParts,Checksum", {
      "x-amz-max-parts": "1",
      "x-amz-part-number-marker": "1",
    });
    expect(element(text, "ETag")).toBe(`${"0".repeat(32)}-3`);
    expect(element(text, "Checksum")).toBe(
      "<ChecksumCRC32>AAAAAA==-3</ChecksumCRC32><ChecksumType>COMPOSITE</ChecksumType>",
    );
    expect(element(text, "ObjectParts")).toBe(
      "<PartsCount>3</PartsCount><PartNumberMarker>1</PartNumberMarker><NextPartNumberMarker>2</NextPartNumberMarker>" +
        "<MaxParts>1</MaxParts><IsTruncated>true</IsTruncated>" +
        "<Part><PartNumber>2</PartNumber><Size>2</Size><ChecksumCRC32>AAAAAg==</ChecksumCRC32></Part>",
    );
    const third = await site.ask(headObject, {
      key: "a",
      query: { partNumber: "3" },
      headers: { "x-amz-checksum-mode": "ENABLED" },
    });
    expect(third).toMatchObject({ status: 206, sizeBytes: 3 });
    expect(third.headers).toMatchObject({
      "content-range": "bytes 3-5/6",
      "x-amz-mp-parts-count": "3",
      "x-amz-checksum-crc32": "AAAAAw==",
      "x-amz-checksum-type": "COMPOSITE",
    });
  });
});

describe("ACLs", () => {
  const ALL = "http://acs.amazonaws.com/groups/global/AllUsers";
  const shown = async (site: S3Site) => (await site.ask(getObjectAcl, { key: "a" })).text;

  it("are private at first, and put by name or by a document", async () => {
    const site = await siteWithObject();
    expect(elements(await shown(site), "Permission")).toEqual(["FULL_CONTROL"]);
    const headers = { "x-amz-acl": "public-read" };
    expect((await site.ask(putObjectAcl, { key: "a", headers })).status).toBe(200);
    const text = await shown(site);
    expect(elements(text, "URI")).toEqual([ALL]);
    await site.ask(putObjectAcl, { key: "a", headers: { "x-amz-acl": "private" } });
    expect(elements(await shown(site), "URI")).toEqual([]);
    const body = text.replace(/^.*\n/, "");
    expect((await site.ask(putObjectAcl, { key: "a", body, identity: USER })).code).toBe("AccessDenied");
    expect((await site.ask(putObjectAcl, { key: "a", body })).status).toBe(200);
    expect(elements(await shown(site), "URI")).toEqual([ALL]);
  });

  it("are given with a put, and are not those of a copied object", async () => {
    const site = await s3Site();
    await site.ask(putObject, { key: "b", headers: { "x-amz-acl": "public-read" } });
    const headers = { "x-amz-copy-source": "bk1/b" };
    await site.ask(copyObject, { key: "a", headers });
    expect(elements(await shown(site), "URI")).toEqual([]);
  });

  it("are refused where the bucket has none, or blocks public ones", async () => {
    const site = await siteWithObject();
    const bucket = parseBucketPath("Hawaii/Cola/bk1");
    await writeConfig(site, bucket, "ownership", { objectOwnership: "BucketOwnerEnforced" });
    const put = (acl: string) => site.ask(putObjectAcl, { key: "a", headers: { "x-amz-acl": acl } });
    expect((await put("public-read")).code).toBe("AccessControlListNotSupported");
    expect((await put("bucket-owner-full-control")).status).toBe(200);
    const headers = { "x-amz-acl": "public-read" };
    expect((await site.ask(putObject, { key: "c", headers })).code).toBe("AccessControlListNotSupported");
  });
});
