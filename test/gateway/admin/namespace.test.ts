/** Clusters, tenants and buckets through the admin API. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startAdmin, type TestAdmin } from "../../support/admin.ts";
import { rawRequest } from "../../support/raw-http.ts";

let admin: TestAdmin;
beforeAll(async () => {
  admin = await startAdmin();
});
afterAll(() => admin.close());

async function post(target: string, body: unknown) {
  const text = JSON.stringify(body);
  const headers = { "content-length": String(Buffer.byteLength(text)) };
  const answer = await rawRequest(admin.socket, { method: "POST", target, headers, body: text });
  return { status: answer.status, ...JSON.parse(answer.body) };
}

describe("the namespace", () => {
  it("is made from the top, shown, listed in pages, and taken down from the bottom", async () => {
    const { client } = admin;
    await expect(client.createTenant("Hawaii", { name: "Cola" })).rejects.toMatchObject({
      code: "CLUSTER_NOT_FOUND",
    });
    expect(await client.createCluster({ name: "Hawaii", custom: { "X-Owner": "me" } })).toMatchObject({
      name: "Hawaii",
      custom: { "X-Owner": "me" },
      created: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    await expect(client.createCluster({ name: "Hawaii" })).rejects.toMatchObject({ code: "CLUSTER_EXISTS" });
    await client.createTenant("Hawaii", { name: "Cola" });
    const bucket = await client.createBucket("Hawaii/Cola", {
      name: "bk1",
      chunkBytes: 65536,
      versionsKept: 3,
    });
    expect(bucket).toMatchObject({
      objectCount: 0,
      sizeBytes: 0,
      chunking: "fixed",
      chunkBytes: 65536,
      versionsKept: 3,
    });
    for (const name of ["a", "b", "c"]) await client.createBucket("Hawaii/Cola", { name });
    const first = await client.listBuckets("Hawaii/Cola", { limit: 3 });
    expect([first.items.map((item) => item.name), first.next]).toEqual([["a", "b", "bk1"], "bk1"]);
    const rest = await client.listBuckets("Hawaii/Cola", { after: first.next ?? "" });
    expect([rest.items.map((item) => item.name), rest.next]).toEqual([["c"], null]);
    expect((await client.listBuckets("Hawaii/Cola", { prefix: "bk" })).items.length).toBe(1);
    await expect(client.deleteCluster("Hawaii")).rejects.toMatchObject({ code: "NOT_EMPTY" });
    for (const name of ["a", "b", "c", "bk1"]) await client.deleteBucket(`Hawaii/Cola/${name}`);
    await client.deleteTenant("Hawaii/Cola");
    await client.deleteCluster("Hawaii");
    expect((await client.listClusters()).items).toEqual([]);
  });

  it("changes what a bucket allows, and says what it allows", async () => {
    const { client } = admin;
    await client.createCluster({ name: "Opts" });
    await client.createTenant("Opts", { name: "t" });
    const retention = { mode: "governance", days: 7 } as const;
    expect(
      await client.createBucket("Opts/t", { name: "b", objectLock: { retention }, quotaObjects: 5 }),
    ).toMatchObject({ versioning: "enabled", objectLock: { retention }, quotaObjects: 5, quotaBytes: null });
    const changed = await client.updateBucket("Opts/t/b", { quotaBytes: 1000, quotaObjects: null });
    expect(changed).toMatchObject({ versioning: "enabled", quotaBytes: 1000, quotaObjects: null });
    expect(await client.showBucket("Opts/t/b")).toEqual(changed);
    expect(changed.encryption).toBe("none");
    expect((await client.updateBucket("Opts/t/b", { encryption: "aes256" })).encryption).toBe("aes256");
    for (const [request, code] of [
      [{ versioning: "suspended" }, "CONFLICT"],
      [{ versioning: "on" }, "BAD_REQUEST"],
      [{ encryption: "des" }, "BAD_REQUEST"],
      [{ quotaBytes: -1 }, "BAD_REQUEST"],
      [{ chunkBytes: 65536 }, "BAD_REQUEST"],
      [{ objectLock: { retention: { mode: "governance", days: 40_000 } } }, "BAD_VALUE"],
    ] as const) {
      await expect(client.updateBucket("Opts/t/b", request as never)).rejects.toMatchObject({ code });
    }
    await expect(client.updateBucket("Opts/t/none", {})).rejects.toMatchObject({ code: "BUCKET_NOT_FOUND" });
    await client.deleteBucket("Opts/t/b");
    await client.deleteTenant("Opts/t");
    await client.deleteCluster("Opts");
  });

  it("takes names that only look dangerous", async () => {
    const { client } = admin;
    const names = [
      "%2e%2e",
      "%",
      "a%2Fb",
      "...",
      "*",
      ":cluster",
      "tenants",
      "object",
      "__proto__",
      "constructor",
      "a?b",
      "a#b",
      "a+b",
      "a&b=c",
      "-rf",
      "\\",
      "é",
      "e\u0301",
      "😀",
      "\u202egnp",
      "x".repeat(255),
      "😀".repeat(63),
    ];
    for (const name of names) {
      await client.createCluster({ name });
      await client.createTenant(name, { name });
      await client.createBucket(`${name}/${name}`, { name });
      await client.putObject(`${name}/${name}/${name}`, name, Buffer.from(name));
      expect((await client.showObject(`${name}/${name}/${name}`, name)).name).toBe(name);
      expect((await client.showBucket(`${name}/${name}/${name}`)).objectCount).toBe(1);
    }
    expect((await client.listClusters()).items.map((item) => item.name).sort()).toEqual([...names].sort());
  });

  it.each(["", ".", "..", "a/b", "a b", "\n", "\0", "\u0085", "x".repeat(256), "😀".repeat(64), "\ud800"])(
    "refuses names that break the rules (%#)",
    async (name) => {
      expect(await post("/clusters", { name })).toMatchObject({ status: 400, error: { code: "BAD_NAME" } });
    },
  );

  it.each([
    [{ name: "x", colour: "red" }, "colour"],
    [{ name: 7 }, "name"],
    [{}, "name"],
    [[], "expected object"],
    [null, "expected object"],
    [{ name: "x", custom: { Owner: "me" } }, "custom"],
    [{ name: "x", custom: { "X-A": 1 } }, "custom.X-A"],
    [
      { name: "x", custom: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`X-${i}`, ""])) },
      "at most 64",
    ],
  ])("refuses a body that does not fit, and names the field: %j", async (body, named) => {
    const answer = await post("/clusters", body);
    expect(answer).toMatchObject({ status: 400, error: { code: "BAD_REQUEST", kind: "usage" } });
    expect(answer.error.message).toContain(named);
  });

  it("refuses options of a bucket that are out of range", async () => {
    await admin.client.createCluster({ name: "o" });
    await admin.client.createTenant("o", { name: "t" });
    for (const [options, code] of [
      [{ chunkBytes: 1000 }, "BAD_VALUE"],
      [{ chunkBytes: 2 ** 30 }, "BAD_VALUE"],
      [{ chunkBytes: 1.5 }, "BAD_REQUEST"],
      [{ versionsKept: 1001 }, "BAD_VALUE"],
      [{ versionsKept: 0 }, "BAD_REQUEST"],
    ] as const) {
      await expect(admin.client.createBucket("o/t", { name: "b", ...options })).rejects.toMatchObject({
        code,
      });
    }
  });

  it("takes EdgeFS's word for a bucket's name, and one name only", async () => {
    const target = "/clusters/o/tenants/t/buckets";
    expect(await post(target, { bucketName: "edge" })).toMatchObject({
      status: 201,
      response: { name: "edge" },
    });
    expect(await post(target, { bucketName: "a", name: "b" })).toMatchObject({
      error: { code: "BAD_REQUEST" },
    });
  });

  it("refuses pages out of range, unknown parameters and routes that are not there", async () => {
    const get = async (target: string) => {
      const answer = await rawRequest(admin.socket, { method: "GET", target });
      return [answer.status, JSON.parse(answer.body).error?.code];
    };
    for (const target of [
      "/clusters?limit=0",
      "/clusters?limit=10001",
      "/clusters?limit=1e3",
      "/clusters?limit=",
      "/clusters?page=2",
      "/clusters?prefix=%FF",
    ]) {
      expect([target, ...(await get(target))]).toEqual([target, 400, "BAD_REQUEST"]);
    }
    for (const target of [
      "/",
      "/cluster",
      "//clusters",
      "/clusters/o/tenants/t/buckets/b/",
      "/v2/swagger.json",
    ]) {
      expect([target, ...(await get(target))]).toEqual([target, 404, "NOT_FOUND"]);
    }
  });
});
