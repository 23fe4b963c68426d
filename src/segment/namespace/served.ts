/** Whether a service serves what is to be deleted. */
import { EfsError } from "../../base/errors.ts";
import type { Check } from "../../engine/meta-store.ts";
import { escapeName, parseServedPath, type ServedPath, serves, type TenantPath } from "../../model/names.ts";
import { decodeService } from "../../model/service-record.ts";
import { type Core, scanAll } from "../core/core.ts";
import { rangeOf, SERVICE_PREFIX, SERVICES_FENCE_KEY } from "../keys.ts";

/** A check that holds as long as no service changes, so that none can begin to serve `path`. @throws IN_USE */
export async function notServed(core: Core, path: ServedPath): Promise<Check> {
  const fence = await core.records.get(SERVICES_FENCE_KEY);
  for await (const { value } of scanAll(core.records, rangeOf(SERVICE_PREFIX))) {
    const service = decodeService(value);
    // Clients of an S3 service make and delete buckets of the tenant that it serves.
    if ("bucket" in path && service.type !== "isgw") continue;
    const served = service.served.find((text) => touches(servedPathOf(text), path));
    if (served === undefined) continue;
    // A bucket may be served through its tenant, and a tenant by one of its buckets: `unserve` wants the path as it was given.
    throw new EfsError("IN_USE", `service ${service.name} serves ${escapeName(served)}`, {
      hint: `efscli service unserve ${service.name} ${escapeName(served)}`,
      details: { service: service.name },
    });
  }
  return { key: SERVICES_FENCE_KEY, expected: fence };
}

/** A served path as it is stored has options behind a comma; undefined when it cannot be read. */
function servedPathOf(text: string): ServedPath | undefined {
  try {
    return parseServedPath(text.split(",", 1)[0] ?? "");
  } catch (thrown) {
    if (thrown instanceof EfsError) return undefined;
    throw thrown;
  }
}

function touches(served: ServedPath | undefined, path: ServedPath): boolean {
  if (served === undefined) return false;
  if ("bucket" in path) return serves(served, path);
  return isSameTenant(served, path);
}

function isSameTenant(left: TenantPath, right: TenantPath): boolean {
  return left.cluster === right.cluster && left.tenant === right.tenant;
}
