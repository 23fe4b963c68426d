/** Objects through the admin API: bodies, ranges, conditions, names, versions. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bytesOf, startAdmin, type TestAdmin, withBucket } from "../../support/admin.ts";
import { rawRequest } from "../../support/raw-http.ts";

const BUCKET = "Hawaii/Cola/bk1";
const PATH = "/clusters/Hawaii/tenants/Cola/buckets/bk1/object";
const text = (value: string) => new TextEncoder().encode(value);

let admin: TestAdmin;
beforeAll(async () => {
  admin = await withBucket(await startAdmin());
});
afterAll(() => admin.close());

const raw = (method: string, target: string, headers: Record<string, string> = {}, body?: string) =>
  rawRequest(admin.socket, { method, target, headers, body });

describe("an object", () => {
  it("is put whole and got whole, with its metadata", async () => {
    const metadata = { mtime: "12.5", note: "Grüße\n\u0001 😀" };
    const options = { contentType: "text/plain", metadata };
    const put = await admin.client.putObject(BUCKET, "a/b", text("hello"), options);
    expect(put).toMatchObject({
      name: "a/b",
      sizeBytes: 5,
      isLatest: true,
      contentType: "text/plain",
      metadata,
    });
    const got = await admin.client.getObject(BUCKET, "a/b");
    expect(got).toMatchObject({ startByte: 0, endByte: 5, info: put });
    expect(await bytesOf(got.body)).toEqual(text("hello"));
    expect(await admin.client.showObject(BUCKET, "a/b")).toEqual(put);
  });

  it.each([0, 1, 1023, 1025, 64 * 1024, 64 * 1024 + 1, 3_000_000])(
    "of %i bytes comes back byte for byte, as bytes and as a stream of unknown length",
    async (sizeBytes) => {
      const content = new Uint8Array(sizeBytes).map((_, index) => (index * 7 + (index >> 9)) & 0xff);
      async function* stream() {
        for (let start = 0; start < sizeBytes; start += 100_000)
          yield content.subarray(start, start + 100_000);
      }
      for (const [name, body] of [
        ["whole", content],
        ["stream", stream()],
      ] as const) {
        const put = await admin.client.putObject(BUCKET, `size-${name}`, body);
        expect(put.sizeBytes).toBe(sizeBytes);
        const got = await admin.client.getObject(BUCKET, `size-${name}`);
        expect(Buffer.compare(await bytesOf(got.body), content)).toBe(0);
      }
    },
  );

  it("gives a range of its bytes, as HTTP words it", async () => {
    await admin.client.putObject(BUCKET, "r", text("0123456789"));
    const got = await admin.client.getObject(BUCKET, "r", { startByte: 2, endByte: 5 });
    expect([got.startByte, got.endByte, await bytesOf(got.body)]).toEqual([2, 5, text("234")]);
    const ranged = (range: string) => raw("GET", `${PATH}?name=r`, { range });
    expect(await ranged("bytes=7-")).toMatchObject({
      status: 206,
      body: "789",
      headers: { "content-range": "bytes 7-9/10" },
    });
    expect(await ranged("bytes=-3")).toMatchObject({ status: 206, body: "789" });
    expect(await ranged("bytes=0-0")).toMatchObject({ status: 206, body: "0" });
    expect(await ranged("bytes=8-100")).toMatchObject({ status: 206, body: "89" });
    expect(await ranged("bytes=0-1,3-4")).toMatchObject({ status: 200, body: "0123456789" });
    for (const range of ["bytes=10-", "bytes=5-4", "bytes=-0", "bytes=", "bytes=a-b", "lines=1-2"]) {
      const answer = await ranged(range);
      expect([range, answer.status, JSON.parse(answer.body).error.code]).toEqual([range, 416, "BAD_VALUE"]);
    }
  });

  it("is put only where none is, or over the version that was seen", async () => {
    const first = await admin.client.putObject(BUCKET, "once", text("1"), { ifAbsent: true });
    await expect(admin.client.putObject(BUCKET, "once", text("2"), { ifAbsent: true })).rejects.toMatchObject(
      {
        code: "PRECONDITION",
      },
    );
    const over = (etag: string) =>
      raw("PUT", `${PATH}?name=once`, { "if-match": etag, "content-length": "1" }, "3");
    expect((await over(`"${first.versionId}"`)).status).toBe(201);
    expect((await over(`"${first.versionId}"`)).status).toBe(412);
    expect((await over("nonsense")).status).toBe(400);
  });

  it("tells its version id as ETag, and is not sent again to who has it", async () => {
    const put = await admin.client.putObject(BUCKET, "etag", text("x"));
    const got = await raw("GET", `${PATH}?name=etag`);
    expect(got.headers.etag).toBe(`"${put.versionId}"`);
    const again = await raw("GET", `${PATH}?name=etag`, { "if-none-match": `"${put.versionId}"` });
    expect([again.status, again.body]).toEqual([304, ""]);
  });

  it("answers HEAD with its size and no body, also when it is not there", async () => {
    await admin.client.putObject(BUCKET, "head", text("12345"));
    const found = await raw("HEAD", `${PATH}?name=head`);
    expect([found.status, found.headers["content-length"], found.body]).toEqual([200, "5", ""]);
    const missing = await raw("HEAD", `${PATH}?name=nothing`);
    expect([missing.status, missing.body]).toEqual([404, ""]);
    expect(JSON.parse(missing.headers["x-efs-error"] ?? "")).toMatchObject({ code: "OBJECT_NOT_FOUND" });
  });

  it("keeps a version readable by its id, and is gone for readers after a delete", async () => {
    await admin.client.createBucket("Hawaii/Cola", { name: "kept", versionsKept: 5 });
    const bucket = "Hawaii/Cola/kept";
    const first = await admin.client.putObject(bucket, "v", text("1"));
    const second = await admin.client.putObject(bucket, "v", text("2"));
    const old = await admin.client.getObject(bucket, "v", { versionId: first.versionId });
    expect([await bytesOf(old.body), old.info.isLatest]).toEqual([text("1"), false]);
    expect(await admin.client.showObject(bucket, "v", second.versionId)).toMatchObject({ isLatest: true });
    const deleted = await admin.client.deleteObject(bucket, "v");
    expect(deleted).toMatchObject({ isDeleted: true, isLatest: true });
    await expect(admin.client.getObject(bucket, "v")).rejects.toMatchObject({ code: "OBJECT_NOT_FOUND" });
    await expect(admin.client.deleteObject(bucket, "v")).rejects.toMatchObject({ code: "OBJECT_NOT_FOUND" });
    const versions = await admin.client.listVersions(bucket);
    expect(versions.items.map((version) => [version.isDeleted, version.isLatest])).toEqual([
      [true, true],
      [false, false],
      [false, false],
    ]);
  });

  it("is removed for good by its version id, a page of versions ends inside a name, and a lock forbids it", async () => {
    const { client } = admin;
    const bucket = "Hawaii/Cola/versioned";
    await client.createBucket("Hawaii/Cola", { name: "versioned", versioning: "enabled" });
    const made = [];
    for (const body of ["1", "2", "3"]) made.push(await client.putObject(bucket, "v", text(body)));
    const removed = await client.deleteObject(bucket, "v", made[2]?.versionId);
    expect(removed.versionId).toBe(made[2]?.versionId);
    expect(await client.showObject(bucket, "v")).toMatchObject({ versionId: made[1]?.versionId });
    const first = await client.listVersions(bucket, { limit: 1 });
    const second = await client.listVersions(bucket, { limit: 1, after: first.next ?? "" });
    expect([...first.items, ...second.items].map(({ versionId }) => versionId)).toEqual([
      made[1]?.versionId,
      made[0]?.versionId,
    ]);
    expect(second.next).toBe(null);
    await expect(client.listVersions(bucket, { after: "v\u0000x\u0000y" })).rejects.toMatchObject({
      code: "BAD_VALUE",
    });
    await expect(client.deleteObject(bucket, "v", made[2]?.versionId)).rejects.toMatchObject({
      code: "VERSION_NOT_FOUND",
    });
    await client.updateBucket(bucket, { objectLock: { retention: { mode: "governance", days: 1 } } });
    const locked = await client.putObject(bucket, "locked", text("x"));
    await expect(client.deleteObject(bucket, "locked", locked.versionId)).rejects.toMatchObject({
      code: "LOCKED",
    });
  });

  it("is copied, listed with prefixes, and shown with many others", async () => {
    await admin.client.createBucket("Hawaii/Cola", { name: "list" });
    const bucket = "Hawaii/Cola/list";
    for (const name of ["d/1", "d/2", "e"])
      await admin.client.putObject(bucket, name, text(name), { metadata: { k: "v" } });
    const copy = await admin.client.copyObject({ from: `${bucket}/e`, to: `${bucket}/f` });
    expect(copy).toMatchObject({ name: "f", sizeBytes: 1, metadata: { k: "v" } });
    const page = await admin.client.listObjects(bucket, { delimiter: "/", limit: 10 });
    expect([page.prefixes, page.items.map((item) => item.name), page.next]).toEqual([
      ["d/"],
      ["e", "f"],
      null,
    ]);
    const first = await admin.client.listObjects(bucket, { limit: 1 });
    expect([first.items.map((item) => item.name), first.next]).toEqual([["d/1"], "d/1"]);
    const names = ["f", "none", ...Array.from({ length: 2500 }, (_, index) => `x${index}`), "e"];
    const shown = await admin.client.showObjects(bucket, names);
    expect(shown.length).toBe(names.length);
    expect([shown[0]?.name, shown[1], shown.at(-1)?.name]).toEqual(["f", null, "e"]);
  });

  it("is copied with many others in one request, each for itself", async () => {
    await admin.client.createBucket("Hawaii/Cola", { name: "many" });
    const [bucket, toBucket] = ["Hawaii/Cola/many", "Hawaii/Cola/list"];
    const names = Array.from({ length: 1200 }, (_, index) => `n${String(index).padStart(4, "0")}`);
    await Promise.all(names.map((name) => admin.client.putObject(bucket, name, text(name))));
    const items = [...names, "none", ""].map((from) => ({ from, to: `copied/${from}` }));
    const results = await admin.client.copyObjects(bucket, { toBucket, items });
    expect(results.slice(0, 1200).every((result) => "sizeBytes" in result && result.sizeBytes === 5)).toBe(
      true,
    );
    expect(results.slice(1200)).toMatchObject([
      { error: { code: "OBJECT_NOT_FOUND" } },
      { error: { code: "BAD_NAME" } },
    ]);
    const copy = await admin.client.getObject(toBucket, "copied/n0777");
    expect(await bytesOf(copy.body)).toEqual(text("n0777"));
    const absent = admin.client.copyObjects(bucket, {
      toBucket: "Hawaii/Cola/absent",
      items: items.slice(0, 1),
    });
    expect(await absent).toMatchObject([{ error: { code: "BUCKET_NOT_FOUND" } }]);
  });

  it("may have any name that only looks dangerous", async () => {
    await admin.client.createBucket("Hawaii/Cola", { name: "names" });
    const bucket = "Hawaii/Cola/names";
    const names = [
      "..",
      ".",
      "../../etc/passwd",
      "/",
      "//",
      "a//b",
      "a/../b",
      "%2e%2e",
      "%2F",
      "%",
      "%00",
      "?",
      "#",
      "a?b=c&d#e",
      "+",
      " ",
      "a b",
      "\n",
      "\r\nSet-Cookie: x",
      "\t",
      "\u001b[31m",
      "\u007f",
      "\u0085",
      "\u2028",
      "\\",
      "\\..\\",
      "CON",
      "-rf",
      "--",
      "*",
      "~",
      "$(id)",
      "`id`",
      "'",
      '"',
      "<script>",
      "__proto__",
      "constructor",
      "toString",
      "😀",
      "👩‍👩‍👧",
      "\u202egnp.exe",
      "مرحبا",
      "é",
      "e\u0301",
      "\ufeff",
      "\uffff",
      "\u{10ffff}",
      "name",
      "object",
      "x".repeat(1024),
      "é".repeat(512),
      "😀".repeat(256),
    ];
    for (const name of names) {
      const put = await admin.client.putObject(bucket, name, text(name));
      expect(put.name).toBe(name);
    }
    for (const name of names) {
      const got = await admin.client.getObject(bucket, name);
      expect(got.info.name).toBe(name);
      expect(await bytesOf(got.body)).toEqual(text(name));
    }
    const listed = await admin.client.listObjects(bucket, { limit: 1000 });
    expect(listed.items.map((item) => item.name).sort()).toEqual([...names].sort());
    for (const name of names) {
      const after = await admin.client.listObjects(bucket, { prefix: name, limit: 1 });
      expect(after.items[0]?.name).toBe(name);
      await admin.client.deleteObject(bucket, name);
    }
    expect((await admin.client.showBucket(bucket)).objectCount).toBe(0);
  });

  it.each(["", "a\0b", "x".repeat(1025), "é".repeat(513), "\ud800", "a\udc00b"])(
    "may not be called what breaks the rules (%#)",
    async (name) => {
      for (const call of [
        () => admin.client.putObject(BUCKET, name, text("x")),
        () => admin.client.getObject(BUCKET, name),
        () => admin.client.deleteObject(BUCKET, name),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: "BAD_NAME" });
      }
    },
  );

  it("needs a bucket that is there, and a name", async () => {
    await expect(admin.client.putObject("Hawaii/Cola/none", "a", text("x"))).rejects.toMatchObject({
      code: "BUCKET_NOT_FOUND",
    });
    expect(JSON.parse((await raw("GET", PATH)).body).error).toMatchObject({
      code: "BAD_REQUEST",
      details: { field: "name" },
    });
    const unknown = await raw("GET", `${PATH}?name=a&version=b`);
    expect(JSON.parse(unknown.body).error).toMatchObject({
      code: "BAD_REQUEST",
      message: expect.stringContaining("version"),
    });
    expect((await raw("POST", `${PATH}?name=a`)).status).toBe(400);
  });

  it.each([
    ["x-efs-metadata", "{", "BAD_REQUEST"],
    ["x-efs-metadata", "[]", "BAD_REQUEST"],
    ["x-efs-metadata", '{"a":1}', "BAD_REQUEST"],
    ["x-efs-metadata", `{"a":"${"x".repeat(2049)}"}`, "BAD_REQUEST"],
    ["content-encoding", "gzip", "UNSUPPORTED"],
    ["if-none-match", '"x"', "UNSUPPORTED"],
  ])("is refused with a bad header (%#: %s)", async (header, value, code) => {
    const answer = await raw("PUT", `${PATH}?name=refused`, { [header]: value, "content-length": "1" }, "x");
    expect(JSON.parse(answer.body).error.code).toBe(code);
    await expect(admin.client.showObject(BUCKET, "refused")).rejects.toMatchObject({
      code: "OBJECT_NOT_FOUND",
    });
  });
});
