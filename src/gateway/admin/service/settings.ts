/**
 * What the known settings of a service may hold, and how words and addresses become what is stored. Keys and numbers are EdgeFS's
 * (`-` is unset). Keys that are not known here are the admin's own and kept as text.
 */
import { utf8 } from "../../../base/bytes.ts";
import { EfsError } from "../../../base/errors.ts";
import { parseDuration } from "../../../base/units.ts";
import { SECRET_SETTINGS } from "../../../model/service.ts";
import { formatAddress, parseAddress } from "../address.ts";

export const INTERVAL_SETTING = "X-ISGW-Interval";
export const INTERVAL_MS_MIN = 50;
export const INTERVAL_MS_MAX = 60_000;
const AUTH_KEY_BYTES_MAX = 255;
const CONNECTIONS_MAX = 16;

type Parse = (value: string) => string;

/** The value as it is stored. @throws BAD_VALUE, UNSUPPORTED naming the key */
export function storedValue(key: string, value: string): string {
  if (value === "-") return value;
  if (value === "") throw badValue(key, value, "give a value, or - to unset the key");
  const parse = PARSERS[key] ?? freeText;
  try {
    return parse(value);
  } catch (error) {
    if (!(error instanceof EfsError)) throw error;
    const options = { hint: error.hint, details: { setting: key } };
    const shown = SECRET_SETTINGS.has(key) ? "" : ` ${JSON.stringify(value.slice(0, 100))}`;
    throw new EfsError(error.code, `${key} cannot be${shown}: ${error.message}`, options);
  }
}

/** base64 of `key:key`, as EdgeFS's page stored it. @throws BAD_VALUE */
export function storedAuthKey(key: string): string {
  const sizeBytes = utf8(key).length;
  if (sizeBytes === 0 || sizeBytes > AUTH_KEY_BYTES_MAX || /[\p{Cc}:]/u.test(key)) {
    throw new EfsError(
      "BAD_VALUE",
      `an auth key has 1 to ${AUTH_KEY_BYTES_MAX} bytes, no colon and no control character`,
    );
  }
  return base64(`${key}:${key}`);
}

const SWITCH: Readonly<Record<string, string>> = { true: "true", false: "false", on: "true", off: "false" };

const PARSERS: Readonly<Record<string, Parse>> = {
  "X-Service-Name": fixed("a service keeps its name", "efscli service create isgw NAME"),
  "X-Service-Type": fixed("a service keeps its type", "efscli service create isgw NAME"),
  "X-Status": fixed("the status is not set by hand", "efscli service enable NAME, or disable"),
  "X-Auth-Type": oneOf({ disabled: "disabled", key_secret: "key_secret" }),
  "X-HTTP-Port": port,
  "X-HTTPS-Port": port,
  "X-Website-Port": port,
  "X-Listen": (value) =>
    parseAddress(value.includes(":") ? `[${value.replace(/^\[|\]$/g, "")}]` : value, 0).host,
  "X-Need-MD5": oneOf(SWITCH),
  "X-ACL-On": oneOf(SWITCH),
  "X-List-Cache": oneOf(SWITCH),
  "X-List-All-Buckets": oneOf(SWITCH),
  "X-Access-Log": oneOf(SWITCH),
  "X-List-Max-Size": counted(1000),
  "X-Number-Of-Versions": counted(1000),
  "X-ISGW-Local": (value) => formatAddress(parseAddress(value)),
  "X-ISGW-DFLocal": (value) => formatAddress(parseAddress(value)),
  "X-ISGW-Remote": remote,
  "X-ISGW-Basic-Auth": basicAuth,
  "X-ISGW-Role": oneOf({ "0": "0", "1": "1" }),
  "X-ISGW-Force": oneOf({ "0": "0", "1": "1" }),
  "X-ISGW-Direction": oneOf(
    { send: "1", "1": "1", receive: "2", "2": "2" },
    { "3": "both directions over one link", "send+receive": "both directions over one link" },
  ),
  "X-ISGW-Replication": oneOf({
    initial: "1",
    "1": "1",
    continuous: "2",
    "2": "2",
    "initial+continuous": "3",
    "3": "3",
  }),
  "X-ISGW-MDOnly": oneOf(
    { "0": "0", complete: "0" },
    { "1": "metadata only", "2": "metadata only", all: "metadata only", versions: "metadata only" },
  ),
  "X-ISGW-Encrypted-Tunnel": oneOf({ "0": "0", off: "0" }, { "1": "the tunnel", on: "the tunnel" }),
  "X-ISGW-Number-Of-Connections": connections,
  [INTERVAL_SETTING]: interval,
};

function port(value: string): string {
  const number = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (number <= 65_535) return String(number);
  throw new EfsError("BAD_VALUE", "a port goes from 0 (a free one) to 65535; - is none");
}

function counted(max: number): Parse {
  return (value) => {
    const count = /^\d{1,6}$/.test(value) ? Number(value) : 0;
    if (count >= 1 && count <= max) return String(count);
    throw new EfsError("BAD_VALUE", `it goes from 1 to ${max}`);
  };
}

/** `ccow://host:port`; the port is 14000 when it is left out. @throws BAD_VALUE, UNSUPPORTED */
function remote(value: string): string {
  const scheme = /^([a-z0-9]+):\/\//.exec(value)?.[1];
  if (scheme === "file" || scheme === "s3") {
    throw new EfsError("UNSUPPORTED", `${scheme}:// is not there yet`, { hint: "give ccow://HOST:PORT" });
  }
  if (scheme !== undefined && scheme !== "ccow") {
    throw new EfsError("BAD_VALUE", "it is no address of a segment", { hint: "give ccow://HOST:PORT" });
  }
  return `ccow://${formatAddress(parseAddress(value.replace("ccow://", ""), REMOTE_PORT))}`;
}
const REMOTE_PORT = 14000;

/** The key itself, `KEY:KEY`, or base64 of that. */
function basicAuth(value: string): string {
  if (value === "None") return "-";
  const plain = Buffer.from(value, "base64").toString("utf8");
  const key = doubledKey(base64(plain) === value ? plain : value);
  return storedAuthKey(key ?? value);
}

function doubledKey(text: string): string | undefined {
  const half = (text.length - 1) / 2;
  const key = text.slice(0, Math.max(0, half));
  return text.length >= 3 && text === `${key}:${key}` ? key : undefined;
}

/** Milliseconds as digits, or with a unit. */
function interval(value: string): string {
  const intervalMs = /^\d+$/.test(value) ? Number(value) : parseDuration(value);
  if (intervalMs >= INTERVAL_MS_MIN && intervalMs <= INTERVAL_MS_MAX) return `${intervalMs}ms`;
  throw new EfsError("BAD_VALUE", `it goes from ${INTERVAL_MS_MIN}ms to ${INTERVAL_MS_MAX / 1000}s`);
}

function connections(value: string): string {
  const count = /^\d{1,3}$/.test(value) ? Number(value) : 0;
  if (count >= 1 && count <= CONNECTIONS_MAX) return String(count);
  throw new EfsError("BAD_VALUE", `it goes from 1 to ${CONNECTIONS_MAX}`);
}

function freeText(value: string): string {
  if (/\p{Cc}/u.test(value)) throw new EfsError("BAD_VALUE", "it has a control character");
  return value;
}

function fixed(why: string, hint: string): Parse {
  return () => {
    throw new EfsError("BAD_VALUE", why, { hint });
  };
}

function oneOf(words: Readonly<Record<string, string>>, later: Readonly<Record<string, string>> = {}): Parse {
  return (value) => {
    const stored = Object.hasOwn(words, value) ? words[value] : undefined;
    if (stored !== undefined) return stored;
    if (Object.hasOwn(later, value)) throw new EfsError("UNSUPPORTED", `${later[value]} is not there yet`);
    throw new EfsError("BAD_VALUE", `it is one of ${Object.keys(words).join(", ")}`);
  };
}

function badValue(key: string, value: string, why: string): EfsError {
  return new EfsError("BAD_VALUE", `${key} cannot be ${JSON.stringify(value)}: ${why}`, {
    details: { setting: key },
  });
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
