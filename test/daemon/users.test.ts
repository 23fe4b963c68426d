/** Users over the life of a real efsd: kept through SIGKILL, and what becomes of them when the segment key is lost. */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { connect } from "../../src/api/client.ts";
import { runDaemon, startDaemon, type TestDaemon } from "../support/daemon.ts";

let top = "";
let data = "";
let daemon: TestDaemon | undefined;
beforeEach(() => {
  top = mkdtempSync(path.join(tmpdir(), "efsd-users-"));
  data = path.join(top, "data");
});
afterEach(async () => {
  await daemon?.kill();
  rmSync(top, { recursive: true });
});

it("users outlive SIGKILL; without segment.key efsd refuses to start until it is given up", async () => {
  const file = path.join(data, "segment.key");
  daemon = await startDaemon({ dataDirectory: data });
  let client = connect({ endpoint: daemon.endpoint });
  await client.createCluster({ name: "c" });
  await client.createTenant("c", { name: "t" });
  const made = await client.createUser("c/t", { name: "kai" });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(daemon.stderr()).not.toContain(made.secretKey);
  await client.close();
  await daemon.kill();

  daemon = await startDaemon({ dataDirectory: data });
  client = connect({ endpoint: daemon.endpoint });
  expect((await client.showUser("c/t", "kai")).keys.map((key) => key.accessKey)).toEqual([made.accessKey]);
  await client.close();
  await daemon.stop();

  const asked = await runDaemon({ dataDirectory: data, args: ["--new-segment-key"] });
  expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining("is for one that is lost")]);
  rmSync(file);
  const lost = await runDaemon({ dataDirectory: data });
  expect([lost.code, lost.stderr]).toEqual([2, expect.stringContaining("segment.key is missing")]);
  expect(existsSync(file)).toBe(false);
  writeFileSync(file, Buffer.alloc(32, 1), { mode: 0o600 });
  const wrong = await runDaemon({ dataDirectory: data });
  expect([wrong.code, wrong.stderr]).toEqual([
    2,
    expect.stringContaining("not the one that the users' secrets"),
  ]);

  rmSync(file);
  daemon = await startDaemon({ dataDirectory: data, args: ["--new-segment-key"] });
  expect(daemon.stderr()).toContain('"accessKeys":1');
  client = connect({ endpoint: daemon.endpoint });
  expect((await client.showUser("c/t", "kai")).keys).toEqual([]);
  expect((await client.rotateKey("c/t", "kai")).keys).toHaveLength(1);
  await client.close();
  expect((await daemon.stop()).code).toBe(0);
});
