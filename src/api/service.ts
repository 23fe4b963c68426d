/** Services as the admin API shows them. Secrets are `(set)` or `-`, never their value. */
import type { LinkStatus } from "../model/link-status.ts";

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

export interface ConfigureService {
  /** null puts a key back to `-` (unset). */
  readonly settings: Readonly<Record<string, string | null>>;
}

export interface ServiceStatus {
  readonly service: ServiceInfo;
  readonly link: LinkStatus;
  /** Wall clock of the daemon when it answered, RFC 3339. */
  readonly now: string;
}
