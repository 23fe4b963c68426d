import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../../support/s3-gateway.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../../support/tls.ts";

let gateway: TestGateway | undefined;
let directory: string | undefined;
afterEach(async () => {
  await gateway?.stop();
  if (directory !== undefined) await rm(directory, { recursive: true });
});

it.each([
  ["nothing", Buffer.alloc(0)],
  ["half of a handshake", Buffer.from("16030100ff010000fb0303", "hex")],
])("a client that sends %s to the port for HTTPS is cut off", async (_what, bytes) => {
  directory = await mkdtemp(path.join(tmpdir(), "efs-"));
  const tls = {
    key: path.join(directory, "key.pem"),
    certificate: path.join(directory, "cert.pem"),
    ciphers: undefined,
  };
  await writeFile(tls.key, TEST_KEY);
  await writeFile(tls.certificate, TEST_CERTIFICATE);
  gateway = await startGateway({ tls, headersTimeoutMs: 100 });
  const socket = connect(gateway.place);
  socket.write(bytes);
  socket.on("data", () => {});
  const isCut = await new Promise<boolean>((resolve) => {
    socket.once("close", () => resolve(true));
    socket.once("error", () => resolve(true));
    setTimeout(() => resolve(false), 3000).unref();
  });
  socket.destroy();
  expect(isCut).toBe(true);
});
