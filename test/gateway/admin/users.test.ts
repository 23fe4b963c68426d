/** Users through the admin API: secrets in the answers that made them, and nowhere else. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Log, silentLog } from "../../../src/base/log.ts";
import { startAdmin, type TestAdmin } from "../../support/admin.ts";
import { rawRequest } from "../../support/raw-http.ts";

const TENANT = "Hawaii/Cola";
const PASSWORD = "correct horse battery";
const said: unknown[] = [];
const note = (...given: unknown[]) => void said.push(given);
const log: Log = { ...silentLog, debug: note, info: note, warn: note, error: note };

let admin: TestAdmin;
beforeAll(async () => {
  admin = await startAdmin({ log });
  await admin.client.createCluster({ name: "Hawaii" });
  await admin.client.createTenant("Hawaii", { name: "Cola" });
});
afterAll(() => admin.close());

async function ask(method: string, target: string, body?: unknown) {
  const text = body === undefined ? "" : JSON.stringify(body);
  const headers = { "content-length": String(Buffer.byteLength(text)) };
  const answer = await rawRequest(admin.socket, { method, target, headers, body: text });
  return { status: answer.status, text: answer.body, json: JSON.parse(answer.body) };
}

describe("users", () => {
  it("are made with a secret that only this answer and a rotation's have", async () => {
    const { client } = admin;
    const made = await client.createUser(TENANT, { name: "kai", isAdmin: true, password: PASSWORD });
    expect(made).toMatchObject({
      name: "kai",
      isAdmin: true,
      isEnabled: true,
      hasPassword: true,
      created: expect.stringMatching(/^\d{4}-.*Z$/),
      accessKey: expect.stringMatching(/^[A-Z2-7]{20}$/),
      secretKey: expect.stringMatching(/^[A-Za-z0-9]{40}$/),
    });
    const rotated = await client.rotateKey(TENANT, "kai");
    expect(rotated.keys.map((key) => key.accessKey)).toEqual([rotated.accessKey, made.accessKey]);
    const target = "/clusters/Hawaii/tenants/Cola/users";
    for (const [method, path, body] of [
      ["GET", target],
      ["GET", `${target}/kai`],
      ["POST", `${target}/kai/disable`],
      ["POST", `${target}/kai/enable`],
      ["POST", `${target}/kai/finish-rotation`],
      ["PUT", `${target}/kai/password`, { password: `${PASSWORD}!` }],
      ["POST", target, { name: "kai" }],
    ] as const) {
      const { text } = await ask(method, path, body);
      for (const secret of [made.secretKey, rotated.secretKey, PASSWORD]) expect(text).not.toContain(secret);
    }
    expect(
      await admin.segment.users.verifyPassword(
        { cluster: "Hawaii", tenant: "Cola" } as never,
        "kai",
        `${PASSWORD}!`,
      ),
    ).toBe(true);
    expect((await client.showUser(TENANT, "kai")).keys).toHaveLength(1);
    expect(JSON.stringify(said)).not.toContain(made.secretKey);
  });

  it("are listed in pages, disabled, enabled and deleted", async () => {
    const { client } = admin;
    for (const name of ["a", "b", "c"]) await client.createUser(TENANT, { name });
    const first = await client.listUsers(TENANT, { limit: 2 });
    expect([first.items.map((user) => user.name), first.next]).toEqual([["a", "b"], "b"]);
    expect((await client.listUsers(TENANT, { prefix: "c" })).items).toHaveLength(1);
    expect((await client.disableUser(TENANT, "a")).isEnabled).toBe(false);
    expect((await client.enableUser(TENANT, "a")).isEnabled).toBe(true);
    await client.deleteUser(TENANT, "a");
    await expect(client.showUser(TENANT, "a")).rejects.toMatchObject({ code: "USER_NOT_FOUND" });
    await expect(client.deleteTenant(TENANT)).rejects.toMatchObject({ code: "NOT_EMPTY" });
  });

  it("take a key from elsewhere, whole, once", async () => {
    const { client } = admin;
    const key = { accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
    expect(await client.createUser(TENANT, { name: "imported", ...key })).toMatchObject(key);
    await expect(client.createUser(TENANT, { name: "other", ...key })).rejects.toMatchObject({
      code: "ACCESS_KEY_EXISTS",
    });
    await expect(client.rotateKey(TENANT, "imported", { accessKey: "HALF" })).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
    const secretKey = "sixteen or more but with spaces";
    const failed = await ask("POST", "/clusters/Hawaii/tenants/Cola/users", {
      name: "x",
      accessKey: "GOOD",
      secretKey,
    });
    expect(failed).toMatchObject({ status: 400, json: { error: { code: "BAD_VALUE" } } });
    expect(failed.text).not.toContain(secretKey);
  });

  it("are refused with fields that do not fit", async () => {
    const target = "/clusters/Hawaii/tenants/Cola/users";
    for (const body of [{}, { name: 1 }, { name: "x", isAdmin: "yes" }, { name: "x", secret: "y" }, []]) {
      expect((await ask("POST", target, body)).json.error.code).toBe("BAD_REQUEST");
    }
    expect((await ask("POST", target, { name: "a b" })).json.error.code).toBe("BAD_NAME");
    expect((await ask("GET", `${target}/a%20b`)).json.error.code).toBe("BAD_NAME");
    expect((await ask("GET", `${target}/kai?x=1`)).json.error.code).toBe("BAD_REQUEST");
    expect((await ask("PUT", `${target}/kai/password`, { password: "short" })).json.error.code).toBe(
      "BAD_VALUE",
    );
    expect((await ask("GET", "/clusters/No/tenants/Where/users")).json.error.code).toBe("TENANT_NOT_FOUND");
  });
});
