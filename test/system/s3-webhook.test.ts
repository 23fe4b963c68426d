/** A real efsd that tells a real webhook, through SIGKILLs of the one and silence of the other: whatever was acknowledged is told, in order. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, it } from "vitest";
import { efscliOk } from "../../bench/daemon.ts";
import { startDaemon, type TestDaemon } from "../support/daemon.ts";
import { rawRequest } from "../support/raw-http.ts";
import { s3Client } from "../support/s3-client.ts";
import { freePort } from "../support/s3-service.ts";
import { until } from "../support/until.ts";
import { startWebhook } from "../support/webhook.ts";

const closing: Array<() => Promise<unknown> | unknown> = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const QUEUE = "<Queue>arn:efs:webhook:::audit</Queue><Event>s3:ObjectCreated:*</Event>";
const CONFIG = `<NotificationConfiguration><QueueConfiguration><Id>all</Id>${QUEUE}</QueueConfiguration></NotificationConfiguration>`;
const WEBSITE =
  "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>";
const KILLS = 4;
const PUTS = 60;

it("tells a webhook of every acknowledged put, however often efsd is killed, and serves a website", async () => {
  const directory = mkdtempSync(path.join(tmpdir(), "efs-webhook-"));
  closing.push(() => rmSync(directory, { recursive: true, force: true }));
  const dataDirectory = path.join(directory, "data");
  const hook = await startWebhook();
  closing.push(() => hook.close());
  let daemon: TestDaemon = await startDaemon({ dataDirectory });
  closing.push(() => daemon.kill());
  const efscli = async (line: string) =>
    (await efscliOk(line.split(" "), { endpoint: daemon.endpoint })).stdout;
  const [port, websitePort] = [await freePort(), await freePort()];
  await efscli("cluster create Hawaii");
  await efscli("tenant create Hawaii/Cola");
  const user = JSON.parse(await efscli("user create Hawaii/Cola admin --admin -o json"));
  await efscli(`service add s3 s3-cola --serve Hawaii/Cola --port ${port} --listen 127.0.0.1`);
  await efscli(`service config s3-cola X-Webhook-audit ${hook.url.href.replace("//", "//amy:hush-hush@")}`);
  await efscli(`service config s3-cola X-Website-Port ${websitePort}`);
  const client = s3Client({ port, accessKey: user.keys[0].accessKey, secretKey: user.secretKey });
  closing.push(() => client.close());
  const ask = async (call: Parameters<typeof client.ask>[0]) => {
    const reply = await client.ask(call);
    expect([call.key ?? call.query, reply.status, reply.code]).toEqual([
      call.key ?? call.query,
      200,
      undefined,
    ]);
  };
  const listens = () =>
    client.ask({ method: "GET", bucket: "bk1" }).then(
      () => true,
      () => false,
    );
  await until(listens);
  await ask({ method: "PUT", bucket: "bk1" });
  await ask({ method: "PUT", bucket: "bk1", query: { notification: "" }, body: Buffer.from(CONFIG) });
  await ask({ method: "PUT", bucket: "bk1", query: { website: "" }, body: Buffer.from(WEBSITE) });

  const acknowledged: string[] = [];
  for (let kill = 0; kill <= KILLS; kill += 1) {
    hook.answer = kill % 2 === 0 ? 200 : 503;
    for (let at = 0; at < PUTS; at += 1) {
      const key = `k${kill}-${String(at).padStart(3, "0")}`;
      await ask({ method: "PUT", bucket: "bk1", key, body: Buffer.from(key) });
      acknowledged.push(key);
    }
    if (kill === KILLS) break;
    await daemon.kill();
    daemon = await startDaemon({ dataDirectory });
    await until(listens);
  }
  hook.answer = 200;
  await until(() => hook.events.at(-1)?.s3.object.key === acknowledged.at(-1), 30_000);
  const first = [...new Set(hook.events.map(({ s3 }) => s3.object.key))];
  expect(first).toEqual(acknowledged);
  expect(hook.authorization).toBe(`Basic ${Buffer.from("amy:hush-hush").toString("base64")}`);

  let shown = "";
  const delivering = /bk1\/all to webhook audit: delivering, \d+ delivered, 0 log entries behind/;
  await until(async () => {
    shown = await efscli("service show s3-cola -s");
    return delivering.test(shown);
  });
  expect(shown + daemon.stderr()).not.toContain("hush-hush");
  await ask({ method: "PUT", bucket: "bk1", key: "index.html", body: Buffer.from("hello") });
  const page = await rawRequest({ host: "127.0.0.1", port: websitePort }, { method: "GET", target: "/bk1/" });
  // Nobody let strangers in.
  expect(page.status).toBe(403);
});
