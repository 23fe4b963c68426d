/** Which bucket's website a request is for, and which key: by host (a domain of the service, or a bucket named like the host), else by path. */
import { isIP } from "node:net";
import { addressed } from "../http/addressing.ts";
import type { Incoming } from "../http/incoming.ts";
import { urlEncoded } from "../listing.ts";

export interface SiteAddress {
  readonly bucket: string;
  /** undefined: the root. */
  readonly key: string | undefined;
  /** What stands before the key in addresses: empty, or `/bucket`. */
  readonly base: string;
  /** With the question mark; empty: none. */
  readonly query: string;
}

/** `isBucket` tells whether a bucket of that name is served. @throws InvalidURI, InvalidBucketName; undefined: no bucket is named */
export async function siteAddress(
  { target, headers }: Incoming,
  domains: readonly string[],
  isBucket: (name: string) => Promise<boolean>,
): Promise<SiteAddress | undefined> {
  const given = headers.get("host") ?? "";
  const host = given.replace(/:\d*$/, "").toLowerCase();
  const mark = target.indexOf("?");
  const query = mark < 0 ? "" : target.slice(mark);
  const isBelow = domains.some((domain) => host.endsWith(`.${domain}`));
  const isNamed = !isBelow && /^[a-z0-9.-]{3,63}$/.test(host) && isIP(host) === 0 && (await isBucket(host));
  const path = mark < 0 ? target : target.slice(0, mark);
  const found = isNamed
    ? addressed(path, `${host}.${NAMED_DOMAIN}`, [NAMED_DOMAIN])
    : addressed(path, given, domains);
  const { bucket, key } = found;
  if (bucket === undefined) return undefined;
  return { bucket, key, base: isNamed || isBelow ? "" : `/${urlEncoded(bucket)}`, query };
}

const NAMED_DOMAIN = "named";

/** A key behind a site's base. A leading slash is encoded: `//host` would lead elsewhere. */
export function locationOf({ base }: SiteAddress, key: string): string {
  return `${base}/${urlEncoded(key).replace(/^\/+/, (slashes) => "%2F".repeat(slashes.length))}`;
}
