/**
 * Changes of a service: configure, serve, unserve, enable, disable, delete. Each reads the record, makes the next one, and replaces it only if nobody
 * changed it meanwhile. Settings of an enabled service stay ones that it could be enabled with. The gateway has followed when a change resolves.
 */
import type { ConfigureService } from "../../../api/service.ts";
import { EfsError } from "../../../base/errors.ts";
import { SERVICE_PATHS_MAX, SERVICE_SETTINGS_MAX } from "../../../model/limits.ts";
import {
  formatServedPath,
  parseServedPath,
  type ServedPath,
  type ServiceName,
} from "../../../model/names.ts";
import { isS3, type ServiceRecord, settingOf } from "../../../model/service.ts";
import type { Segment } from "../../../segment/segment.ts";
import { isLoopback, parseAddress } from "../address.ts";
import type { AdminContext } from "../context.ts";
import { storedValue } from "./settings.ts";

const ATTEMPTS_MAX = 8;
const DIRECTION_SEND = "1";

/** @throws BAD_VALUE, UNSUPPORTED, LIMIT, SERVICE_NOT_FOUND, CONFLICT */
export function configure(
  context: AdminContext,
  name: ServiceName,
  request: ConfigureService,
): Promise<ServiceRecord> {
  return change(context, name, async (service) => {
    const settings = new Map(service.settings);
    for (const [key, value] of Object.entries(request.settings))
      settings.set(key, storedValue(key, value ?? "-"));
    if (settings.size > SERVICE_SETTINGS_MAX) {
      throw new EfsError("LIMIT", `a service has at most ${SERVICE_SETTINGS_MAX} settings`);
    }
    return { ...service, settings: [...settings] };
  });
}

/** @throws BAD_NAME, ALREADY_SERVED, BUCKET_NOT_FOUND, TENANT_NOT_FOUND, LIMIT, UNSUPPORTED, SERVICE_NOT_FOUND, CONFLICT */
export function serve(context: AdminContext, name: ServiceName, text: string): Promise<ServiceRecord> {
  const path = servedPath(text);
  return change(context, name, async (service) => {
    requireUnserved(service.served, path);
    if (isS3(service)) {
      await requireTenant(context.segment, service, path);
      return { ...service, served: [formatServedPath(path)] };
    }
    if (service.served.length >= SERVICE_PATHS_MAX) {
      throw new EfsError("LIMIT", `a service serves at most ${SERVICE_PATHS_MAX} paths`, {
        hint: "serve the tenant instead of its buckets",
      });
    }
    if (settingOf(service, "X-ISGW-Direction") === DIRECTION_SEND) await requireThere(context.segment, path);
    return { ...service, served: [...service.served, formatServedPath(path)] };
  });
}

/** An enabled service may be left with no path. @throws NOT_SERVED, SERVICE_NOT_FOUND, CONFLICT */
export function unserve(context: AdminContext, name: ServiceName, text: string): Promise<ServiceRecord> {
  return change(context, name, async (service) => {
    if (service.served.includes(text))
      return { ...service, served: service.served.filter((path) => path !== text) };
    const served =
      service.served.length === 0
        ? "it serves nothing"
        : `it serves ${service.served.slice(0, 5).join(", ")}`;
    throw new EfsError("NOT_SERVED", `the service ${name} does not serve ${JSON.stringify(text)}`, {
      hint: `${served}; see: efscli service show ${name}`,
    });
  });
}

/** A service that is enabled already stays as it is. @throws SERVICE_INCOMPLETE, BAD_VALUE, UNSUPPORTED, *_NOT_FOUND, CONFLICT */
export function enable(context: AdminContext, name: ServiceName): Promise<ServiceRecord> {
  return change(context, name, async (service) => {
    if (service.isEnabled) return service;
    const enabled = { ...service, isEnabled: true };
    await requireEnableable(context, enabled);
    return enabled;
  });
}

/** @throws SERVICE_NOT_FOUND, CONFLICT */
export function disable(context: AdminContext, name: ServiceName): Promise<ServiceRecord> {
  return change(context, name, async (service) =>
    service.isEnabled ? { ...service, isEnabled: false } : service,
  );
}

/** @throws IN_USE (enabled), SERVICE_NOT_FOUND */
export async function remove(context: AdminContext, name: ServiceName): Promise<void> {
  const service = await context.segment.services.show(name);
  if (service.isEnabled) {
    throw new EfsError("IN_USE", `the service ${name} is enabled`, {
      hint: `first: efscli service disable ${name}`,
    });
  }
  await context.segment.services.delete(name);
  await context.services.changed(name);
}

/**
 * Everything that must hold before a service runs. It may serve nothing yet: in EdgeFS's session a service is enabled first and given its buckets last.
 * @throws SERVICE_INCOMPLETE, BAD_VALUE, UNSUPPORTED, *_NOT_FOUND
 */
export async function requireEnableable(context: AdminContext, service: ServiceRecord): Promise<void> {
  context.services.validate(service);
  requireKey(service);
  if (isS3(service)) {
    for (const path of service.served) await requireThere(context.segment, parseServedPath(path));
    return;
  }
  if (settingOf(service, "X-ISGW-Direction") !== DIRECTION_SEND) return;
  for (const path of service.served) await requireThere(context.segment, parseServedPath(path));
}

/** Only a link within one machine may lack an auth key; a receiver without an address listens on all. @throws SERVICE_INCOMPLETE */
function requireKey(service: ServiceRecord): void {
  if (isS3(service) || settingOf(service, "X-ISGW-Basic-Auth") !== undefined) return;
  const isSender = settingOf(service, "X-ISGW-Direction") === DIRECTION_SEND;
  const address = settingOf(service, isSender ? "X-ISGW-Remote" : "X-ISGW-Local");
  if (address !== undefined && isLoopback(parseAddress(address.replace("ccow://", ""), 0).host)) return;
  throw new EfsError(
    "SERVICE_INCOMPLETE",
    `the service ${service.name} has no auth key, and its link leaves this machine`,
    {
      hint: `first: efscli service config ${service.name} X-ISGW-Basic-Auth --value-file FILE`,
    },
  );
}

/** A path as it is given to `serve`. @throws BAD_NAME, UNSUPPORTED (path options) */
export function servedPath(text: string): ServedPath {
  if (text.includes(",")) {
    throw new EfsError(
      "UNSUPPORTED",
      `options of a path are not there yet: ${JSON.stringify(text.slice(0, 200))}`,
      {
        hint: "give the path alone; a bucket with a comma in its name is served with its tenant",
      },
    );
  }
  return parseServedPath(text);
}

/** No path may be served twice, and none within another: its changes would cross twice. @throws ALREADY_SERVED */
export function requireUnserved(served: readonly string[], path: ServedPath): void {
  const text = formatServedPath(path);
  const other = served.find(
    (candidate) => candidate === text || candidate.startsWith(`${text}/`) || text.startsWith(`${candidate}/`),
  );
  if (other === undefined) return;
  throw new EfsError(
    "ALREADY_SERVED",
    `${text} is served already${other === text ? "" : `, through ${other}`}`,
    {
      hint: other === text ? undefined : `to change it, first: efscli service unserve NAME ${other}`,
    },
  );
}

/** An S3 service serves one tenant, and nothing less: buckets are what its clients make. @throws BAD_VALUE, ALREADY_SERVED, TENANT_NOT_FOUND */
export async function requireTenant(
  segment: Segment,
  service: Pick<ServiceRecord, "name" | "served">,
  path: ServedPath,
): Promise<void> {
  if ("bucket" in path) {
    throw new EfsError(
      "BAD_VALUE",
      `an S3 service serves a tenant: CLUSTER/TENANT, not ${formatServedPath(path)}`,
      {
        hint: `efscli service serve ${service.name} ${path.cluster}/${path.tenant}`,
      },
    );
  }
  if (service.served.length > 0) {
    throw new EfsError(
      "ALREADY_SERVED",
      `can't serve more than one tenant: ${service.name} serves ${service.served[0]}`,
      {
        hint: `first: efscli service unserve ${service.name} ${service.served[0]}; or make another service on another port`,
      },
    );
  }
  await requireThere(segment, path);
}

/** @throws BUCKET_NOT_FOUND, TENANT_NOT_FOUND with what to type */
export async function requireThere({ namespace }: Segment, path: ServedPath): Promise<void> {
  const noun = "bucket" in path ? "bucket" : "tenant";
  try {
    if ("bucket" in path) await namespace.showBucket(path);
    else await namespace.showTenant(path);
  } catch (error) {
    if (!(error instanceof EfsError) || error.kind !== "not_found") throw error;
    throw new EfsError("bucket" in path ? "BUCKET_NOT_FOUND" : "TENANT_NOT_FOUND", error.message, {
      hint: `what is served must be here; make it: efscli ${noun} create ${formatServedPath(path)}`,
      cause: error,
    });
  }
}

async function change(
  context: AdminContext,
  name: ServiceName,
  next: (service: ServiceRecord) => Promise<ServiceRecord>,
): Promise<ServiceRecord> {
  const { services } = context.segment;
  for (let attempt = 1; ; attempt += 1) {
    const before = await services.show(name);
    const after = await next(before);
    if (after === before) return before;
    if (before.isEnabled && after.isEnabled) {
      context.services.validate(after);
      requireKey(after);
    }
    try {
      const stored = await services.update(after);
      await context.services.changed(name);
      return stored;
    } catch (error) {
      const isRaced = error instanceof EfsError && error.code === "CONFLICT";
      if (!isRaced || attempt >= ATTEMPTS_MAX) throw error;
    }
  }
}
