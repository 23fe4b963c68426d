/** What is measured in `bench s3`: our daemon with one S3 service, the baseline, nginx's DAV, and the peers. */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { Daemon, efscliOk, PROJECT, waitFor } from "../daemon.ts";
import { answering, freePort, isInstalled, runOk, start } from "./process.ts";
import type { Keys } from "./request.ts";

export interface Server {
  readonly name: string;
  readonly port: number;
  /** undefined: requests are not signed. */
  readonly keys: Keys | undefined;
  /** What stands before an object's name in a path. */
  readonly prefix: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startEfs(directory: string): Promise<Server> {
  const daemon = await Daemon.start({ dataDirectory: path.join(directory, "efs") });
  const port = await freePort();
  const run = (words: readonly string[]) => efscliOk(words, { endpoint: daemon.endpoint });
  await run(["cluster", "create", "Hawaii"]);
  await run(["tenant", "create", "Hawaii/Cola"]);
  await run(["bucket", "create", "Hawaii/Cola/bench"]);
  const made = JSON.parse((await run(["user", "create", "Hawaii/Cola", "bench", "-o", "json"])).stdout);
  await run(["service", "create", "s3", "front"]);
  await run(["service", "config", "front", "X-HTTP-Port", String(port)]);
  await run(["service", "config", "front", "X-HTTPS-Port", "-"]);
  await run(["service", "serve", "front", "Hawaii/Cola"]);
  await run(["service", "enable", "front"]);
  await answering("the S3 service", port);
  const keys = { accessKeyId: made.accessKey, secretAccessKey: made.secretKey };
  const stop = async () => void (await daemon.stop());
  return { name: "efs", port, keys, prefix: "/bench/", pid: daemon.pid, stop };
}

export async function startBaseline(directory: string): Promise<Server> {
  const at = path.join(directory, "baseline");
  await mkdir(at, { recursive: true });
  let port = 0;
  const program = path.join(PROJECT, "dist/bench/http-files.js");
  const started = start(process.execPath, [program, at], (line) => {
    port ||= Number(line);
  });
  await waitFor("the baseline", 10_000, () => port > 0);
  return {
    name: "baseline",
    port,
    keys: undefined,
    prefix: "/",
    pid: started.child.pid ?? 0,
    stop: started.stop,
  };
}

/** Debian's nginx with its DAV module; undefined when it is not installed. */
export async function startNginx(directory: string): Promise<Server | undefined> {
  if (!isInstalled("nginx")) return undefined;
  const at = path.join(directory, "nginx");
  await mkdir(path.join(at, "files"), { recursive: true });
  const port = await freePort();
  const user = process.getuid?.() === 0 ? "user root;" : "";
  await writeFile(
    path.join(at, "nginx.conf"),
    `${user} worker_processes 1; daemon off; pid ${at}/pid; error_log ${at}/error.log;
events { worker_connections 256; }
http { access_log off; client_max_body_size 0; client_body_temp_path ${at}/body; proxy_temp_path ${at}/proxy;
  fastcgi_temp_path ${at}/fastcgi; uwsgi_temp_path ${at}/uwsgi; scgi_temp_path ${at}/scgi; keepalive_requests 1000000;
  server { listen 127.0.0.1:${port}; root ${at}/files; location / { dav_methods PUT DELETE; } } }
`,
  );
  const started = start("nginx", ["-c", path.join(at, "nginx.conf"), "-e", path.join(at, "error.log")]);
  await answering("nginx", port);
  return {
    name: "nginx DAV",
    port,
    keys: undefined,
    prefix: "/",
    pid: started.child.pid ?? 0,
    stop: started.stop,
  };
}

/** s3rver 3.7.1, installed by npm into the bench's own directory. */
export async function startS3rver(directory: string): Promise<Server> {
  const at = path.join(directory, "s3rver");
  await mkdir(path.join(at, "data"), { recursive: true });
  runOk("npm", ["install", "--prefix", at, "--no-audit", "--no-fund", "--silent", "s3rver@3.7.1"], 180_000);
  const port = await freePort();
  const words = ["-d", path.join(at, "data"), "-a", "127.0.0.1", "-p", String(port), "--silent"];
  const program = path.join(at, "node_modules/s3rver/bin/s3rver.js");
  const started = start(process.execPath, [program, ...words, "--configure-bucket", "bench"]);
  await answering("s3rver", port);
  const keys = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };
  return { name: "s3rver", port, keys, prefix: "/bench/", pid: started.child.pid ?? 0, stop: started.stop };
}
