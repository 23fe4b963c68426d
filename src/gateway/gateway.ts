/** What every gateway is to the daemon's supervisor: started from a service record, asked for its status, stopped. */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { LinkStatus } from "../model/link-status.ts";
import type { S3Status } from "../model/s3-status.ts";
import type { ServiceRecord } from "../model/service.ts";
import type { Segment } from "../segment/segment.ts";

/** What a service says of itself, by its kind. */
export type GatewayStatus = LinkStatus | S3Status;

export interface GatewayContext {
  readonly segment: Segment;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The running code of one enabled service. */
export interface RunningGateway<Status extends GatewayStatus = GatewayStatus> {
  /** Live status; counters include what earlier runs counted. Fast: no disk, no network. */
  status(): Status;
  /** The service record changed (paths, settings): take it up, reconnecting if needed. Settings errors show in status. */
  reconfigure(service: ServiceRecord): Promise<void>;
  /** Drains, writes counters and positions down, closes sockets. */
  stop(): Promise<void>;
}

export interface GatewayType<Status extends GatewayStatus = GatewayStatus> {
  readonly type: ServiceRecord["type"];
  /**
   * Checks that the settings of a service make sense together before it is enabled.
   * @throws SERVICE_INCOMPLETE, BAD_VALUE, UNSUPPORTED naming the setting and what to type
   */
  validate(service: ServiceRecord): void;
  /** Starts; a listener that cannot bind or a peer that does not answer is a state in `status`, not a throw. */
  start(context: GatewayContext, service: ServiceRecord): Promise<RunningGateway<Status>>;
  /** The last written status of a service that is not running. */
  storedStatus(context: GatewayContext, service: ServiceRecord): Promise<Status>;
}
