/**
 * `service add`: a service made, configured, serving and enabled by one request in one commit. Everything is checked first, and what is missing or does
 * not fit is named by the flag that gives it; nothing half made stays behind.
 */
import type { AddIsgwFields, AddServiceFields } from "../../../api/service-schema.ts";
import { EfsError } from "../../../base/errors.ts";
import { formatServedPath, parseServedPath, parseServiceName } from "../../../model/names.ts";
import {
  SERVICE_TYPES,
  type ServiceRecord,
  type ServiceType,
  START_SETTINGS,
} from "../../../model/service.ts";
import { isLoopback, parseAddress } from "../address.ts";
import type { AdminContext } from "../context.ts";
import { flagsGiven, S3_FLAGS, s3Settings } from "./add-s3.ts";
import { requireEnableable, requireTenant, requireUnserved, servedPath } from "./change.ts";
import { INTERVAL_SETTING, storedAuthKey, storedValue } from "./settings.ts";

/** @throws BAD_VALUE when there is no such type */
export function parseServiceType(text: string): ServiceType {
  const type = SERVICE_TYPES.find((candidate) => candidate === text);
  if (type !== undefined) return type;
  throw new EfsError("BAD_VALUE", `there is no service type ${JSON.stringify(text.slice(0, 64))}`, {
    hint: `the types are: ${SERVICE_TYPES.join(", ")}`,
  });
}

/** A service with EdgeFS's start values, disabled. @throws BAD_NAME, BAD_VALUE, SERVICE_EXISTS */
export async function createService(
  context: AdminContext,
  type: string,
  name: string,
): Promise<ServiceRecord> {
  const known = parseServiceType(type);
  return context.segment.services.create({
    name: parseServiceName(name),
    type: known,
    isEnabled: false,
    settings: START_SETTINGS[known],
    served: [],
  });
}

/** @throws SERVICE_INCOMPLETE, SERVICE_EXISTS, ALREADY_SERVED, BAD_NAME, BAD_VALUE, UNSUPPORTED, *_NOT_FOUND */
export async function addService(context: AdminContext, fields: AddServiceFields): Promise<ServiceRecord> {
  const name = parseServiceName(fields.name);
  const type = parseServiceType(fields.type);
  const settings = type === "isgw" ? isgwSettings(fields) : s3Settings(type, fields);
  const served: string[] = [];
  for (const text of fields.serve) {
    const path = servedPath(text);
    requireUnserved(served, path);
    served.push(formatServedPath(path));
  }
  const service: ServiceRecord = { name, type, isEnabled: true, settings, served, revision: 0 };
  if (type !== "isgw") await requireTenants(context, service);
  await requireEnableable(context, service);
  const { revision: _, ...fresh } = service;
  const made = await context.segment.services.create(fresh);
  await context.services.changed(name);
  return made;
}

function isgwSettings(fields: AddServiceFields): ServiceRecord["settings"] {
  requireFitting(fields);
  return settingsOf(fields);
}

/** @throws BAD_VALUE, ALREADY_SERVED, TENANT_NOT_FOUND */
async function requireTenants({ segment }: AdminContext, { name, served }: ServiceRecord): Promise<void> {
  for (const [index, text] of served.entries()) {
    await requireTenant(segment, { name, served: served.slice(0, index) }, parseServedPath(text));
  }
}

/** All that is wrong with the flags at once. @throws SERVICE_INCOMPLETE */
function requireFitting(fields: AddServiceFields): void {
  const { direction, remote, listen, replication, serve, authKey, intervalMs } = fields;
  const faults = [...flagsGiven(fields, S3_FLAGS)].map((flag) => `${flag} does not fit type isgw`);
  if (direction === undefined) faults.push("--direction send|receive is missing");
  if (direction === "send") {
    if (remote === undefined) faults.push("--remote ccow://HOST:PORT is missing, where a sender sends to");
    if (listen !== undefined) faults.push("--listen does not fit --direction send: a sender dials");
  }
  if (direction === "receive") {
    if (listen === undefined) faults.push("--listen HOST:PORT is missing, where a receiver waits");
    if (remote !== undefined)
      faults.push("--remote does not fit --direction receive: a receiver waits for the sender");
    if (replication !== undefined)
      faults.push("--replication does not fit --direction receive: the sender decides");
    if (intervalMs !== undefined)
      faults.push("--interval does not fit --direction receive: the sender decides");
  }
  if (serve.length === 0) faults.push("--serve CLUSTER/TENANT[/BUCKET] is missing");
  if (authKey === undefined && !isLocalOnly(remote ?? listen)) {
    faults.push("--auth-key-file FILE is missing, which only a link within one machine may lack");
  }
  if (faults.length === 0) return;
  throw new EfsError("SERVICE_INCOMPLETE", `the service was not made: ${faults.join("; ")}`, {
    hint:
      "efscli service add isgw NAME --direction send --remote ccow://HOST:PORT --auth-key-file FILE --serve PATH, " +
      "or --direction receive --listen HOST:PORT --auth-key-file FILE --serve PATH",
  });
}

function isLocalOnly(text: string | undefined): boolean {
  if (text === undefined) return true;
  try {
    return isLoopback(parseAddress(text.replace("ccow://", ""), 0).host);
  } catch {
    // The setting's own check says what is wrong with it.
    return true;
  }
}

/** The seed's lines in the seed's order. */
function settingsOf(fields: AddIsgwFields): ServiceRecord["settings"] {
  const { direction = "-", remote, listen, replication, authKey, intervalMs } = fields;
  const replicated = direction === "send" ? (replication ?? "initial+continuous") : "-";
  const settings: Array<readonly [string, string]> = [
    ["X-Service-Worker", "isgwserv"],
    ["X-Servers", "-"],
    ["X-Auth-Type", "disabled"],
    ["X-Description", "Inter Segment Gateway"],
    ["X-ISGW-Local", listen ?? "-"],
    ["X-ISGW-DFLocal", "-"],
    ["X-ISGW-Encrypted-Tunnel", "-"],
    ["X-Container-Network", "-"],
    ["X-ISGW-Basic-Auth", authKey === undefined ? "-" : storedAuthKey(authKey)],
    ["X-ISGW-Remote", remote ?? "-"],
    ["X-ISGW-Role", "1"],
    ["X-ISGW-Direction", direction],
    ["X-ISGW-Replication", replicated],
    ["X-ISGW-Force", "1"],
    ["X-ISGW-MDOnly", "0"],
  ];
  if (intervalMs !== undefined) settings.push([INTERVAL_SETTING, String(intervalMs)]);
  return settings.map(([key, value]) => [key, storedValue(key, value)] as const);
}
