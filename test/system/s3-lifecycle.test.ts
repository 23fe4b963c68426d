/** A real efsd acts by the lifecycle rules of a bucket: what a rule with a date of the past is about goes with the pass after the start. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, it } from "vitest";
import { efscliOk } from "../../bench/daemon.ts";
import { startDaemon, type TestDaemon } from "../support/daemon.ts";
import { rawRequest } from "../support/raw-http.ts";
import { freePort } from "../support/s3-service.ts";
import { until } from "../support/until.ts";

const closing: Array<() => Promise<unknown> | unknown> = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const RULE =
  "<Rule><ID>r</ID><Status>Enabled</Status><Filter><Prefix>logs/</Prefix></Filter><Expiration><Date>2020-01-01T00:00:00Z</Date></Expiration></Rule>";

it("ends objects and says how many", async () => {
  const directory = mkdtempSync(path.join(tmpdir(), "efs-lifecycle-"));
  closing.push(() => rmSync(directory, { recursive: true, force: true }));
  const dataDirectory = path.join(directory, "data");
  let daemon: TestDaemon = await startDaemon({ dataDirectory });
  closing.push(() => daemon.kill());
  const efscli = (line: string) => efscliOk(line.split(" "), { endpoint: daemon.endpoint });
  const port = await freePort();
  await efscli("cluster create Hawaii");
  await efscli("tenant create Hawaii/Cola");
  await efscli("service create s3 s3-cola");
  await efscli("service serve s3-cola Hawaii/Cola");
  await efscli("service config s3-cola X-Auth-Type disabled");
  await efscli(`service config s3-cola X-HTTP-Port ${port}`);
  await efscli("service enable s3-cola");
  const ask = async (method: string, target: string, body = "") => {
    const headers = { "content-length": String(body.length) };
    return (await rawRequest({ host: "127.0.0.1", port }, { method, target, body, headers })).status;
  };
  const listens = () =>
    ask("GET", "/health").then(
      (status) => status === 200,
      () => false,
    );
  await until(listens);
  await ask("PUT", "/bk1");
  for (const key of ["logs/a", "logs/b", "dear"]) expect(await ask("PUT", `/bk1/${key}`, "x")).toBe(200);
  const document = `<LifecycleConfiguration>${RULE}</LifecycleConfiguration>`;
  expect(await ask("PUT", "/bk1?lifecycle", document)).toBe(200);
  expect((await daemon.stop()).code).toBe(0);
  daemon = await startDaemon({ dataDirectory });
  const line = JSON.parse(await daemon.said(/upkeep of a bucket/));
  expect(line).toMatchObject({ bucket: "Hawaii/Cola/bk1", expired: 2, failed: 0 });
  await until(listens);
  expect(await ask("HEAD", "/bk1/logs/a")).toBe(404);
  expect(await ask("HEAD", "/bk1/dear")).toBe(200);
});
