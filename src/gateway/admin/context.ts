/** What the handlers of the admin API work on, and what they ask of the daemon about running services. */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { ServiceRecord } from "../../model/service.ts";
import type { Segment } from "../../segment/segment.ts";
import type { GatewayStatus } from "../gateway.ts";

/** The daemon's supervisor of services, as the admin API sees it. */
export interface ServiceRuntime {
  /**
   * Checks that a service could be enabled.
   * @throws SERVICE_INCOMPLETE, BAD_VALUE, UNSUPPORTED naming the setting
   */
  validate(service: ServiceRecord): void;
  /** Live when it runs, else as last written. */
  status(service: ServiceRecord): Promise<GatewayStatus>;
  /** The record was made, changed or deleted: start, stop or reconfigure its gateway. Resolves when that is done. */
  changed(name: ServiceRecord["name"]): Promise<void>;
}

export interface DaemonFacts {
  readonly version: string;
  readonly dataDirectory: string;
  readonly pid: number;
  readonly startedMs: number;
}

export interface AdminContext {
  readonly segment: Segment;
  readonly services: ServiceRuntime;
  readonly daemon: DaemonFacts;
  readonly clock: Clock;
  readonly log: Log;
}
