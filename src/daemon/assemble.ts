/**
 * The composition root: opens engine, segment, services, admin API and registry in this order, and closes them in the other. What was
 * opened before a step that fails is closed again.
 */
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { type RegistryPlace, registerSegment, registryDirectory } from "../api/registry.ts";
import { utf8 } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { EfsError, systemCode } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { Engine } from "../engine/engine.ts";
import { type Address, formatAddress, parseAddress } from "../gateway/admin/address.ts";
import { SOCKET_PATH_BYTES_MAX } from "../gateway/admin/listen.ts";
import { openAdminServer, requireGuarded, type Tls } from "../gateway/admin/server.ts";
import type { GatewayType } from "../gateway/gateway.ts";
import { openSegment } from "../segment/open.ts";
import type { Segment } from "../segment/segment.ts";
import { expectsSegmentKey, forgetSegmentKey } from "../segment/segment-key.ts";
import { startUpkeep } from "../segment/upkeep.ts";
import type { DaemonConfig } from "./config.ts";
import { SOCKET_FILE } from "./data-directory.ts";
import { openSegmentKey, requireNoSegmentKey } from "./segment-key.ts";
import { Supervisor } from "./services.ts";

/** Requests under way may take so long to end when the daemon stops. */
const DRAIN_MS = 10_000;

export interface DaemonParts {
  readonly openEngine: (options: {
    directory: string;
    clock: Clock;
    random: Random;
    log: Log;
  }) => Promise<Engine>;
  readonly gateways: readonly GatewayType[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly registry: RegistryPlace;
  readonly version: string;
}

export interface DaemonSettings {
  /** Absolute; prepared. */
  readonly dataDirectory: string;
  readonly name: string | undefined;
  /** `host:port`. */
  readonly adminListen: string | undefined;
  readonly tls: DaemonConfig["admin"];
  /** Days without a new part after which uploads end; 0: never. */
  readonly idleUploadDays?: number | undefined;
  /** The segment key is lost: all access keys of users go, and a new one is made. */
  readonly newSegmentKey?: boolean | undefined;
}

export interface Daemon {
  readonly segment: Segment;
  /** The path of the Unix socket. */
  readonly socket: string;
  readonly adminAddress: Address | undefined;
  close(): Promise<void>;
}

/** Resolves when the segment answers. @throws EfsError of whatever cannot be opened */
export async function openDaemon(parts: DaemonParts, settings: DaemonSettings): Promise<Daemon> {
  const { clock, random, log } = parts;
  const closing: Array<() => Promise<void>> = [];
  const close = async () => {
    for (let step = closing.pop(); step !== undefined; step = closing.pop()) await step();
  };
  try {
    const startedMs = clock.wallMs();
    const address = settings.adminListen === undefined ? undefined : parseListen(settings.adminListen);
    const tls = await readTls(settings.tls);
    if (address !== undefined) requireGuarded(address, tls);
    const engine = await parts.openEngine({ directory: settings.dataDirectory, clock, random, log });
    closing.push(() => engine.close());
    const { dataDirectory } = settings;
    if (settings.newSegmentKey === true) await giveUpKey(engine, settings, log);
    const isExpected = await expectsSegmentKey(engine.records);
    const segmentKey = await openSegmentKey({ dataDirectory, isExpected, random, log });
    const segment = await openSegment({ engine, clock, random, log, name: settings.name, segmentKey });
    closing[0] = () => segment.close();
    const services = new Supervisor({ segment, clock, random, log }, parts.gateways);
    closing.push(() => services.stop());
    await services.start();
    const { idleUploadDays } = settings;
    const upkeep = startUpkeep({ segment, clock, log, idleUploadDays });
    closing.push(() => upkeep.stop());
    const daemon = { version: parts.version, dataDirectory, pid: process.pid, startedMs };
    const admin = await openAdminServer({ segment, services, daemon, clock, log });
    closing.push(() => admin.close(DRAIN_MS));
    const socket = await socketPath(dataDirectory, parts.registry);
    await admin.listenUnix(socket);
    const adminAddress = address === undefined ? undefined : await admin.listenTcp(address, tls);
    closing.push(await register(parts, segment, { socket, dataDirectory }));
    return { segment, socket, adminAddress, close };
  } catch (error) {
    await close().catch((thrown: unknown) => log.error({ cause: String(thrown) }, "closing failed"));
    throw error;
  }
}

/** @throws BAD_CONFIG (the key is there) */
async function giveUpKey(engine: Engine, { dataDirectory }: DaemonSettings, log: Log): Promise<void> {
  await requireNoSegmentKey(dataDirectory);
  const keyCount = await forgetSegmentKey(engine.records);
  log.warn(
    { accessKeys: keyCount },
    "the access keys of all users were given up: efscli user rotate makes new ones",
  );
}

/** The registry is a convenience: a daemon whose user has no home runs all the same. */
async function register(
  { registry, log }: DaemonParts,
  segment: Segment,
  where: { readonly socket: string; readonly dataDirectory: string },
): Promise<() => Promise<void>> {
  try {
    return await registerSegment(registry, { ...where, name: segment.name, guid: segment.guid });
  } catch (error) {
    const facts = { directory: registryDirectory(registry), cause: String(error) };
    log.warn(facts, "not registered: efscli needs --endpoint to find this segment");
    return async () => {};
  }
}

/** In the data directory; where that is too long for a Unix socket, in the registry's. @throws BAD_CONFIG */
async function socketPath(dataDirectory: string, registry: RegistryPlace): Promise<string> {
  const usual = path.join(dataDirectory, SOCKET_FILE);
  if (utf8(usual).length <= SOCKET_PATH_BYTES_MAX) return usual;
  const short = path.join(registryDirectory(registry), `${process.pid}.sock`);
  if (utf8(short).length <= SOCKET_PATH_BYTES_MAX) {
    await mkdir(path.dirname(short), { recursive: true, mode: 0o700 });
    return short;
  }
  throw new EfsError(
    "BAD_CONFIG",
    `a Unix socket's path has at most ${SOCKET_PATH_BYTES_MAX} bytes, too few for ${usual} and for ${short}`,
    { hint: "use a data directory with a shorter path, or set XDG_RUNTIME_DIR" },
  );
}

/** @throws BAD_CONFIG */
function parseListen(text: string): Address {
  try {
    return parseAddress(text);
  } catch (cause) {
    throw new EfsError("BAD_CONFIG", `cannot listen on ${JSON.stringify(text)}: it is not HOST:PORT`, {
      hint: "as in --admin-listen 127.0.0.1:8080",
      cause,
    });
  }
}

/** @throws BAD_CONFIG */
async function readTls({ tlsCertificate, tlsKey }: DaemonConfig["admin"]): Promise<Tls | undefined> {
  if (tlsCertificate === undefined || tlsKey === undefined) return undefined;
  return { certificate: await readPem(tlsCertificate), key: await readPem(tlsKey) };
}

async function readPem(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new EfsError("BAD_CONFIG", `cannot read ${file} (${systemCode(cause) ?? "unknown cause"})`, {
      cause,
    });
  }
}

export function describe(
  daemon: Daemon,
  settings: DaemonSettings,
): Readonly<Record<string, string | number>> {
  const { segment, socket, adminAddress } = daemon;
  return {
    name: segment.name,
    systemGuid: segment.guid,
    segmentId: segment.id,
    dataDirectory: settings.dataDirectory,
    socket,
    ...(adminAddress === undefined ? {} : { adminListen: formatAddress(adminAddress) }),
    pid: process.pid,
  };
}
