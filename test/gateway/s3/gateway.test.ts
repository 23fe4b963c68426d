import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { seededRandom } from "../../../src/base/random.ts";
import type { RunningGateway } from "../../../src/gateway/gateway.ts";
import { s3Gateway } from "../../../src/gateway/s3/gateway.ts";
import type { S3Status } from "../../../src/model/s3-status.ts";
import { rawRequest } from "../../support/raw-http.ts";
import { s3Client } from "../../support/s3-client.ts";
import { s3Service, s3TestSegment, TENANT } from "../../support/s3-gateway.ts";
import { OTHER_CERTIFICATE, OTHER_KEY, TEST_CERTIFICATE, TEST_KEY } from "../../support/tls.ts";
import { until } from "../../support/until.ts";
import { WaitingClock } from "../../support/waiting-clock.ts";

const cleanups: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function site() {
  const clock = new WaitingClock();
  const segment = await s3TestSegment(clock);
  cleanups.push(() => segment.close());
  return { segment, clock, random: seededRandom(1), log: silentLog };
}
type Site = Awaited<ReturnType<typeof site>>;

async function start(context: Site, settings: Readonly<Record<string, string>> = {}) {
  const service = s3Service(settings);
  await context.segment.services.create(service).catch(() => undefined);
  const running = await s3Gateway.start(context, service);
  cleanups.push(() => running.stop());
  return running;
}

const listening = (running: RunningGateway<S3Status>) =>
  until(() => running.status().state === "listening").then(() => portOf(running));
const portOf = (running: RunningGateway<S3Status>) =>
  Number(new URL(running.status().endpoints[0] ?? "http://x:0").port);
const at = (port: number) => ({ host: "127.0.0.1", port });

describe("an S3 service", () => {
  it("says where it listens and what it serves, and answers its tenant's users alone", async () => {
    const context = await site();
    const { users, namespace } = context.segment;
    await namespace.createTenant({ ...TENANT, tenant: "Pepsi" as typeof TENANT.tenant });
    const ours = await users.create(TENANT, "amy");
    const theirs = await users.create({ ...TENANT, tenant: "Pepsi" as typeof TENANT.tenant }, "bob");
    const running = await start(context);
    const port = await listening(running);
    expect(running.status()).toMatchObject({
      kind: "s3",
      tenant: "Hawaii/Cola",
      endpoints: [`http://127.0.0.1:${port}`],
      lastError: undefined,
      inFlight: 0,
    });
    const [amy, bob] = [ours, theirs].map((key) => s3Client({ port, ...key }));
    cleanups.push(async () => [amy, bob].map((client) => client?.close()));
    expect(await amy?.ask({ method: "PUT", bucket: "bk1" })).toMatchObject({ status: 200 });
    expect(await amy?.ask({ method: "PUT", bucket: "bk1", key: "a", body: "hello" })).toMatchObject({
      status: 200,
    });
    expect(await amy?.ask({ method: "GET", bucket: "bk1", key: "a" })).toMatchObject({ text: "hello" });
    expect(await bob?.ask({ method: "GET", bucket: "bk1", key: "a" })).toMatchObject({
      code: "InvalidAccessKeyId",
    });
    const wrong = s3Client({ port, accessKey: ours.accessKey, secretKey: "x".repeat(40) });
    expect(await wrong.ask({ method: "GET", bucket: "bk1", key: "a" })).toMatchObject({
      code: "SignatureDoesNotMatch",
    });
    wrong.close();
    await users.setEnabled(TENANT, "amy", false);
    expect(await amy?.ask({ method: "GET", bucket: "bk1", key: "a" })).toMatchObject({ status: 403 });
    expect((await rawRequest(at(port), { method: "GET", target: "/bk1/a" })).status).toBe(403);
  });

  it("asks the bucket's policy: anonymous readers where it says so, an explicit Deny for all but admins' hold on it", async () => {
    const context = await site();
    const admin = await context.segment.users.create(TENANT, "root", { isAdmin: true });
    const user = await context.segment.users.create(TENANT, "amy");
    const port = await listening(await start(context));
    const [root, amy] = [s3Client({ port, ...admin }), s3Client({ port, ...user })];
    cleanups.push(async () => [root, amy].map((client) => client.close()));
    await root.ask({ method: "PUT", bucket: "bk1" });
    await amy.ask({ method: "PUT", bucket: "bk1", key: "a", body: "x" });
    const policy = (effect: string) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          { Effect: effect, Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::bk1/*" },
        ],
      });
    const query = { policy: "" };
    expect((await amy.ask({ method: "PUT", bucket: "bk1", query, body: policy("Allow") })).status).toBe(403);
    expect((await root.ask({ method: "PUT", bucket: "bk1", query, body: policy("Allow") })).status).toBe(204);
    expect((await rawRequest(at(port), { method: "GET", target: "/bk1/a" })).body).toBe("x");
    expect((await rawRequest(at(port), { method: "PUT", target: "/bk1/a" })).status).toBe(403);
    await root.ask({ method: "PUT", bucket: "bk1", query, body: policy("Deny") });
    expect((await amy.ask({ method: "GET", bucket: "bk1", key: "a" })).status).toBe(403);
    expect((await root.ask({ method: "DELETE", bucket: "bk1", query })).status).toBe(204);
    expect((await amy.ask({ method: "GET", bucket: "bk1", key: "a" })).status).toBe(200);
  });

  it("whose port is taken says so, and listens once it gets free", async () => {
    const taken: Server = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    const context = await site();
    const running = await start(context, { "X-HTTP-Port": String(port) });
    await until(() => running.status().state === "error");
    expect(running.status()).toMatchObject({
      lastError: { code: "IN_USE", fix: expect.stringContaining("X-HTTP-Port") },
    });
    expect(running.status().stateText).toContain(`127.0.0.1:${port} is in use`);
    await new Promise((resolve) => taken.close(resolve));
    await until(async () => {
      await context.clock.advance(2000);
      return running.status().state === "listening";
    });
  });

  it("takes up settings without dropping connections when its ports stay, and moves when they change", async () => {
    const context = await site();
    const key = await context.segment.users.create(TENANT, "amy");
    const running = await start(context);
    const port = await listening(running);
    const client = s3Client({ port, ...key });
    cleanups.push(async () => client.close());
    await client.ask({ method: "PUT", bucket: "bk1" });
    await running.reconfigure(s3Service({ "X-Region": "eu-1" }));
    expect(portOf(running)).toBe(port);
    expect(await client.ask({ method: "GET", bucket: "bk1" })).toMatchObject({
      code: "AuthorizationHeaderMalformed",
    });
    await running.reconfigure(s3Service({ "X-Auth-Type": "disabled", "X-Listen": "127.0.0.2" }));
    await until(() => running.status().endpoints[0]?.includes("127.0.0.2") === true);
    await running.reconfigure(s3Service({ "X-List-Max-Size": "x" }));
    expect(running.status()).toMatchObject({
      state: "error",
      endpoints: [],
      lastError: { code: "BAD_VALUE" },
    });
  });

  it("keeps its counters when it stops, and shows them while it does not run", async () => {
    const context = await site();
    const running = await start(context, { "X-Auth-Type": "disabled" });
    const port = await listening(running);
    await rawRequest(at(port), { method: "PUT", target: "/bk1" });
    await rawRequest(at(port), { method: "GET", target: "/bk1/none" });
    await rawRequest(at(port), { method: "GET", target: "/none/none" });
    await running.stop();
    const stored = await s3Gateway.storedStatus(context, s3Service());
    expect(stored).toMatchObject({ state: "disabled", errors: { NoSuchBucket: 1, NoSuchKey: 1 } });
    expect(stored.operations.map(({ bucket, operation }) => `${bucket} ${operation}`)).toEqual([
      "- GetObject",
      "bk1 CreateBucket",
      "bk1 GetObject",
    ]);
  });

  it("over TLS takes a new certificate up without dropping connections, and keeps the old one when the new is bad", async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "efs-s3-tls-"));
    cleanups.push(() => rm(directory, { recursive: true }));
    const [key, certificate] = [path.join(directory, "key.pem"), path.join(directory, "cert.pem")];
    const put = async (pem: string, keyPem: string) => {
      await writeFile(key, keyPem);
      await writeFile(certificate, pem);
    };
    await put(TEST_CERTIFICATE, TEST_KEY);
    const context = await site();
    const running = await start(context, {
      "X-HTTP-Port": "-",
      "X-HTTPS-Port": "0",
      "X-HTTPS-Key": key,
      "X-HTTPS-Cert": certificate,
    });
    const port = await listening(running);
    expect(running.status().endpoints).toEqual([`https://127.0.0.1:${port}`]);
    const serial = () =>
      new Promise<string>((resolve, reject) => {
        const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
          resolve(socket.getPeerCertificate().fingerprint256);
          socket.end();
        });
        socket.on("error", reject);
      });
    const first = await serial();
    const kept = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
    cleanups.push(async () => kept.destroy());
    await put("nonsense", TEST_KEY);
    await until(async () => {
      await context.clock.advance(2000);
      return running.status().state === "error";
    });
    expect(await serial()).toBe(first);
    await put(OTHER_CERTIFICATE, OTHER_KEY);
    await until(async () => {
      await context.clock.advance(2000);
      return running.status().state === "listening" && (await serial()) !== first;
    });
    const answer = await new Promise<string>((resolve) => {
      kept.once("data", (bytes) => resolve(bytes.toString()));
      kept.write("GET /health HTTP/1.1\r\nhost: a\r\n\r\n");
    });
    expect(answer).toContain("200 OK");
  });
});
