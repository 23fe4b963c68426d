/** S3 services through the admin API: made with EdgeFS's keys, serving one tenant, added in one go. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AddService } from "../../../src/api/service.ts";
import { startAdmin, type TestAdmin, withBucket } from "../../support/admin.ts";

let admin: TestAdmin;
beforeEach(async () => {
  admin = await withBucket(await startAdmin());
});
afterEach(() => admin.close());

const code = (expected: string, named = "") =>
  expect.objectContaining({ code: expected, message: expect.stringContaining(named) });

describe("an S3 service", () => {
  it("is created with EdgeFS's keys in its order, and wants signatures", async () => {
    const made = await admin.client.createService({ type: "s3", name: "s3-cola" });
    expect(Object.entries(made.settings).map(([key, value]) => `${key}: ${value}`)).toEqual([
      "X-Service-Name: s3-cola",
      "X-Service-Type: s3",
      "X-Description: S3 Object",
      "X-Region: -",
      "X-Servers: -",
      "X-Auth-Type: key_secret",
      "X-Need-MD5: true",
      "X-ACL-On: false",
      "X-List-Max-Size: 1000",
      "X-List-Cache: true",
      "X-List-All-Buckets: true",
      "X-HTTP-Port: 9982",
      "X-HTTPS-Port: 9443",
      "X-HTTPS-Key: -",
      "X-HTTPS-Cert: -",
      "X-Ciphers: -",
      "X-Default-Tenant: -",
      "X-Default-Owner: -",
      "X-Trust-Proxy: true",
      "X-Access-Log: false",
      "X-Number-Of-Versions: 1",
      "X-Status: disabled",
    ]);
    const s3s = await admin.client.createService({ type: "s3s", name: "hosts" });
    expect(s3s.settings).toMatchObject({
      "X-Description": "S3 Object DNS bucket style",
      "X-HTTP-Port": "9983",
      "X-HTTPS-Port": "9444",
      "X-Domain": "example.com",
    });
  });

  it("serves one tenant that is there, and no bucket", async () => {
    const { client } = admin;
    await client.createService({ type: "s3", name: "s" });
    await expect(client.serve("s", "Hawaii/Cola/bk1")).rejects.toEqual(code("BAD_VALUE", "CLUSTER/TENANT"));
    await expect(client.serve("s", "Hawaii/None")).rejects.toEqual(code("TENANT_NOT_FOUND"));
    expect((await client.serve("s", "Hawaii/Cola")).served).toEqual(["Hawaii/Cola"]);
    await client.createTenant("Hawaii", { name: "Pepsi" });
    await expect(client.serve("s", "Hawaii/Pepsi")).rejects.toEqual(
      code("ALREADY_SERVED", "can't serve more than one tenant"),
    );
    expect((await client.unserve("s", "Hawaii/Cola")).served).toEqual([]);
  });

  it("is enabled without an auth key of links", async () => {
    const { client } = admin;
    await client.createService({ type: "s3", name: "s" });
    await client.serve("s", "Hawaii/Cola");
    expect((await client.enableService("s")).isEnabled).toBe(true);
    await expect(client.deleteTenant("Hawaii/Cola")).rejects.toBeDefined();
  });

  it.each([
    ["X-HTTP-Port", "70000"],
    ["X-Access-Log", "maybe"],
    ["X-List-Max-Size", "0"],
    ["X-Listen", "a b"],
  ])("refuses %s %s when it is set", async (key, value) => {
    await admin.client.createService({ type: "s3", name: "s" });
    await expect(admin.client.configureService("s", { settings: { [key]: value } })).rejects.toEqual(
      code("BAD_VALUE", key),
    );
  });

  it("takes addresses in both families for X-Listen", async () => {
    await admin.client.createService({ type: "s3", name: "s" });
    for (const host of ["::1", "127.0.0.1", "localhost"]) {
      const { settings } = await admin.client.configureService("s", { settings: { "X-Listen": host } });
      expect(settings["X-Listen"]).toBe(host);
    }
  });

  const S3: AddService = { name: "s", type: "s3", serve: ["Hawaii/Cola"], host: "127.0.0.1", port: 19_999 };

  it("is added in one go, enabled", async () => {
    const made = await admin.client.addService(S3);
    expect(made).toMatchObject({ isEnabled: true, served: ["Hawaii/Cola"] });
    expect(made.settings).toMatchObject({ "X-Listen": "127.0.0.1", "X-HTTP-Port": "19999" });
    const hosts = { name: "h", type: "s3s", serve: ["Hawaii/Cola"], domain: "s3.example.com" } as const;
    expect((await admin.client.addService(hosts)).settings["X-Domain"]).toBe("s3.example.com");
  });

  it.each([
    [{ serve: [] }, "SERVICE_INCOMPLETE", "--serve"],
    [{ serve: ["Hawaii/Cola/bk1"] }, "BAD_VALUE", "CLUSTER/TENANT"],
    [{ serve: ["Hawaii/None"] }, "TENANT_NOT_FOUND", "None"],
    [{ remote: "ccow://a:1" }, "SERVICE_INCOMPLETE", "--remote"],
    [{ authKey: "x" }, "SERVICE_INCOMPLETE", "--auth-key-file"],
    [{ type: "isgw", direction: "send" }, "SERVICE_INCOMPLETE", "--port"],
  ])("is not made of %j: %s", async (change, expected, named) => {
    await expect(admin.client.addService({ ...S3, ...change } as AddService)).rejects.toEqual(
      code(expected, named),
    );
    expect(await admin.client.listServices()).toEqual([]);
  });
});
