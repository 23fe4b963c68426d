/**
 * Ceph RGW as a peer: one monitor, one OSD that keeps everything in memory (no disk to wait for: the peer's best case), one gateway, from
 * Debian's packages (radosgw, ceph-mon, ceph-osd), on loopback in the bench's directory.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { runLoad } from "./load.ts";
import { answering, freePort, isInstalled, runOk, type Started, start } from "./process.ts";
import { prepare } from "./request.ts";
import type { Server } from "./servers.ts";

/** undefined when it is not installed. */
export async function startRgw(directory: string): Promise<Server | undefined> {
  if (!["radosgw", "ceph-mon", "ceph-osd", "ceph"].every(isInstalled)) return undefined;
  const at = path.join(directory, "rgw");
  for (const name of ["mon", "osd", "rgw"]) await mkdir(path.join(at, name), { recursive: true });
  const [monPort, port] = [await freePort(), await freePort()];
  const fsid = randomUUID();
  const conf = path.join(at, "ceph.conf");
  const keyring = path.join(at, "keyring");
  await writeFile(conf, configuration({ at, fsid, monPort, port }));
  const keys = {
    accessKeyId: randomBytes(10).toString("hex").toUpperCase(),
    secretAccessKey: randomBytes(20).toString("hex"),
  };
  authorise(keyring);
  const monmap = path.join(at, "monmap");
  runOk("monmaptool", ["--create", "--fsid", fsid, "--addv", "a", `[v2:127.0.0.1:${monPort}]`, monmap]);
  runOk("ceph-mon", ["-c", conf, "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring]);
  const parts: Started[] = [start("ceph-mon", ["-c", conf, "-f", "-i", "a"])];
  const stop = async () => {
    for (const part of parts.reverse()) await part.stop();
  };
  try {
    runOk("ceph", ["-c", conf, "osd", "create"]);
    runOk("ceph-osd", ["-c", conf, "-i", "0", "--mkfs"]);
    parts.push(start("ceph-osd", ["-c", conf, "-f", "-i", "0"]));
    const gateway = start("radosgw", ["-c", conf, "-f", "-n", "client.admin"]);
    parts.push(gateway);
    await answering("Ceph RGW", port, 120_000);
    const given = ["--access-key", keys.accessKeyId, "--secret-key", keys.secretAccessKey];
    runOk("radosgw-admin", [
      "-c",
      conf,
      "user",
      "create",
      "--uid",
      "bench",
      "--display-name",
      "bench",
      ...given,
    ]);
    const bucket = await prepare({ method: "PUT", port, path: "/bench", body: Buffer.alloc(0), keys });
    await runLoad({ port, inFlight: 1, requests: [bucket] });
    return { name: "Ceph RGW", port, keys, prefix: "/bench/", pid: gateway.child.pid ?? 0, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function authorise(keyring: string): void {
  const tool = (...words: string[]) => runOk("ceph-authtool", [keyring, "--gen-key", ...words]);
  tool("--create-keyring", "-n", "mon.", "--cap", "mon", "allow *");
  tool("-n", "client.admin", "--cap", "mon", "allow *", "--cap", "osd", "allow *", "--cap", "mgr", "allow *");
  tool("-n", "osd.0", "--cap", "mon", "allow profile osd", "--cap", "osd", "allow *");
}

function configuration(options: { at: string; fsid: string; monPort: number; port: number }): string {
  const { at, fsid, monPort, port } = options;
  return `[global]
fsid = ${fsid}
mon host = v2:127.0.0.1:${monPort}
mon initial members = a
keyring = ${at}/keyring
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
osd objectstore = memstore
memstore device bytes = 8589934592
mon data = ${at}/mon
osd data = ${at}/osd
rgw data = ${at}/rgw
run dir = ${at}
admin socket = ${at}/$name.$pid.asok
log file = ${at}/$name.log
pid file =
rgw frontends = beast endpoint=127.0.0.1:${port} tcp_nodelay=1
[mon.a]
host = localhost
`;
}
