/** ListObjects, ListObjectsV2 and ListObjectVersions: pages, prefixes, encodings, markers and tokens. */
import { describe, expect, it } from "vitest";
import { deleteObject } from "../../../src/gateway/s3/operations/delete-object.ts";
import { getObject } from "../../../src/gateway/s3/operations/get-object.ts";
import { listObjectVersions } from "../../../src/gateway/s3/operations/list-object-versions.ts";
import { listObjects } from "../../../src/gateway/s3/operations/list-objects.ts";
import { listObjectsV2 } from "../../../src/gateway/s3/operations/list-objects-v2.ts";
import { putObject } from "../../../src/gateway/s3/operations/put-object.ts";
import { parseBucketPath } from "../../../src/model/names.ts";
import { element, elements, type S3Site, type SiteOptions, s3Site } from "../../support/s3-action.ts";

const BUCKET = parseBucketPath("Hawaii/Cola/bk1");
const KEYS = ["a", "b/1", "b/2", "b/c/3", "d", "e/", "e/4", "f"];

async function siteOf(keys: readonly string[], options: SiteOptions = {}): Promise<S3Site> {
  const site = await s3Site(options);
  for (const key of keys) await site.ask(putObject, { key, body: key });
  return site;
}

const keysOf = (xml: string) => elements(xml, "Key");
const prefixesOf = (xml: string) => elements(xml, "CommonPrefixes").map((item) => element(item, "Prefix"));

describe("ListObjectsV2", () => {
  it("gives the facts of each object", async () => {
    const site = await siteOf(["a&<b>"]);
    const answer = await site.ask(listObjectsV2, { query: { "fetch-owner": "true" } });
    expect(answer.headers["content-type"]).toBe("application/xml");
    expect(answer.text).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bk1</Name><Prefix></Prefix>' +
        "<KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated><Contents>" +
        "<Key>a&amp;&lt;b&gt;</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>" +
        "<ETag>&quot;4ad5a4bb0d5a3c5f7a0f8ad6b8b0d5fd&quot;</ETag>".replace(
          "4ad5a4bb0d5a3c5f7a0f8ad6b8b0d5fd",
          element(answer.text, "ETag")?.slice(1, -1) ?? "",
        ) +
        `<Size>5</Size><Owner><ID>${element(answer.text, "ID")}</ID><DisplayName>Cola</DisplayName></Owner>` +
        "<StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>",
    );
    expect(element(answer.text, "ID")).toMatch(/^[0-9a-f]{64}$/);
    expect(element((await site.ask(listObjectsV2)).text, "Owner")).toBeUndefined();
  });

  it.each([
    [{}, KEYS, []],
    [{ prefix: "b/" }, ["b/1", "b/2", "b/c/3"], []],
    [{ delimiter: "/" }, ["a", "d", "f"], ["b/", "e/"]],
    [{ delimiter: "/", prefix: "b/" }, ["b/1", "b/2"], ["b/c/"]],
    [{ delimiter: "/", prefix: "e/" }, ["e/", "e/4"], []],
    [{ delimiter: "c/" }, ["a", "b/1", "b/2", "d", "e/", "e/4", "f"], ["b/c/"]],
    [{ delimiter: "" }, KEYS, []],
    [{ prefix: "x" }, [], []],
    [{ "start-after": "b/2" }, ["b/c/3", "d", "e/", "e/4", "f"], []],
    [{ "start-after": "d", prefix: "b/" }, [], []],
    [{ "start-after": "a", prefix: "b/" }, ["b/1", "b/2", "b/c/3"], []],
    [{ "max-keys": "0" }, [], []],
  ] as Array<[Record<string, string>, string[], string[]]>)(
    "of %j gives %j and %j",
    async (query, keys, prefixes) => {
      const site = await siteOf(KEYS);
      const { text } = await site.ask(listObjectsV2, { query });
      expect(keysOf(text)).toEqual(keys);
      expect(prefixesOf(text)).toEqual(prefixes);
      expect(element(text, "KeyCount")).toBe(String(keys.length + prefixes.length));
      expect(element(text, "IsTruncated")).toBe("false");
    },
  );

  it.each([1, 2, 3, 4, 5, 100])(
    "pages of %i by tokens give everything once, prefixes counted",
    async (size) => {
      const site = await siteOf(KEYS);
      const [keys, prefixes]: [string[], Array<string | undefined>] = [[], []];
      let token: string | undefined;
      do {
        const { text } = await site.ask(listObjectsV2, {
          query: {
            delimiter: "/",
            "max-keys": String(size),
            ...(token === undefined ? {} : { "continuation-token": token }),
          },
        });
        expect(element(text, "ContinuationToken")).toBe(token);
        keys.push(...keysOf(text));
        prefixes.push(...prefixesOf(text));
        expect(Number(element(text, "KeyCount"))).toBeLessThanOrEqual(size);
        token = element(text, "NextContinuationToken");
        expect(element(text, "IsTruncated")).toBe(String(token !== undefined));
      } while (token !== undefined);
      expect([keys, prefixes]).toEqual([
        ["a", "d", "f"],
        ["b/", "e/"],
      ]);
    },
  );

  it.each([
    { "max-keys": "-1" },
    { "max-keys": "x" },
    { "max-keys": "99999999999" },
    { "encoding-type": "base64" },
    { "continuation-token": "nonsense" },
    { "continuation-token": "" },
    { prefix: "x".repeat(1025) },
  ] as Array<Record<string, string>>)("refuses %j", async (query) => {
    const site = await siteOf([]);
    expect(await site.ask(listObjectsV2, { query })).toMatchObject({ status: 400, code: "InvalidArgument" });
  });

  it("gives at most what the service allows", async () => {
    const site = await siteOf(KEYS, { listMax: 3 });
    const { text } = await site.ask(listObjectsV2, { query: { "max-keys": "5000" } });
    expect(keysOf(text)).toHaveLength(3);
    expect(element(text, "MaxKeys")).toBe("3");
  });

  it("encodes names with encoding-type=url", async () => {
    const site = await siteOf(["x y/+\u0001ü(1).txt", "x y/&"]);
    const query = { "encoding-type": "url", prefix: "x ", "start-after": "x !", delimiter: "ü" };
    const { text } = await site.ask(listObjectsV2, { query });
    expect(keysOf(text)).toEqual(["x%20y/%26"]);
    expect(prefixesOf(text)).toEqual(["x%20y/%2B%01%C3%BC"]);
    expect(element(text, "Prefix")).toBe("x%20");
    expect(element(text, "StartAfter")).toBe("x%20%21");
    expect(element(text, "Delimiter")).toBe("%C3%BC");
    expect(element(text, "EncodingType")).toBe("url");
  });
});

describe("ListObjects", () => {
  it("names the next marker only with a delimiter, and goes on from the last key without", async () => {
    const site = await siteOf(KEYS);
    const rolled = await site.ask(listObjects, { query: { delimiter: "/", "max-keys": "2" } });
    expect(element(rolled.text, "NextMarker")).toBe("b/");
    const further = await site.ask(listObjects, { query: { delimiter: "/", marker: "b/" } });
    expect([keysOf(further.text), prefixesOf(further.text)]).toEqual([["d", "f"], ["e/"]]);
    const plain = await site.ask(listObjects, { query: { "max-keys": "2" } });
    expect(element(plain.text, "NextMarker")).toBeUndefined();
    expect(element(plain.text, "IsTruncated")).toBe("true");
    const rest = await site.ask(listObjects, { query: { marker: "b/1" } });
    expect(keysOf(rest.text)).toEqual(KEYS.slice(2));
    expect(element(rest.text, "Marker")).toBe("b/1");
    expect(elements(rest.text, "Owner")).toHaveLength(6);
  });
});

describe("versions", () => {
  const shownOf = (xml: string) =>
    [...xml.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/g)].map(
      ([, kind, item = ""]) =>
        `${kind} ${element(item, "Key")} ${element(item, "VersionId") === "null" ? "null " : ""}${element(item, "IsLatest")}`,
    );

  it("are listed with delete markers between them, latest first", async () => {
    const site = await siteOf(["a", "b"]);
    await site.segment.namespace.updateBucket(BUCKET, { versioning: "enabled" });
    for (const body of ["1", "2"]) await site.ask(putObject, { key: "a", body });
    const deleted = await site.ask(deleteObject, { key: "a" });
    expect(deleted.headers["x-amz-delete-marker"]).toBe("true");
    await site.ask(putObject, { key: "a", body: "3" });
    const { text } = await site.ask(listObjectVersions);
    expect(shownOf(text)).toEqual([
      "Version a true",
      "DeleteMarker a false",
      "Version a false",
      "Version a false",
      "Version a null false",
      "Version b null true",
    ]);
    expect(elements(text, "VersionId")[1]).toBe(deleted.headers["x-amz-version-id"]);
    for (const size of [1, 2, 3, 4, 5, 6])
      expect(await paged(site, size)).toEqual(elements(text, "VersionId"));
  });

  async function paged(site: S3Site, size: number): Promise<readonly string[]> {
    const ids: string[] = [];
    let query: Record<string, string> = { "max-keys": String(size) };
    for (;;) {
      const { text } = await site.ask(listObjectVersions, { query });
      ids.push(...[...text.matchAll(/<VersionId>(.*?)<\/VersionId>/g)].map((match) => match[1] ?? ""));
      const key = element(text, "NextKeyMarker");
      if (key === undefined) return ids;
      const id = element(text, "NextVersionIdMarker");
      query = { ...query, "key-marker": key };
      if (id !== undefined) query["version-id-marker"] = id;
    }
  }

  it("of a bucket that never had versioning are the objects, all null, and no markers", async () => {
    const site = await siteOf(["a", "b"]);
    await site.ask(putObject, { key: "a", body: "2" });
    await site.ask(deleteObject, { key: "b" });
    expect(shownOf((await site.ask(listObjectVersions)).text)).toEqual(["Version a null true"]);
  });

  it("roll up by delimiter and begin behind a marker", async () => {
    const site = await siteOf(KEYS, { bucketOptions: { versioning: "enabled" } });
    const { text } = await site.ask(listObjectVersions, { query: { delimiter: "/" } });
    expect([keysOf(text), prefixesOf(text)]).toEqual([
      ["a", "d", "f"],
      ["b/", "e/"],
    ]);
    const later = await site.ask(listObjectVersions, { query: { "key-marker": "d" } });
    expect(keysOf(later.text)).toEqual(["e/", "e/4", "f"]);
  });

  it.each([{ "version-id-marker": "null" }, { "key-marker": "a", "version-id-marker": "x" }] as Array<
    Record<string, string>
  >)("refuse %j", async (query) => {
    const site = await siteOf(["a"]);
    expect((await site.ask(listObjectVersions, { query })).code).toBe("InvalidArgument");
  });

  it("are read and removed one by one; the one below becomes the latest", async () => {
    const site = await siteOf([], { bucketOptions: { versioning: "enabled" } });
    const ids: string[] = [];
    for (const body of ["1", "2", "3"]) {
      ids.push((await site.ask(putObject, { key: "a", body })).headers["x-amz-version-id"] ?? "");
    }
    const marker = (await site.ask(deleteObject, { key: "a" })).headers["x-amz-version-id"] ?? "";
    const gone = await site.ask(getObject, { key: "a" });
    expect(gone).toMatchObject({ status: 404, code: "NoSuchKey" });
    expect(gone.headers).toEqual({ "x-amz-delete-marker": "true", "x-amz-version-id": marker });
    const named = await site.ask(getObject, { key: "a", query: { versionId: marker } });
    expect(named).toMatchObject({ status: 405, code: "MethodNotAllowed" });
    expect(named.headers).toMatchObject({ "x-amz-delete-marker": "true" });
    const read = (versionId = "") =>
      site.ask(getObject, { key: "a", query: versionId === "" ? {} : { versionId } });
    expect(await read(ids[1])).toMatchObject({
      status: 200,
      text: "2",
      headers: { "x-amz-version-id": ids[1] },
    });
    const remove = (versionId = "") => site.ask(deleteObject, { key: "a", query: { versionId } });
    expect((await remove(marker)).headers).toEqual({
      "x-amz-delete-marker": "true",
      "x-amz-version-id": marker,
    });
    expect((await read()).text).toBe("3");
    expect((await remove(ids[2])).headers).toEqual({ "x-amz-version-id": ids[2] });
    expect((await read()).text).toBe("2");
    expect(await remove(ids[2])).toMatchObject({ status: 204 });
    expect((await read(ids[2])).code).toBe("NoSuchVersion");
    expect((await remove("nonsense")).code).toBe("InvalidArgument");
  });

  it("while versioning is suspended are one null version", async () => {
    const site = await siteOf([], { bucketOptions: { versioning: "enabled" } });
    await site.ask(putObject, { key: "a", body: "1" });
    await site.segment.namespace.updateBucket(BUCKET, { versioning: "suspended" });
    await site.ask(putObject, { key: "a", body: "2" });
    await site.ask(putObject, { key: "a", body: "3" });
    expect((await site.ask(getObject, { key: "a", query: { versionId: "null" } })).text).toBe("3");
    const marker = await site.ask(deleteObject, { key: "a" });
    expect(marker.headers).toEqual({ "x-amz-delete-marker": "true", "x-amz-version-id": "null" });
    expect(shownOf((await site.ask(listObjectVersions)).text)).toEqual([
      "DeleteMarker a null true",
      "Version a false",
    ]);
    await site.ask(deleteObject, { key: "a", query: { versionId: "null" } });
    expect((await site.ask(getObject, { key: "a" })).text).toBe("1");
  });
});
