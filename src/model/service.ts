/**
 * A configured gateway: its type, its `X-…` settings in print order, the paths that it serves. Keys, start values and
 * numbers are EdgeFS's. The secret of a setting never leaves through `publicSettings`.
 */
import type { ServiceName } from "./names.ts";

export const SERVICE_TYPES = ["isgw", "s3", "s3s"] as const;
export type ServiceType = (typeof SERVICE_TYPES)[number];

export interface ServiceRecord {
  readonly name: ServiceName;
  readonly type: ServiceType;
  readonly isEnabled: boolean;
  /** In stored order, `X-Service-Name` and `X-Service-Type` and `X-Status` not among them. `-` is unset. */
  readonly settings: ReadonlyArray<readonly [key: string, value: string]>;
  /** Paths as text, with options after a comma. */
  readonly served: readonly string[];
  /** Rises with every change; a check against lost updates. */
  readonly revision: number;
}

/** What `service create isgw NAME` starts with, besides name, type and status. */
export const ISGW_START_SETTINGS: ReadonlyArray<readonly [key: string, value: string]> = [
  ["X-Description", "Inter Segment Gateway"],
  ["X-Auth-Type", "disabled"],
  ["X-Servers", "-"],
  ["X-ISGW-Local", "-"],
  ["X-ISGW-DFLocal", "-"],
  ["X-ISGW-Remote", "-"],
  ["X-Container-Network", "-"],
  ["X-ISGW-Basic-Auth", "-"],
  ["X-ISGW-Direction", "-"],
  ["X-ISGW-Replication", "-"],
  ["X-ISGW-MDOnly", "-"],
  ["X-ISGW-Number-Of-Connections", "2"],
  ["X-ISGW-Encrypted-Tunnel", "-"],
];

/** Of s3; `X-Auth-Type` differs from EdgeFS's `disabled`: whoever forgets it is safe. */
const S3_START_SETTINGS: ReadonlyArray<readonly [key: string, value: string]> = [
  ["X-Description", "S3 Object"],
  ["X-Region", "-"],
  ["X-Servers", "-"],
  ["X-Auth-Type", "key_secret"],
  ["X-Need-MD5", "true"],
  ["X-ACL-On", "false"],
  ["X-List-Max-Size", "1000"],
  ["X-List-Cache", "true"],
  ["X-List-All-Buckets", "true"],
  ["X-HTTP-Port", "9982"],
  ["X-HTTPS-Port", "9443"],
  ["X-HTTPS-Key", "-"],
  ["X-HTTPS-Cert", "-"],
  ["X-Ciphers", "-"],
  ["X-Default-Tenant", "-"],
  ["X-Default-Owner", "-"],
  ["X-Trust-Proxy", "true"],
  ["X-Access-Log", "false"],
  ["X-Number-Of-Versions", "1"],
];

const S3S_OWN_SETTINGS = new Map([
  ["X-Description", "S3 Object DNS bucket style"],
  ["X-HTTP-Port", "9983"],
  ["X-HTTPS-Port", "9444"],
]);

/** What `service create TYPE NAME` starts with, besides name, type and status. */
export const START_SETTINGS: Readonly<Record<ServiceType, ServiceRecord["settings"]>> = {
  isgw: ISGW_START_SETTINGS,
  s3: S3_START_SETTINGS,
  s3s: [
    ...S3_START_SETTINGS.map(([key, value]) => [key, S3S_OWN_SETTINGS.get(key) ?? value] as const),
    ["X-Domain", "example.com"],
  ],
};

/** True for services that speak S3: they serve one tenant. */
export function isS3({ type }: Pick<ServiceRecord, "type">): boolean {
  return type === "s3" || type === "s3s";
}

/** The order in which known settings are shown (the seed's); others follow in stored order, `X-Status` comes last. */
export const SETTING_ORDER: readonly string[] = [
  "X-Service-Name",
  "X-Service-Type",
  "X-Service-Worker",
  "X-Servers",
  "X-Auth-Type",
  "X-Description",
  "X-ISGW-Local",
  "X-ISGW-DFLocal",
  "X-ISGW-Encrypted-Tunnel",
  "X-Container-Network",
  "X-ISGW-Basic-Auth",
  "X-ISGW-Remote",
  "X-ISGW-Role",
  "X-ISGW-Direction",
  "X-ISGW-Replication",
  "X-ISGW-Force",
  "X-ISGW-MDOnly",
];

/** Settings whose value is a secret: shown as `(set)` or `-`. */
export const SECRET_SETTINGS: ReadonlySet<string> = new Set(["X-ISGW-Basic-Auth"]);

export function settingOf(service: ServiceRecord, key: string): string | undefined {
  const value = service.settings.find(([candidate]) => candidate === key)?.[1];
  return value === "-" ? undefined : value;
}

/** Settings that name a webhook by what follows: a URL, which may hold a user and a password. */
export const WEBHOOK_PREFIX = "X-Webhook-";

export function publicValue(key: string, value: string): string {
  if (key.startsWith(WEBHOOK_PREFIX)) return value.replace(/\/\/[^/?#]*@/, "//(set)@");
  return SECRET_SETTINGS.has(key) && value !== "-" ? "(set)" : value;
}
