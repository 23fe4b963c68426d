/** The session that the project was given, typed step by step as in EdgeFS: with two data directories, and with both services on one. */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { Daemon, efscli, efscliOk, waitFor } from "../../bench/daemon.ts";
import { freePort } from "../../bench/rsync.ts";
import { testDirectory } from "../support/two-segments.ts";

const BUCKET = "Hawaii/Cola/bk1";

async function start(directory: string, name: string): Promise<Daemon> {
  const daemon = await Daemon.start({ dataDirectory: path.join(directory, name), name });
  onTestFinished(async () => {
    await daemon.stop("SIGKILL");
  });
  return daemon;
}

/** Types lines of words at one segment. */
async function typeAt(daemon: Daemon, lines: readonly string[]): Promise<void> {
  for (const line of lines) await efscliOk(line.split(" "), { endpoint: daemon.endpoint });
}

const receiver = (port: number, key: string) => [
  "service create isgw hawaii-r",
  "service config hawaii-r X-ISGW-Direction 2",
  `service config hawaii-r X-ISGW-Local 127.0.0.1:${port}`,
  `service config hawaii-r X-ISGW-Basic-Auth --value-file ${key}`,
  `service serve hawaii-r ${BUCKET}`,
  "service enable hawaii-r",
];

const sender = (port: number, key: string) => [
  "service create isgw hawaii",
  `service config hawaii X-ISGW-Remote ccow://127.0.0.1:${port}`,
  "service config hawaii X-ISGW-Direction 1",
  "service config hawaii X-ISGW-Replication 3",
  `service config hawaii X-ISGW-Basic-Auth --value-file ${key}`,
  `service serve hawaii ${BUCKET}`,
  "service enable hawaii",
];

const namespace = ["cluster create Hawaii", "tenant create Hawaii/Cola", `bucket create ${BUCKET}`];

it("shows bk1's files at the far side when it is typed with two data directories", async () => {
  const directory = await testDirectory();
  const [hawaii, remote] = [await start(directory, "hawaii"), await start(directory, "hawaii-r")];
  const port = await freePort();
  const key = path.join(directory, "key");
  await writeFile(key, "test123\n");
  await typeAt(remote, [...namespace, ...receiver(port, key)]);
  await typeAt(hawaii, [...namespace, ...sender(port, key)]);

  const here = path.join(import.meta.dirname, "seed.test.ts");
  await typeAt(hawaii, [
    `object put ${BUCKET}/dir/seed.test.ts ${here}`,
    `object put ${BUCKET}/again ${here}`,
  ]);
  await waitFor("both objects at the far side", 10_000, async () => {
    const listed = await efscli(["object", "list", BUCKET, "-o", "name"], { endpoint: remote.endpoint });
    return listed.stdout === "again\ndir/seed.test.ts\n";
  });
  const got = path.join(directory, "got");
  await typeAt(remote, [`object get ${BUCKET}/dir/seed.test.ts ${got}`]);
  expect(await readFile(got)).toEqual(await readFile(here));

  const shown = await efscliOk(["service", "show", "hawaii", "-s"], { endpoint: hawaii.endpoint });
  expect(shown.stdout).toMatch(/^X-Service-Name: hawaii$/m);
  expect(shown.stdout).toMatch(/^X-ISGW-Basic-Auth: \(set\)$/m);
  expect(shown.stdout).toMatch(/^\s*Version manifests\s+\| 2\s*$/m);
  expect(shown.stdout).toMatch(/^\s*Network errors\s+\| 0\s*$/m);
  expect(shown.stdout).not.toMatch(/test123|dGVzdDEyMzp0ZXN0MTIz/);
});

it("says `same segment` and what to do within a second when both services are on one", async () => {
  const directory = await testDirectory();
  const hawaii = await start(directory, "hawaii");
  const port = await freePort();
  const key = path.join(directory, "key");
  await writeFile(key, "test123\n");
  await typeAt(hawaii, [...namespace, ...receiver(port, key), ...sender(port, key).slice(0, -1)]);

  await hawaii.api.enableService("hawaii");
  const enabledMs = performance.now();
  await waitFor("the state of the link", 1000, async () => {
    return (await hawaii.api.serviceStatus("hawaii")).link?.state === "same segment";
  });
  expect(performance.now() - enabledMs).toBeLessThan(1000);

  const shown = await efscliOk(["service", "show", "hawaii", "-s"], { endpoint: hawaii.endpoint });
  expect(shown.stdout).toMatch(/same segment/);
  expect(shown.stdout).toMatch(/efscli service config hawaii X-ISGW-Remote ccow:\/\/HOST:PORT/);
  const receiving = await efscliOk(["service", "show", "hawaii-r", "-s"], { endpoint: hawaii.endpoint });
  expect(receiving.stdout).toMatch(/same segment/);
});
