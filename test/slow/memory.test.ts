/** Memory of efsd and efscli while 10 GiB go in and out: RssAnon of each stays under 300 MiB. Needs 12 GiB of disk. */
import { createHash } from "node:crypto";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { Daemon, efscliOk } from "../../bench/daemon.ts";
import { incompressible } from "../../bench/text.ts";
import { rssAnonBytes } from "../../bench/usage.ts";
import { testDirectory } from "../support/two-segments.ts";

const SIZE_BYTES = 10 * 2 ** 30;
const RSS_BYTES_MAX = 300 * 2 ** 20;
const OBJECT = "Hawaii/Cola/bk1/large";

it("puts and gets 10 GiB with less than 300 MiB in efsd and in efscli", async () => {
  const directory = await testDirectory();
  const daemon = await Daemon.start({ dataDirectory: path.join(directory, "data") });
  onTestFinished(async () => {
    await daemon.stop("SIGKILL");
  });
  await daemon.api.createCluster({ name: "Hawaii" });
  await daemon.api.createTenant("Hawaii", { name: "Cola" });
  await daemon.api.createBucket("Hawaii/Cola", { name: "bk1" });

  const peaks = { efsd: 0, efscli: 0 };
  let client = 0;
  const sampler = setInterval(() => {
    peaks.efsd = Math.max(peaks.efsd, rssAnonBytes(daemon.pid));
    peaks.efscli = Math.max(peaks.efscli, rssAnonBytes(client));
  }, 50);
  onTestFinished(() => clearInterval(sampler));
  const endpoint = daemon.endpoint;

  const put = createHash("sha256");
  const stdin = (async function* () {
    for (const piece of incompressible(1, SIZE_BYTES)) {
      put.update(piece);
      yield piece;
    }
  })();
  const onStart = (child: { readonly pid?: number | undefined }) => {
    client = child.pid ?? 0;
  };
  await efscliOk(["object", "put", OBJECT, "-"], { endpoint, stdin, onStart });
  const afterPut = { ...peaks };

  const got = createHash("sha256");
  let gotBytes = 0;
  await efscliOk(["object", "get", OBJECT, "-"], {
    endpoint,
    onStart,
    onStdout: (bytes) => {
      got.update(bytes);
      gotBytes += bytes.length;
    },
  });
  process.stderr.write(`memory: after put ${JSON.stringify(afterPut)}, after get ${JSON.stringify(peaks)}\n`);
  expect(gotBytes).toBe(SIZE_BYTES);
  expect(got.digest("hex")).toBe(put.digest("hex"));
  expect(peaks.efsd).toBeGreaterThan(0);
  expect(peaks.efscli).toBeGreaterThan(0);
  expect(peaks.efsd).toBeLessThan(RSS_BYTES_MAX);
  expect(peaks.efscli).toBeLessThan(RSS_BYTES_MAX);
});
