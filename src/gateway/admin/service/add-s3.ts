/** `service add s3`: which flags fit, and the settings that they make of EdgeFS's start values. */
import type { AddServiceFields } from "../../../api/service-schema.ts";
import { EfsError } from "../../../base/errors.ts";
import { type ServiceRecord, type ServiceType, START_SETTINGS } from "../../../model/service.ts";
import { storedValue } from "./settings.ts";

type Flags = Readonly<Partial<Record<keyof AddServiceFields, string>>>;

/** Fields to the flags that give them. */
export const S3_FLAGS: Flags = { host: "--listen HOST without a port", port: "--port", domain: "--domain" };
const ISGW_FLAGS: Flags = {
  remote: "--remote",
  listen: "--listen HOST:PORT",
  direction: "--direction",
  replication: "--replication",
  authKey: "--auth-key-file",
  intervalMs: "--interval",
};

export function flagsGiven(fields: AddServiceFields, flags: Flags): readonly string[] {
  const names = Object.keys(flags) as ReadonlyArray<keyof AddServiceFields>;
  return names.filter((name) => fields[name] !== undefined).map((name) => flags[name] ?? name);
}

/** @throws SERVICE_INCOMPLETE, BAD_VALUE */
export function s3Settings(type: ServiceType, fields: AddServiceFields): ServiceRecord["settings"] {
  const { host, port, domain, serve } = fields;
  const faults = flagsGiven(fields, ISGW_FLAGS).map((flag) => `${flag} does not fit type ${type}`);
  if (serve.length === 0) faults.push("--serve CLUSTER/TENANT is missing");
  if (faults.length > 0) {
    throw new EfsError("SERVICE_INCOMPLETE", `the service was not made: ${faults.join("; ")}`, {
      hint: `efscli service add ${type} NAME --serve CLUSTER/TENANT [--listen HOST] [--port PORT]`,
    });
  }
  const given = new Map<string, string>();
  if (host !== undefined) given.set("X-Listen", storedValue("X-Listen", host));
  if (port !== undefined) given.set("X-HTTP-Port", storedValue("X-HTTP-Port", String(port)));
  if (domain !== undefined) given.set("X-Domain", storedValue("X-Domain", domain));
  const start = START_SETTINGS[type];
  const further = [...given].filter(([key]) => !start.some(([known]) => known === key));
  return [...start.map(([key, value]) => [key, given.get(key) ?? value] as const), ...further];
}
