/** Services through the admin API: made, configured, serving, enabled, deleted; what is refused and how it is worded. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AddIsgw } from "../../../src/api/service.ts";
import { EfsError } from "../../../src/base/errors.ts";
import { startAdmin, type TestAdmin, withBucket } from "../../support/admin.ts";
import { rawRequest } from "../../support/raw-http.ts";

let admin: TestAdmin;
beforeEach(async () => {
  admin = await withBucket(await startAdmin());
});
afterEach(() => admin.close());

const SENDER: AddIsgw = {
  name: "hawaii",
  type: "isgw",
  direction: "send",
  remote: "ccow://10.100.194.238:14000",
  authKey: "test123",
  serve: ["Hawaii/Cola/bk1"],
};

const code = (expected: string, named = "") =>
  expect.objectContaining({ code: expected, message: expect.stringContaining(named) });

describe("a service", () => {
  it("is created with EdgeFS's keys and start values, in its order", async () => {
    const made = await admin.client.createService({ type: "isgw", name: "hawaii" });
    expect(made).toMatchObject({ name: "hawaii", type: "isgw", isEnabled: false, served: [] });
    expect(Object.entries(made.settings)).toEqual([
      ["X-Service-Name", "hawaii"],
      ["X-Service-Type", "isgw"],
      ["X-Servers", "-"],
      ["X-Auth-Type", "disabled"],
      ["X-Description", "Inter Segment Gateway"],
      ["X-ISGW-Local", "-"],
      ["X-ISGW-DFLocal", "-"],
      ["X-ISGW-Encrypted-Tunnel", "-"],
      ["X-Container-Network", "-"],
      ["X-ISGW-Basic-Auth", "-"],
      ["X-ISGW-Remote", "-"],
      ["X-ISGW-Direction", "-"],
      ["X-ISGW-Replication", "-"],
      ["X-ISGW-MDOnly", "-"],
      ["X-ISGW-Number-Of-Connections", "2"],
      ["X-Status", "disabled"],
    ]);
    await expect(admin.client.createService({ type: "isgw", name: "hawaii" })).rejects.toEqual(
      code("SERVICE_EXISTS"),
    );
    await expect(admin.client.createService({ type: "nfs", name: "n" })).rejects.toEqual(
      code("BAD_VALUE", "nfs"),
    );
    await expect(admin.client.createService({ type: "isgw", name: "a/b" })).rejects.toEqual(code("BAD_NAME"));
  });

  it("goes through the seed's session step by step", async () => {
    const { client } = admin;
    await client.createService({ type: "isgw", name: "hawaii" });
    const settings = {
      "X-ISGW-Remote": "ccow://10.100.194.238:14000",
      "X-ISGW-Direction": "send",
      "X-ISGW-Replication": "initial+continuous",
      "X-ISGW-Basic-Auth": "test123",
      "X-My-Note": "mine",
    };
    const configured = await client.configureService("hawaii", { settings });
    expect(Object.entries(configured.settings)).toEqual(
      expect.arrayContaining([
        ["X-ISGW-Direction", "1"],
        ["X-ISGW-Replication", "3"],
        ["X-ISGW-Basic-Auth", "(set)"],
        ["X-My-Note", "mine"],
      ]),
    );
    // In the seed's order: enabled first, its bucket chosen last.
    expect((await client.enableService("hawaii")).isEnabled).toBe(true);
    expect((await client.enableService("hawaii")).isEnabled).toBe(true);
    expect((await client.serve("hawaii", "Hawaii/Cola/bk1")).served).toEqual(["Hawaii/Cola/bk1"]);
    expect(await client.serviceStatus("hawaii")).toMatchObject({ link: { state: "starting" } });
    expect((await client.systemStatus()).services).toEqual([
      { name: "hawaii", type: "isgw", isEnabled: true, state: "starting" },
    ]);
    await expect(client.deleteService("hawaii")).rejects.toMatchObject({
      code: "IN_USE",
      hint: "first: efscli service disable hawaii",
    });
    await client.disableService("hawaii");
    await client.deleteService("hawaii");
    await expect(client.showService("hawaii")).rejects.toEqual(code("SERVICE_NOT_FOUND"));
    expect(admin.runtime.changes).toEqual(["hawaii", "hawaii", "hawaii", "hawaii", "hawaii"]);
  });

  it("is not enabled without an auth key when its link leaves the machine, and cannot lose the key then", async () => {
    const { client } = admin;
    const set = (settings: Record<string, string | null>) => client.configureService("s", { settings });
    const refused = code("SERVICE_INCOMPLETE", "auth key");
    await client.createService({ type: "isgw", name: "s" });
    await set({ "X-ISGW-Direction": "receive" });
    await expect(client.enableService("s")).rejects.toEqual(refused);
    await set({ "X-ISGW-Local": "0.0.0.0:14000" });
    await expect(client.enableService("s")).rejects.toEqual(refused);
    await set({ "X-ISGW-Local": "127.0.0.1:14000" });
    expect((await client.enableService("s")).isEnabled).toBe(true);
    await expect(set({ "X-ISGW-Local": "0.0.0.0:14000" })).rejects.toEqual(refused);
    await set({ "X-ISGW-Local": "0.0.0.0:14000", "X-ISGW-Basic-Auth": "test123" });
    await expect(set({ "X-ISGW-Basic-Auth": null })).rejects.toEqual(refused);
  });

  it("keeps its print order when a key changes, and a key can be unset", async () => {
    const { client } = admin;
    const made = await client.createService({ type: "isgw", name: "s" });
    const set = await client.configureService("s", { settings: { "X-Servers": "a,b" } });
    expect(Object.keys(set.settings)).toEqual(Object.keys(made.settings));
    const unset = await client.configureService("s", { settings: { "X-Servers": null } });
    expect(unset.settings).toEqual(made.settings);
  });

  it("takes EdgeFS's body of config as well", async () => {
    await admin.client.createService({ type: "isgw", name: "s" });
    const body = JSON.stringify({ param: "X-ISGW-Local", value: "0.0.0.0:14000" });
    const answer = await rawRequest(admin.socket, {
      method: "PUT",
      target: "/service/s/config",
      headers: { "content-length": String(body.length) },
      body,
    });
    expect(JSON.parse(answer.body).response.settings).toMatchObject({ "X-ISGW-Local": "0.0.0.0:14000" });
  });

  it("never shows its secret, in answers or errors", async () => {
    const { client } = admin;
    await client.createService({ type: "isgw", name: "s" });
    await client.configureService("s", { settings: { "X-ISGW-Basic-Auth": "s3cr3tkey" } });
    const told = JSON.stringify([
      await client.showService("s"),
      await client.listServices(),
      await client.serviceStatus("s"),
      await client
        .configureService("s", { settings: { "X-ISGW-Basic-Auth": "s3cr3t:key" } })
        .catch((error) => [error.message, error.hint, error.details]),
    ]);
    expect(told).not.toContain("s3cr3t");
    expect(told).not.toContain(Buffer.from("s3cr3tkey:s3cr3tkey").toString("base64"));
    expect(told).toContain("(set)");
  });

  it("serves what is there, once, without options", async () => {
    const { client } = admin;
    await client.createService({ type: "isgw", name: "s" });
    await client.configureService("s", { settings: { "X-ISGW-Direction": "1" } });
    await expect(client.serve("s", "Hawaii/Cola/none")).rejects.toMatchObject({
      code: "BUCKET_NOT_FOUND",
      hint: expect.stringContaining("efscli bucket create Hawaii/Cola/none"),
    });
    await expect(client.serve("s", "Hawaii/None")).rejects.toEqual(code("TENANT_NOT_FOUND"));
    await expect(client.serve("s", "Hawaii")).rejects.toEqual(code("BAD_NAME"));
    await expect(client.serve("s", "Hawaii/Cola/bk1,pause")).rejects.toEqual(code("UNSUPPORTED"));
    await client.serve("s", "Hawaii/Cola/bk1");
    await expect(client.serve("s", "Hawaii/Cola/bk1")).rejects.toEqual(code("ALREADY_SERVED"));
    await expect(client.serve("s", "Hawaii/Cola")).rejects.toEqual(
      code("ALREADY_SERVED", "through Hawaii/Cola/bk1"),
    );
    await expect(client.unserve("s", "Hawaii/Cola/bk2")).rejects.toEqual(code("NOT_SERVED"));
    expect((await client.unserve("s", "Hawaii/Cola/bk1")).served).toEqual([]);
  });

  it("may serve what is not there yet, when it receives", async () => {
    const { client } = admin;
    await client.createService({ type: "isgw", name: "r" });
    await client.configureService("r", { settings: { "X-ISGW-Direction": "receive" } });
    expect((await client.serve("r", "Else/Where")).served).toEqual(["Else/Where"]);
  });

  it("keeps settings that it could be enabled with", async () => {
    const { client } = admin;
    await client.addService(SENDER);
    admin.runtime.refusal = new EfsError("SERVICE_INCOMPLETE", "X-ISGW-Remote is missing");
    await expect(client.configureService("hawaii", { settings: { "X-ISGW-Remote": null } })).rejects.toEqual(
      code("SERVICE_INCOMPLETE"),
    );
    admin.runtime.refusal = undefined;
    expect((await client.showService("hawaii")).settings).toMatchObject({ "X-ISGW-Remote": SENDER.remote });
  });

  it("loses no change when many are made at once", async () => {
    const { client } = admin;
    await client.createService({ type: "isgw", name: "r" });
    const keys = Array.from({ length: 6 }, (_, index) => `X-Key-${index}`);
    await Promise.all(keys.map((key) => client.configureService("r", { settings: { [key]: "1" } })));
    const shown = new Map(Object.entries((await client.showService("r")).settings));
    expect(keys.map((key) => shown.get(key))).toEqual(keys.map(() => "1"));
  });
});

describe("service add", () => {
  it("makes the seed's service in one go, with its lines in its order", async () => {
    const made = await admin.client.addService(SENDER);
    expect(made).toMatchObject({ isEnabled: true, served: ["Hawaii/Cola/bk1"] });
    expect(Object.entries(made.settings)).toEqual([
      ["X-Service-Name", "hawaii"],
      ["X-Service-Type", "isgw"],
      ["X-Service-Worker", "isgwserv"],
      ["X-Servers", "-"],
      ["X-Auth-Type", "disabled"],
      ["X-Description", "Inter Segment Gateway"],
      ["X-ISGW-Local", "-"],
      ["X-ISGW-DFLocal", "-"],
      ["X-ISGW-Encrypted-Tunnel", "-"],
      ["X-Container-Network", "-"],
      ["X-ISGW-Basic-Auth", "(set)"],
      ["X-ISGW-Remote", "ccow://10.100.194.238:14000"],
      ["X-ISGW-Role", "1"],
      ["X-ISGW-Direction", "1"],
      ["X-ISGW-Replication", "3"],
      ["X-ISGW-Force", "1"],
      ["X-ISGW-MDOnly", "0"],
      ["X-Status", "enabled"],
    ]);
    const [stored] = await admin.segment.services.list();
    expect(stored?.settings).toContainEqual(["X-ISGW-Basic-Auth", "dGVzdDEyMzp0ZXN0MTIz"]);
    expect(admin.runtime.changes).toEqual(["hawaii"]);
  });

  it("takes a receiver with an interval-less set of flags of its own", async () => {
    const made = await admin.client.addService({
      name: "hawaii-r",
      type: "isgw",
      direction: "receive",
      listen: "0.0.0.0:14000",
      authKey: "test123",
      serve: ["Hawaii/Cola", "Fiji/Bubble"],
    });
    expect(made.settings).toMatchObject({ "X-ISGW-Direction": "2" });
    expect(made.settings).toMatchObject({ "X-ISGW-Replication": "-" });
  });

  it.each([
    [{ remote: undefined }, "SERVICE_INCOMPLETE", "--remote"],
    [{ listen: "0.0.0.0:1" }, "SERVICE_INCOMPLETE", "--listen does not fit"],
    [{ direction: "receive" }, "SERVICE_INCOMPLETE", "--listen HOST:PORT is missing"],
    [{ direction: "receive", listen: "a:1" }, "SERVICE_INCOMPLETE", "--remote does not fit"],
    [
      { direction: "receive", listen: "a:1", remote: undefined, replication: "initial" },
      "SERVICE_INCOMPLETE",
      "--replication does not fit",
    ],
    [
      { direction: "receive", listen: "a:1", remote: undefined, intervalMs: 1000 },
      "SERVICE_INCOMPLETE",
      "--interval does not fit",
    ],
    [{ direction: undefined }, "SERVICE_INCOMPLETE", "--direction"],
    [{ serve: [] }, "SERVICE_INCOMPLETE", "--serve"],
    [{ authKey: undefined }, "SERVICE_INCOMPLETE", "--auth-key-file"],
    [{ direction: "both" }, "BAD_VALUE", "X-ISGW-Direction"],
    [{ direction: "send+receive" }, "UNSUPPORTED", "both directions"],
    [{ remote: "file:///srv" }, "UNSUPPORTED", "file://"],
    [{ replication: "sometimes" }, "BAD_VALUE", "X-ISGW-Replication"],
    [{ intervalMs: 10 }, "BAD_VALUE", "X-ISGW-Interval"],
    [{ authKey: "a:b" }, "BAD_VALUE", "auth key"],
    [{ serve: ["Hawaii/Cola/none"] }, "BUCKET_NOT_FOUND", "none"],
    [{ serve: ["Hawaii/Cola", "Hawaii/Cola/bk1"] }, "ALREADY_SERVED", "Hawaii/Cola/bk1"],
    [{ serve: ["Hawaii"] }, "BAD_NAME", "Hawaii"],
    [{ name: "../x" }, "BAD_NAME", "service"],
    [{ type: "nfs" }, "BAD_VALUE", "nfs"],
    [{ colour: "red" }, "BAD_REQUEST", "colour"],
  ])("refuses %j with %s and makes nothing", async (change, expected, named) => {
    const request = { ...SENDER, ...change } as AddIsgw;
    await expect(admin.client.addService(request)).rejects.toEqual(code(expected, named));
    expect(await admin.client.listServices()).toEqual([]);
    expect(admin.runtime.changes).toEqual([]);
  });

  it("names every wrong flag at once, and says what a whole command looks like", async () => {
    const request = { name: "x", type: "isgw", direction: "send", listen: "a:1", serve: [] } as AddIsgw;
    await expect(admin.client.addService(request)).rejects.toMatchObject({
      message: expect.stringMatching(/--remote.*--listen.*--serve/),
      hint: expect.stringContaining("efscli service add isgw NAME"),
    });
  });

  it("may lack an auth key only on a link within this machine", async () => {
    const made = await admin.client.addService({
      ...SENDER,
      remote: "ccow://127.0.0.1:14000",
      authKey: undefined,
    });
    expect(made.settings).toMatchObject({ "X-ISGW-Basic-Auth": "-" });
  });
});
