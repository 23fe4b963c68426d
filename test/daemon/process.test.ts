/** Real efsd processes: starting, restarting, dying, and everything that keeps one from starting. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../src/api/client.ts";
import { listSegments } from "../../src/api/registry.ts";
import { bytesOf } from "../support/admin.ts";
import { runDaemon, startDaemon, type TestDaemon } from "../support/daemon.ts";
import { exchange } from "../support/raw-http.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../support/tls.ts";
import { until } from "../support/until.ts";

let top = "";
let data = "";
const running: TestDaemon[] = [];
beforeEach(() => {
  top = mkdtempSync(path.join(tmpdir(), "efsd-"));
  data = path.join(top, "data");
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((daemon) => daemon.kill()));
  rmSync(top, { recursive: true });
});

async function start(options: Partial<Parameters<typeof startDaemon>[0]> = {}): Promise<TestDaemon> {
  const daemon = await startDaemon({ dataDirectory: data, ...options });
  running.push(daemon);
  return daemon;
}

const registry = () => ({ runtimeDirectory: `${data}.run`, homeDirectory: "/nowhere" });

async function makeBucket(daemon: TestDaemon) {
  const client = connect({ endpoint: daemon.endpoint });
  await client.createCluster({ name: "c" });
  await client.createTenant("c", { name: "t" });
  await client.createBucket("c/t", { name: "b" });
  return client;
}

describe("efsd", () => {
  it("starts on nothing, keeps what it was given, and is the same segment after a restart", async () => {
    const first = await start({ name: "hawaii" });
    expect(statSync(data).mode & 0o777).toBe(0o700);
    expect(readdirSync(data).filter((name) => (statSync(path.join(data, name)).mode & 0o077) !== 0)).toEqual(
      [],
    );
    const client = await makeBucket(first);
    await client.putObject("c/t/b", "o", Buffer.from("kept"));
    const before = await client.systemStatus();
    expect(before).toMatchObject({ segmentName: "hawaii", pid: first.pid, dataDirectory: data });
    expect(await listSegments(registry())).toMatchObject([
      {
        pid: first.pid,
        name: "hawaii",
        guid: before.systemGuid,
        socket: first.ready.socket,
        dataDirectory: data,
      },
    ]);
    await client.close();
    expect(await first.stop()).toMatchObject({ code: 0 });
    expect([await listSegments(registry()), existsSync(String(first.ready.socket))]).toEqual([[], false]);

    const second = await start();
    const again = connect({ endpoint: second.endpoint });
    const after = await again.systemStatus();
    expect([after.systemGuid, after.segmentName]).toEqual([before.systemGuid, "hawaii"]);
    expect(after.writerId).not.toBe(before.writerId);
    const got = await again.getObject("c/t/b", "o");
    expect(Buffer.from(await bytesOf(got.body)).toString()).toBe("kept");
    await again.close();
  });

  it("takes over from one that was killed: its socket, its entry, its objects", async () => {
    const first = await start();
    const client = await makeBucket(first);
    await client.putObject("c/t/b", "o", new Uint8Array(100));
    await client.close();
    await first.kill();
    expect(existsSync(String(first.ready.socket))).toBe(true);
    const second = await start();
    const again = connect({ endpoint: second.endpoint });
    expect((await again.showObject("c/t/b", "o")).sizeBytes).toBe(100);
    expect((await listSegments(registry())).map((entry) => entry.pid)).toEqual([second.pid]);
    await again.close();
  });

  it("is refused a directory that another one has, which goes on", async () => {
    const first = await start();
    const second = await runDaemon({ dataDirectory: data });
    expect(second.code).toBe(5);
    expect(second.stderr).toContain("DATA_DIRECTORY_IN_USE");
    expect(second.stderr).toContain(String(first.pid));
    const client = connect({ endpoint: first.endpoint });
    expect((await client.systemStatus()).restWorker).toBe("ok");
    expect((await listSegments(registry())).length).toBe(1);
    await client.close();
  });

  it("leaves a directory of a newer format as it is", async () => {
    await (await start()).stop();
    const format = path.join(data, "FORMAT");
    writeFileSync(format, readFileSync(format, "utf8").replace(/^efs-data \d+/, "efs-data 999"));
    const before = readdirSync(data);
    const exit = await runDaemon({ dataDirectory: data });
    expect([exit.code, readdirSync(data)]).toEqual([10, before]);
    expect(exit.stderr).toContain("FORMAT_TOO_NEW");
  });

  it.each([
    ["no --data", [], {}, 2, "--data"],
    ["an unknown key", [], { conf: 'nmae = "x"' }, 2, "nmae"],
    ["an address beyond loopback without TLS", ["--admin-listen", "0.0.0.0:0"], {}, 2, "TLS"],
  ])("ends with a sentence on %s", async (what, args, { conf }: { conf?: string }, code, named) => {
    if (conf !== undefined) {
      mkdirSync(data);
      writeFileSync(path.join(data, "efsd.conf"), conf);
    }
    const exit = await runDaemon({ dataDirectory: what === "no --data" ? "" : data, args });
    expect([exit.code, exit.stderr]).toEqual([code, expect.stringContaining(named)]);
    expect(exit.stderr.trim().split("\n").length).toBe(1);
    expect(exit.stderr).not.toContain("    at ");
  });

  it("is refused a directory of somebody else's files", async () => {
    mkdirSync(data);
    writeFileSync(path.join(data, "thesis.tex"), "");
    const exit = await runDaemon({ dataDirectory: data });
    expect([exit.code, exit.stderr, readdirSync(data)]).toEqual([
      7,
      expect.stringContaining("thesis.tex"),
      ["thesis.tex"],
    ]);
  });

  it("finds room for its socket when the data directory's path is too long", async () => {
    const runtime = path.join(top, "r");
    mkdirSync(runtime);
    const deep = path.join(top, "d".repeat(120));
    const daemon = await start({ dataDirectory: deep, env: { XDG_RUNTIME_DIR: runtime } });
    expect(String(daemon.ready.socket)).toMatch(/\/r\/efs\/\d+\.sock$/);
    const client = connect({ endpoint: daemon.endpoint });
    expect((await client.systemStatus()).restWorker).toBe("ok");
    await client.close();
    await daemon.stop();
    expect(readdirSync(path.join(runtime, "efs"))).toEqual([]);
  });

  it("speaks TLS beyond loopback, to who has a token", async () => {
    mkdirSync(data);
    writeFileSync(path.join(data, "c.pem"), TEST_CERTIFICATE);
    writeFileSync(path.join(data, "k.pem"), TEST_KEY);
    const conf = path.join(data, "efsd.conf");
    writeFileSync(conf, '[admin]\nlisten = "0.0.0.0:0"\ntls-certificate = "c.pem"\ntls-key = "k.pem"\n');
    const elsewhere = path.join(top, "segment");
    const daemon = await start({ dataDirectory: elsewhere, args: ["--config", conf] });
    const { port } = /:(?<port>\d+)$/.exec(String(daemon.ready.adminListen))?.groups ?? {};
    const local = connect({ endpoint: daemon.endpoint });
    const { token } = await local.createToken("t");
    const ask = (authorization: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { authorization };
        request(
          {
            host: "127.0.0.1",
            port,
            path: "/system/status",
            headers,
            ca: TEST_CERTIFICATE,
            servername: "localhost",
          },
          (answer) => resolve(answer.resume().statusCode),
        )
          .on("error", reject)
          .end();
      });
    expect([await ask(`Bearer ${token}`), await ask("Bearer x")]).toEqual([200, 401]);
    const untrusting = connect({ endpoint: `https://localhost:${port}`, token });
    await expect(untrusting.systemStatus()).rejects.toMatchObject({ code: "DENIED" });
    await Promise.all([local.close(), untrusting.close()]);
  });

  it("brings its enabled services back after a restart, not the others", async () => {
    const first = await start();
    const client = connect({ endpoint: first.endpoint });
    const receiver = { type: "isgw", direction: "receive", listen: "127.0.0.1:0", serve: ["c/t"] } as const;
    await client.addService({ ...receiver, name: "on" });
    await client.addService({ ...receiver, name: "off" });
    await client.disableService("off");
    expect(await client.serviceStatus("on")).toMatchObject({ link: { state: "listening" } });
    await client.close();
    await first.stop();
    const again = connect({ endpoint: (await start()).endpoint });
    expect(await again.serviceStatus("on")).toMatchObject({ link: { state: "listening" } });
    expect(await again.serviceStatus("off")).toMatchObject({ link: { state: "disabled" } });
    await again.close();
  });

  it("lets a request end when it is asked to stop, and ends at once when asked twice", async () => {
    const daemon = await start();
    const client = await makeBucket(daemon);
    const socket = String(daemon.ready.socket);
    const head =
      "PUT /clusters/c/tenants/t/buckets/b/object?name=slow HTTP/1.1\r\nhost: e\r\ncontent-length: 9\r\n";
    // 100 Continue tells that the request has arrived and its body is waited for.
    const hanging = exchange(socket, [`${head}expect: 100-continue\r\n\r\n1`]);
    await client.systemStatus();
    daemon.signal("SIGTERM");
    await daemon.said(/"msg":"stopping"/);
    daemon.signal("SIGTERM");
    expect((await daemon.exited).code).toBe(130);
    expect(await hanging).not.toContain("HTTP/1.1 2");
    await client.close();
  });

  it("tells its version and its help on stdout", () => {
    const bin = path.resolve(import.meta.dirname, "../../bin/efsd");
    const version = spawnSync(process.execPath, [bin, "--version"], { encoding: "utf8" });
    expect([version.status, version.stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
    const help = spawnSync(process.execPath, [bin, "--help"], { encoding: "utf8" });
    expect([help.status, help.stdout]).toEqual([0, expect.stringContaining("--admin-listen")]);
  });

  it("goes on when who reads its log goes away", async () => {
    const daemon = await start({ args: ["--log-level", "debug"] });
    const client = connect({ endpoint: daemon.endpoint });
    daemon.deafen();
    const receiver = {
      name: "r",
      type: "isgw",
      direction: "receive",
      listen: "127.0.0.1:0",
      serve: ["c/t"],
    } as const;
    await client.addService(receiver);
    await client.disableService("r");
    await until(async () => !(await client.showService("r")).isEnabled);
    expect((await client.systemStatus()).pid).toBe(daemon.pid);
    await client.close();
  });
});
