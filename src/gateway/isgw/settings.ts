/**
 * Settings of an isgw service: from `X-ISGW-…` text to values, and every complaint with what to type. Keys and numbers
 * are EdgeFS's; `X-ISGW-Interval` is ours.
 */
import { utf8 } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import { parseDuration } from "../../base/units.ts";
import { parseServedPath, type ServedPath } from "../../model/names.ts";
import { type ServiceRecord, settingOf } from "../../model/service.ts";

export const PORT_DEFAULT = 14000;
const LISTEN_DEFAULT = `0.0.0.0:${PORT_DEFAULT}`;
const INTERVAL_MS_DEFAULT = 1000;
const INTERVAL_MS_MIN = 50;
const INTERVAL_MS_MAX = 60_000;

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export type Replication = "initial" | "continuous" | "initial+continuous";

interface CommonSettings {
  /** Empty: the link has no auth key. */
  readonly key: Uint8Array;
  readonly served: readonly ServedPath[];
  readonly servedTexts: readonly string[];
}

export interface SenderSettings extends CommonSettings {
  readonly direction: "send";
  readonly remote: Endpoint;
  /** Where it listens only to answer a misdirected dialler; undefined: it does not. */
  readonly listen: Endpoint | undefined;
  readonly replication: Replication;
  /** Longest wait that gathers changes into one batch. */
  readonly intervalMs: number;
}

export interface ReceiverSettings extends CommonSettings {
  readonly direction: "receive";
  readonly listen: Endpoint;
}

export type IsgwSettings = SenderSettings | ReceiverSettings;

const REPLICATIONS: Readonly<Record<string, Replication>> = {
  "1": "initial",
  "2": "continuous",
  "3": "initial+continuous",
};

/** @throws SERVICE_INCOMPLETE, BAD_VALUE, BAD_NAME, UNSUPPORTED naming the setting and what to type */
export function parseSettings(service: ServiceRecord): IsgwSettings {
  refuseUnsupported(service);
  const direction = settingOf(service, "X-ISGW-Direction");
  const common = {
    key: parseKey(service),
    served: service.served.map((path) => parsePath(service, path)),
    servedTexts: service.served,
  };
  if (direction === "2") return { ...common, direction: "receive", listen: receiverListen(service) };
  if (direction === "3") {
    throw new EfsError("UNSUPPORTED", "X-ISGW-Direction 3 (both ways) is not supported yet", {
      hint: `make one service that sends and one that receives: ${config(service, "X-ISGW-Direction", "1")}`,
    });
  }
  if (direction === undefined) throw incomplete(service, "X-ISGW-Direction", "1", "(1 sends, 2 receives)");
  if (direction !== "1") throw badValue(service, "X-ISGW-Direction", "1", "1 sends, 2 receives");
  return { ...common, direction: "send", ...senderOnly(service) };
}

/** The command that sets one setting. */
export function config(service: { readonly name: string }, key: string, value: string): string {
  return `efscli service config ${service.name} ${key} ${value}`;
}

export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.host.includes(":")
    ? `[${endpoint.host}]:${endpoint.port}`
    : `${endpoint.host}:${endpoint.port}`;
}

/** `host:port`, `[v6]:port`; the port may be left out. undefined when it is neither. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^\s:/[\]@]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? PORT_DEFAULT : Number(match[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

function senderOnly(service: ServiceRecord): Omit<SenderSettings, keyof CommonSettings | "direction"> {
  const remoteText = settingOf(service, "X-ISGW-Remote");
  if (remoteText === undefined)
    throw incomplete(service, "X-ISGW-Remote", "ccow://HOST:PORT", "(the receiver's address)");
  if (/^(file|s3):\/\//.test(remoteText)) {
    throw new EfsError("UNSUPPORTED", `X-ISGW-Remote: ${remoteText.split(":")[0]}:// is not supported yet`, {
      hint: config(service, "X-ISGW-Remote", "ccow://HOST:PORT"),
    });
  }
  const remote = remoteText.startsWith("ccow://") ? parseEndpoint(remoteText.slice(7)) : undefined;
  if (remote === undefined || remote.port === 0) {
    throw badValue(service, "X-ISGW-Remote", "ccow://HOST:PORT", "the form is ccow://HOST:PORT");
  }
  const replication = REPLICATIONS[settingOf(service, "X-ISGW-Replication") ?? "3"];
  if (replication === undefined) {
    throw badValue(service, "X-ISGW-Replication", "3", "1 initial, 2 continuous, 3 initial and continuous");
  }
  const localText = settingOf(service, "X-ISGW-Local");
  const listen = localText === undefined ? undefined : listenEndpoint(service, localText);
  return { remote, replication, listen, intervalMs: parseInterval(service) };
}

function receiverListen(service: ServiceRecord): Endpoint {
  const remote = settingOf(service, "X-ISGW-Remote");
  if (remote !== undefined) {
    throw new EfsError(
      "BAD_VALUE",
      "X-ISGW-Remote is set, and a receiver dials nobody: the sender dials it",
      {
        hint: config(service, "X-ISGW-Remote", "-"),
      },
    );
  }
  return listenEndpoint(service, settingOf(service, "X-ISGW-Local") ?? LISTEN_DEFAULT);
}

function listenEndpoint(service: ServiceRecord, text: string): Endpoint {
  const listen = parseEndpoint(text);
  if (listen === undefined) throw badValue(service, "X-ISGW-Local", LISTEN_DEFAULT, "the form is HOST:PORT");
  return listen;
}

function parseInterval(service: ServiceRecord): number {
  const text = settingOf(service, "X-ISGW-Interval");
  if (text === undefined) return INTERVAL_MS_DEFAULT;
  const intervalMs = /^\d+(\.\d+)?(ms|s|m|h|d)$/.test(text) ? parseDuration(text) : Number.NaN;
  if (!(intervalMs >= INTERVAL_MS_MIN && intervalMs <= INTERVAL_MS_MAX)) {
    throw badValue(service, "X-ISGW-Interval", "1s", "50ms to 60s");
  }
  return intervalMs;
}

/** `key:key` in base64, as EdgeFS keeps it: the two halves are the same. */
function parseKey(service: ServiceRecord): Uint8Array {
  const text = settingOf(service, "X-ISGW-Basic-Auth");
  if (text === undefined) return new Uint8Array(0);
  const plain = Buffer.from(text, "base64").toString("utf8");
  const half = (plain.length - 1) / 2;
  const key = plain.slice(0, half);
  if (!Number.isInteger(half) || half < 1 || plain[half] !== ":" || plain.slice(half + 1) !== key) {
    throw new EfsError("BAD_VALUE", "X-ISGW-Basic-Auth is not the base64 of KEY:KEY", {
      hint: config(service, "X-ISGW-Basic-Auth", "-"),
    });
  }
  return utf8(key);
}

function parsePath(service: ServiceRecord, text: string): ServedPath {
  const comma = text.indexOf(",");
  if (comma < 0) return parseServedPath(text);
  const path = text.slice(0, comma);
  throw new EfsError(
    "UNSUPPORTED",
    `options behind a served path are not supported yet: ${text.slice(comma)}`,
    {
      hint: `efscli service unserve ${service.name} ${text}; efscli service serve ${service.name} ${path}`,
    },
  );
}

function refuseUnsupported(service: ServiceRecord): void {
  const metadataOnly = settingOf(service, "X-ISGW-MDOnly");
  if (metadataOnly !== undefined && metadataOnly !== "0") {
    if (metadataOnly !== "1" && metadataOnly !== "2")
      throw badValue(service, "X-ISGW-MDOnly", "0", "0, 1 or 2");
    throw new EfsError("UNSUPPORTED", `X-ISGW-MDOnly ${metadataOnly} (metadata only) is not supported yet`, {
      hint: config(service, "X-ISGW-MDOnly", "0"),
    });
  }
  const tunnel = settingOf(service, "X-ISGW-Encrypted-Tunnel");
  if (tunnel !== undefined && tunnel !== "0") {
    throw new EfsError("UNSUPPORTED", "X-ISGW-Encrypted-Tunnel is not supported yet", {
      hint: config(service, "X-ISGW-Encrypted-Tunnel", "-"),
    });
  }
}

function incomplete(service: ServiceRecord, key: string, value: string, meaning: string): EfsError {
  return new EfsError("SERVICE_INCOMPLETE", `service ${service.name}: ${key} is not set ${meaning}`, {
    hint: config(service, key, value),
    details: { service: service.name, setting: key },
  });
}

function badValue(service: ServiceRecord, key: string, example: string, rule: string): EfsError {
  return new EfsError("BAD_VALUE", `service ${service.name}: ${key} has a value out of its range: ${rule}`, {
    hint: config(service, key, example),
    details: { service: service.name, setting: key },
  });
}
