/** Whose buckets and objects are, as S3 tells it: the tenant, by a stable canonical id of 64 hexadecimal digits. */
import { createHash } from "node:crypto";
import { formatTenantPath, type TenantPath } from "../../model/names.ts";

export interface Owner {
  readonly id: string;
  readonly displayName: string;
}

/** The id is of the tenant's path alone: the same at every site that holds the tenant under this path. */
export function ownerOf(tenant: TenantPath): Owner {
  const path = formatTenantPath({ cluster: tenant.cluster, tenant: tenant.tenant });
  return { id: createHash("sha256").update(path).digest("hex"), displayName: tenant.tenant };
}
