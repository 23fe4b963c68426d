/** Services as the admin API shows them. Secrets are `(set)` or `-`, never their value. */
import type { LinkStatus } from "../model/link-status.ts";
import type { S3Status } from "../model/s3-status.ts";

export interface ServiceInfo {
  readonly name: string;
  readonly type: string;
  readonly isEnabled: boolean;
  /** All `X-…` lines in print order, name, type and status among them. */
  readonly settings: Readonly<Record<string, string>>;
  readonly served: readonly string[];
  readonly revision: number;
}

export interface CreateService {
  readonly type: string;
  readonly name: string;
}

/** All of `service add isgw`: created, configured, serving and enabled in one commit. */
export interface AddIsgw {
  readonly name: string;
  readonly type: "isgw";
  readonly remote?: string | undefined;
  readonly listen?: string | undefined;
  readonly direction: "send" | "receive";
  readonly replication?: "initial" | "continuous" | "initial+continuous" | undefined;
  readonly authKey?: string | undefined;
  readonly serve: readonly string[];
  readonly intervalMs?: number | undefined;
}

/** As `AddIsgw`, for S3: a tenant served on a port. Settings that are not given are those of `service create`. */
export interface AddS3 {
  readonly name: string;
  readonly type: "s3" | "s3s";
  /** CLUSTER/TENANT */
  readonly serve: readonly string[];
  /** A host or address, without a port; undefined: all interfaces. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly domain?: string | undefined;
}
export type AddService = AddIsgw | AddS3;

export interface ConfigureService {
  /** null puts a key back to `-` (unset). */
  readonly settings: Readonly<Record<string, string | null>>;
}

export interface ServiceStatus {
  readonly service: ServiceInfo;
  /** Of isgw. */
  readonly link?: LinkStatus | undefined;
  /** Of s3 and s3s. */
  readonly s3?: S3Status | undefined;
  /** Wall clock of the daemon when it answered, RFC 3339. */
  readonly now: string;
}
