/** Who gets in: the socket's mode, tokens on TCP, TLS beyond loopback; and closing. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../../src/api/client.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLog } from "../../../src/base/log.ts";
import { openAdminServer } from "../../../src/gateway/admin/server.ts";
import { startAdmin, type TestAdmin, withBucket } from "../../support/admin.ts";
import { exchange, parseAnswers } from "../../support/raw-http.ts";
import { until } from "../../support/until.ts";

let admin: TestAdmin;
beforeEach(async () => {
  admin = await withBucket(await startAdmin());
});
afterEach(() => admin.close());

function another(segment = admin.segment): ReturnType<typeof openAdminServer> {
  const daemon = { version: "0", dataDirectory: admin.directory, pid: 1, startedMs: 0 };
  const { runtime } = admin;
  return openAdminServer({ segment, services: runtime, daemon, clock: systemClock, log: silentLog });
}

describe("the Unix socket", () => {
  it("can be opened by its owner alone", () => {
    expect(statSync(admin.socket).mode & 0o777).toBe(0o600);
  });

  it("replaces what a dead daemon left, but nothing else", async () => {
    const socket = path.join(admin.directory, "other.sock");
    const script = `require("net").createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 9))`;
    spawnSync(process.execPath, ["-e", script]);
    expect(statSync(socket).isSocket()).toBe(true);
    const server = await another();
    await server.listenUnix(socket);
    const client = connect({ endpoint: `unix:${socket}` });
    expect((await client.systemStatus()).restWorker).toBe("ok");
    await client.close();
    await server.close(0);
    expect(existsSync(socket)).toBe(false);
  });

  it("refuses a path that is too long, or taken by a file", async () => {
    const server = await another();
    const long = path.join(admin.directory, "x".repeat(120));
    await expect(server.listenUnix(long)).rejects.toMatchObject({ code: "BAD_CONFIG" });
    const file = path.join(admin.directory, "file");
    writeFileSync(file, "precious");
    await expect(server.listenUnix(file)).rejects.toMatchObject({ code: "NOT_EMPTY" });
    expect(readFileSync(file, "utf8")).toBe("precious");
    await server.close(0);
  });
});

describe("TCP", () => {
  it("wants a token, tells who has none or a wrong one, and forgets a revoked one", async () => {
    const address = await admin.server.listenTcp({ host: "127.0.0.1", port: 0 });
    const endpoint = `http://127.0.0.1:${address.port}`;
    const { token } = await admin.client.createToken("laptop");
    const ask = async (given: string | undefined) => {
      const client = connect({ endpoint, token: given });
      try {
        await client.putObject("Hawaii/Cola/bk1", "a", new Uint8Array(3));
        return (await client.systemStatus()).restWorker;
      } catch (error) {
        return (error as { code: string }).code;
      } finally {
        await client.close();
      }
    };
    expect(await ask(undefined)).toBe("TOKEN_MISSING");
    expect(await ask("wrong")).toBe("TOKEN_WRONG");
    expect(await ask("x".repeat(5000))).toBe("TOKEN_WRONG");
    expect(await ask(token)).toBe("ok");
    expect(await admin.client.listTokens()).toMatchObject([{ name: "laptop" }]);
    expect(JSON.stringify(await admin.client.listTokens())).not.toContain(token);
    await admin.client.revokeToken("laptop");
    expect(await ask(token)).toBe("TOKEN_WRONG");
    await expect(admin.client.revokeToken("laptop")).rejects.toMatchObject({ code: "TOKEN_NOT_FOUND" });
  });

  it("is refused beyond loopback without TLS, and on a port that is taken", async () => {
    await expect(admin.server.listenTcp({ host: "0.0.0.0", port: 0 })).rejects.toMatchObject({
      code: "BAD_CONFIG",
      hint: expect.stringContaining("tls-certificate"),
    });
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    await expect(admin.server.listenTcp({ host: "127.0.0.1", port })).rejects.toMatchObject({ code: "BUSY" });
    taken.close();
  });
});

describe("closing", () => {
  it("lets a request under way end, and closes idle connections", async () => {
    let isPutting = false;
    const { objects } = admin.segment;
    const watched: typeof objects.put = (...given) => {
      isPutting = true;
      return objects.put(...given);
    };
    const server = await another({ ...admin.segment, objects: { ...objects, put: watched } });
    const socket = path.join(admin.directory, "b.sock");
    await server.listenUnix(socket);
    const client = connect({ endpoint: `unix:${socket}` });
    let finish = () => {};
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    async function* body() {
      yield new Uint8Array(500);
      yield new Uint8Array(500);
      await gate;
      yield new Uint8Array(1);
    }
    const put = client.putObject("Hawaii/Cola/bk1", "slow", body());
    await until(() => isPutting);
    const idle = exchange(socket, []);
    const closed = server.close(5000);
    finish();
    expect((await put).sizeBytes).toBe(1001);
    await closed;
    expect(await idle).toBe("");
    await expect(client.systemStatus()).rejects.toMatchObject({ code: "CONNECT_REFUSED" });
    await client.close();
  });

  it("cuts what takes longer than it may", async () => {
    const server = await another();
    const socket = path.join(admin.directory, "c.sock");
    await server.listenUnix(socket);
    const head =
      "PUT /clusters/Hawaii/tenants/Cola/buckets/bk1/object?name=never HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n123";
    const answer = exchange(socket, [head]);
    await until(
      async () =>
        parseAnswers(
          await exchange(socket, ["GET /clusters HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"]),
        ).length === 1,
    );
    await server.close(20);
    expect(await answer).toBe("");
    const [version] = await admin.client.showObjects("Hawaii/Cola/bk1", ["never"]);
    expect(version).toBeNull();
  });
});
