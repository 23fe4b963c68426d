/** Addresses that people write: `host:port`, `[ipv6]:port`. */
import { isIP, isIPv4 } from "node:net";
import { EfsError } from "../../base/errors.ts";

export interface Address {
  /** A host name or an IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** @throws BAD_VALUE when it is no address, or has no port and `defaultPort` is undefined */
export function parseAddress(text: string, defaultPort?: number): Address {
  const match = /^(?:\[([^[\]]+)\]|([^:[\]/\s]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  const isHost = match?.[1] === undefined ? isHostName(host ?? "") : isIP(match[1]) === 6;
  if (host === undefined || port === undefined || !isHost || port > 65535) {
    throw new EfsError("BAD_VALUE", "it is no address", {
      hint: "write HOST:PORT, as in 10.0.0.1:14000 or [::1]:14000",
    });
  }
  return { host, port };
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** True when only programs on this machine can reach the host's address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

function isHostName(host: string): boolean {
  return host.length <= 253 && /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(host);
}
