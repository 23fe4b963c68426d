/** The S3 gateway over a segment on memory, listening on a port of its own, with a clock of the test's. */
import { silentLog } from "../../src/base/log.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Action } from "../../src/gateway/s3/action.ts";
import { BUCKET_ACTIONS } from "../../src/gateway/s3/bucket-actions.ts";
import type { TlsFiles } from "../../src/gateway/s3/http/certificate.ts";
import { Listener } from "../../src/gateway/s3/http/listener.ts";
import { Pace, PaceWatch } from "../../src/gateway/s3/http/pace.ts";
import { reset } from "../../src/gateway/s3/http/send.ts";
import { Meter } from "../../src/gateway/s3/meter.ts";
import { MULTIPART_ACTIONS } from "../../src/gateway/s3/multipart-actions.ts";
import { OBJECT_ACTIONS } from "../../src/gateway/s3/object-actions.ts";
import { Router } from "../../src/gateway/s3/router.ts";
import { S3Server } from "../../src/gateway/s3/server.ts";
import { parseS3Settings } from "../../src/gateway/s3/settings.ts";
import { parseServiceName, parseTenantPath } from "../../src/model/names.ts";
import { type ServiceRecord, START_SETTINGS } from "../../src/model/service.ts";
import type { Segment } from "../../src/segment/segment.ts";
import type { NewAccessKey } from "../../src/segment/users.ts";
import { testSegment } from "../segment/support.ts";
import { until } from "./until.ts";
import { WaitingClock } from "./waiting-clock.ts";

export const TENANT = parseTenantPath("Hawaii/Cola");
const ACTIONS = [...OBJECT_ACTIONS, ...MULTIPART_ACTIONS, ...BUCKET_ACTIONS];

export interface GatewayOptions {
  /** Over those of `service create s3`; the port is any, the host 127.0.0.1. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Besides or instead of those of the gateway. */
  readonly actions?: readonly Action[] | undefined;
  readonly requestsMax?: number | undefined;
  readonly headersTimeoutMs?: number | undefined;
  readonly tls?: TlsFiles | undefined;
}

export interface TestGateway {
  readonly segment: Segment;
  readonly clock: WaitingClock;
  readonly meter: Meter;
  readonly place: { readonly host: string; readonly port: number };
  /** Of an admin of the tenant. */
  readonly key: NewAccessKey;
  stop(): Promise<void>;
}

export function s3Service(settings: Readonly<Record<string, string>> = {}): ServiceRecord {
  const own = new Map([
    ...START_SETTINGS.s3,
    ["X-HTTP-Port", "0"],
    ["X-Listen", "127.0.0.1"],
    ...Object.entries(settings),
  ] as ReadonlyArray<readonly [string, string]>);
  return {
    name: parseServiceName("s3-cola"),
    type: "s3",
    isEnabled: true,
    settings: [...own],
    served: ["Hawaii/Cola"],
    revision: 1,
  };
}

/** With the tenant Hawaii/Cola and its bucket bk1. */
export async function s3TestSegment(clock: WaitingClock): Promise<Segment> {
  const segment = await testSegment({ clock, segmentKey: new Uint8Array(32).fill(7) });
  await segment.namespace.createCluster(parseTenantPath("Hawaii/Cola").cluster);
  await segment.namespace.createTenant(TENANT);
  return segment;
}

export async function startGateway(options: GatewayOptions = {}): Promise<TestGateway> {
  const clock = new WaitingClock();
  const segment = await s3TestSegment(clock);
  const key = await segment.users.create(TENANT, "amy", { isAdmin: true });
  const service = s3Service(options.settings);
  await segment.services.create(service);
  const meter = await Meter.open(segment.services, service.name);
  const router = new Router(options.actions ?? ACTIONS);
  const idPrefix = Buffer.from(seededRandom(1).bytes(4)).toString("hex");
  const log = silentLog;
  const { requestsMax } = options;
  const server = new S3Server(
    { segment, clock, log, meter, router, idPrefix, requestsMax },
    parseS3Settings(service),
  );
  const watch = new PaceWatch(clock);
  const listener = new Listener({
    host: "127.0.0.1",
    port: 0,
    tls: options.tls,
    clock,
    log,
    headersTimeoutMs: options.headersTimeoutMs,
    incoming: (message, response, isExpecting) => server.incoming(message, response, isExpecting),
    handle: async (request) => {
      const pace = new Pace(request.raw, { clock, cut: () => reset(request.response) });
      watch.add(pace);
      await server.handle(request, pace);
      watch.delete(pace);
    },
    onChange: () => {},
  });
  await until(() => listener.port !== undefined);
  return {
    segment,
    clock,
    meter,
    place: { host: "127.0.0.1", port: listener.port ?? 0 },
    key,
    stop: async () => {
      watch.stop();
      await listener.stop(0);
      await segment.close();
    },
  };
}
