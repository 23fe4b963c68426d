/**
 * An S3 endpoint as an admin makes it, for real clients: efsd on a directory of its own, a tenant, a user who is its admin, a service that serves it.
 * Build first: `npm run build`.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { efscliOk } from "../../bench/daemon.ts";
import { environmentWith } from "../../src/base/environment.ts";
import { startDaemon, type TestDaemon } from "./daemon.ts";

export interface S3Service {
  readonly daemon: TestDaemon;
  /** For what the client keeps; gone with the service. */
  readonly directory: string;
  readonly port: number;
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly accessKey: string;
  readonly secretKey: string;
  stop(): Promise<void>;
}

export const TENANT = "Hawaii/Cola";

/** Resolves when the service listens. */
export async function startS3Service(): Promise<S3Service> {
  const directory = mkdtempSync(path.join(tmpdir(), "efs-s3-"));
  const daemon = await startDaemon({ dataDirectory: path.join(directory, "data") });
  const port = await freePort();
  const run = async (...words: string[]) => (await efscliOk(words, { endpoint: daemon.endpoint })).stdout;
  await run("cluster", "create", "Hawaii");
  await run("tenant", "create", TENANT);
  const user = JSON.parse(await run("user", "create", TENANT, "admin", "--admin", "-o", "json"));
  await run(
    "service",
    "add",
    "s3",
    "s3-cola",
    "--serve",
    TENANT,
    "--port",
    String(port),
    "--listen",
    "127.0.0.1",
  );
  return {
    daemon,
    directory,
    port,
    url: `http://127.0.0.1:${port}`,
    accessKey: String(user.keys[0].accessKey),
    secretKey: String(user.secretKey),
    stop: async () => {
      const exit = await daemon.stop();
      rmSync(directory, { recursive: true, force: true });
      if (exit.code !== 0) throw new Error(`efsd ended with ${exit.code ?? exit.signal}: ${exit.stderr}`);
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** What the machine says of proxies and authorities is not for an endpoint of this machine; one of these breaks rclone 1.60. */
const FOR_CLIENTS = { NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1", AWS_CA_BUNDLE: undefined };

export interface ClientRun {
  readonly stdin?: Uint8Array | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
}

/**
 * Runs a client's command to its end and resolves to what it wrote on stdout.
 * Rejects, with all that it wrote, when it fails or is not installed.
 */
export async function runClient(
  command: string,
  words: readonly string[],
  options: ClientRun = {},
): Promise<string> {
  const { stdin, env = {}, cwd } = options;
  const child = spawn(command, words, {
    stdio: ["pipe", "pipe", "pipe"],
    cwd,
    env: environmentWith({ ...FOR_CLIENTS, ...env }),
  });
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (bytes: Buffer) => stdout.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => stderr.push(bytes));
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const text = Buffer.concat(stdout).toString();
  if (code === 0) return text;
  throw new Error(
    `${command} ${words.join(" ")} ended with ${code}:\n${text}\n${Buffer.concat(stderr).toString()}`,
  );
}
