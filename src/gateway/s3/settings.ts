/**
 * Settings of a service of type s3 or s3s: from `X-…` text to values, and every complaint with what to type. Keys and start values are EdgeFS's, `X-Listen`
 * is ours. Without effect, kept because EdgeFS had them: X-Servers, X-Need-MD5 (always), X-ACL-On (ACLs are canned ones), X-List-Cache,
 * X-Default-Tenant, X-Default-Owner.
 */
import { BlockList, isIP } from "node:net";
import { EfsError } from "../../base/errors.ts";
import { parseTenantPath, type TenantPath } from "../../model/names.ts";
import { type ServiceRecord, settingOf, WEBHOOK_PREFIX } from "../../model/service.ts";
import { WEBHOOK_NAME } from "./notification/notification.ts";

const LIST_MAX = 1000;
const VERSIONS_MAX = 1000;
const LOOPBACK = "127.0.0.1";
const EXAMPLE_PORTS: Readonly<Record<string, string>> = { "X-HTTPS-Port": "9443", "X-Website-Port": "9980" };

export interface S3Settings {
  /** undefined: nothing is served yet. */
  readonly tenant: TenantPath | undefined;
  /** `disabled`: every request is the tenant's admin, whoever sends it. */
  readonly auth: "key_secret" | "disabled";
  /** Region that signatures must name; undefined: any. */
  readonly region: string | undefined;
  /** Lower case; hosts below them name the bucket. */
  readonly domains: readonly string[];
  /** undefined: all interfaces. */
  readonly host: string | undefined;
  readonly httpPort: number | undefined;
  readonly https: HttpsSettings | undefined;
  readonly listMax: number;
  /** False: only admins see the list of buckets. */
  readonly mayListBuckets: boolean;
  readonly hasAccessLog: boolean;
  readonly versionsKept: number;
  /** By name, of X-Webhook-NAME. */
  readonly webhooks: ReadonlyMap<string, URL>;
  /** undefined: buckets are not served as websites. */
  readonly website: WebsiteSettings | undefined;
  /** Whether what a proxy at this address says of its client is believed. */
  readonly isProxy: (address: string) => boolean;
}

export interface WebsiteSettings {
  readonly port: number;
  /** Lower case; hosts below them name the bucket. */
  readonly domains: readonly string[];
}

export interface HttpsSettings {
  readonly port: number;
  /** Files, PEM. */
  readonly key: string;
  readonly certificate: string;
  readonly ciphers: string | undefined;
}

/** @throws SERVICE_INCOMPLETE, BAD_VALUE naming the setting and what to type */
export function parseS3Settings(service: ServiceRecord): S3Settings {
  const auth = settingOf(service, "X-Auth-Type") ?? "disabled";
  if (auth !== "key_secret" && auth !== "disabled") {
    throw badValue(service, "X-Auth-Type", "key_secret", "key_secret or disabled");
  }
  const httpPort = portOf(service, "X-HTTP-Port");
  const https = httpsOf(service);
  if (httpPort === undefined && https === undefined) {
    throw new EfsError("SERVICE_INCOMPLETE", `service ${service.name}: it has no port to listen on`, {
      hint: config(service, "X-HTTP-Port", "9982"),
    });
  }
  if (https !== undefined && https.port === httpPort && httpPort !== 0) {
    throw badValue(service, "X-HTTPS-Port", "9443", "X-HTTP-Port has the same port");
  }
  return {
    tenant: tenantOf(service),
    auth,
    region: settingOf(service, "X-Region"),
    domains: domainsOf(service),
    host: hostOf(service, auth),
    httpPort,
    https,
    listMax: countOf(service, "X-List-Max-Size", LIST_MAX) ?? LIST_MAX,
    mayListBuckets: isOn(service, "X-List-All-Buckets", true),
    hasAccessLog: isOn(service, "X-Access-Log", false),
    versionsKept: countOf(service, "X-Number-Of-Versions", VERSIONS_MAX) ?? 1,
    webhooks: webhooksOf(service),
    website: websiteOf(service, [httpPort, https?.port]),
    isProxy: proxiesOf(service),
  };
}

/** The command that sets one setting. */
export function config({ name }: { readonly name: string }, key: string, value: string): string {
  return `efscli service config ${name} ${key} ${value}`;
}

function tenantOf(service: ServiceRecord): TenantPath | undefined {
  const [path, ...others] = service.served;
  if (others.length > 0) {
    throw new EfsError("BAD_VALUE", `service ${service.name}: an s3 service serves one tenant`, {
      hint: `efscli service unserve ${service.name} ${others[0]}`,
    });
  }
  return path === undefined ? undefined : parseTenantPath(path);
}

/** Without signatures anybody who reaches the port is an admin: only this machine may. */
function hostOf(service: ServiceRecord, auth: S3Settings["auth"]): string | undefined {
  const host = settingOf(service, "X-Listen");
  if (host !== undefined && !/^[A-Za-z0-9.:_-]{1,253}$/.test(host)) {
    throw badValue(service, "X-Listen", LOOPBACK, "a host name or an IP address, without a port");
  }
  if (auth === "key_secret") return host;
  if (host === undefined || isLoopback(host)) return host ?? LOOPBACK;
  throw new EfsError(
    "BAD_VALUE",
    `service ${service.name}: X-Auth-Type disabled makes everybody an admin, so it does not go with X-Listen ${host}`,
    {
      hint: `${config(service, "X-Listen", LOOPBACK)}, or ${config(service, "X-Auth-Type", "key_secret")}`,
      details: { service: service.name, setting: "X-Listen" },
    },
  );
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function portOf(service: ServiceRecord, key: string): number | undefined {
  const text = settingOf(service, key);
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw badValue(service, key, EXAMPLE_PORTS[key] ?? "9982", "a port from 0 to 65535, or -");
}

function httpsOf(service: ServiceRecord): HttpsSettings | undefined {
  const key = settingOf(service, "X-HTTPS-Key");
  const certificate = settingOf(service, "X-HTTPS-Cert");
  if (key === undefined && certificate === undefined) return undefined;
  if (key === undefined || certificate === undefined) {
    const missing = key === undefined ? "X-HTTPS-Key" : "X-HTTPS-Cert";
    throw new EfsError(
      "SERVICE_INCOMPLETE",
      `service ${service.name}: ${missing} is not set, and HTTPS needs both key and certificate`,
      { hint: config(service, missing, "/PATH/TO/FILE.pem") },
    );
  }
  const port = portOf(service, "X-HTTPS-Port");
  if (port === undefined) return undefined;
  return { port, key, certificate, ciphers: settingOf(service, "X-Ciphers") };
}

function websiteOf(
  service: ServiceRecord,
  taken: ReadonlyArray<number | undefined>,
): WebsiteSettings | undefined {
  const port = portOf(service, "X-Website-Port");
  if (port === undefined) return undefined;
  if (port !== 0 && taken.includes(port)) {
    throw badValue(service, "X-Website-Port", "9980", "the service has this port already");
  }
  return { port, domains: domainsIn(service, "X-Website-Domain") };
}

/** @throws BAD_VALUE naming the setting, never showing the URL: it may hold a password */
function webhooksOf(service: ServiceRecord): ReadonlyMap<string, URL> {
  const webhooks = new Map<string, URL>();
  for (const [key, text] of service.settings) {
    if (!key.startsWith(WEBHOOK_PREFIX) || text === "-") continue;
    const name = key.slice(WEBHOOK_PREFIX.length);
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!WEBHOOK_NAME.test(name) || url === undefined || !/^https?:$/.test(url.protocol)) {
      throw badValue(service, key, "https://HOST/PATH", "an http:// or https:// URL");
    }
    webhooks.set(name, url);
  }
  return webhooks;
}

/** One domain or several, parted by commas. s3s cannot be without. */
function domainsOf(service: ServiceRecord): readonly string[] {
  const text = settingOf(service, "X-Domain");
  if (text === undefined) {
    if (service.type !== "s3s") return [];
    throw new EfsError(
      "SERVICE_INCOMPLETE",
      `service ${service.name}: X-Domain is not set, below which hosts name buckets`,
      {
        hint: config(service, "X-Domain", "s3.example.com"),
      },
    );
  }
  return domainsIn(service, "X-Domain");
}

function domainsIn(service: ServiceRecord, key: string): readonly string[] {
  const text = settingOf(service, key);
  if (text === undefined) return [];
  const domains = text
    .toLowerCase()
    .split(",")
    .map((domain) => domain.trim());
  if (domains.every((domain) => /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(domain))) return domains;
  throw badValue(service, key, "s3.example.com", "a domain, or several parted by commas");
}

function countOf(service: ServiceRecord, key: string, max: number): number | undefined {
  const text = settingOf(service, key);
  if (text === undefined) return undefined;
  const count = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= max) return count;
  throw badValue(service, key, String(Math.min(max, 1000)), `1 to ${max}`);
}

function isOn(service: ServiceRecord, key: string, otherwise: boolean): boolean {
  const text = settingOf(service, key);
  if (text === undefined) return otherwise;
  if (text === "true" || text === "false") return text === "true";
  throw badValue(service, key, String(otherwise), "true or false");
}

/** `true`: proxies on this machine; addresses and networks: those too; `false`: none. */
function proxiesOf(service: ServiceRecord): (address: string) => boolean {
  const text = settingOf(service, "X-Trust-Proxy") ?? "false";
  if (text === "false") return () => false;
  const proxies = new BlockList();
  proxies.addSubnet("127.0.0.0", 8, "ipv4");
  proxies.addAddress("::1", "ipv6");
  for (const part of text === "true" ? [] : text.split(",")) addProxy(service, proxies, part.trim());
  return (address) => {
    const plain = address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
    const family = isIP(plain);
    return family !== 0 && proxies.check(plain, family === 4 ? "ipv4" : "ipv6");
  };
}

function addProxy(service: ServiceRecord, proxies: BlockList, text: string): void {
  const [address = "", bits] = text.split("/");
  const family = isIP(address);
  const type = family === 4 ? "ipv4" : "ipv6";
  try {
    if (family === 0) throw new EfsError("BAD_VALUE", "no address");
    if (bits === undefined) proxies.addAddress(address, type);
    else proxies.addSubnet(address, /^\d{1,3}$/.test(bits) ? Number(bits) : -1, type);
  } catch {
    throw badValue(
      service,
      "X-Trust-Proxy",
      "true",
      "true, false, or addresses and networks parted by commas",
    );
  }
}

function badValue(service: ServiceRecord, key: string, example: string, rule: string): EfsError {
  return new EfsError("BAD_VALUE", `service ${service.name}: ${key} has a value out of its range: ${rule}`, {
    hint: config(service, key, example),
    details: { service: service.name, setting: key },
  });
}
