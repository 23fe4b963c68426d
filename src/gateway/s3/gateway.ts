/**
 * The gateway types `s3` (path style, and host style below X-Domain) and `s3s` (host style): checks settings, listens, shows what is going on. The
 * path of a request is server.ts, actions are operations/.
 */
import { type EfsError, toEfsError } from "../../base/errors.ts";
import { formatTenantPath } from "../../model/names.ts";
import type { S3Status } from "../../model/s3-status.ts";
import { type ServiceRecord, type ServiceType, settingOf } from "../../model/service.ts";
import { writeNowAndThen } from "../counter-writer.ts";
import type { GatewayContext, GatewayType, RunningGateway } from "../gateway.ts";
import { BUCKET_ACTIONS } from "./bucket-actions.ts";
import type { Incoming } from "./http/incoming.ts";
import { Listener, type ListenerOptions } from "./http/listener.ts";
import { Pace, PaceWatch } from "./http/pace.ts";
import { reset } from "./http/send.ts";
import { Meter } from "./meter.ts";
import { MULTIPART_ACTIONS } from "./multipart-actions.ts";
import { Notifier } from "./notification/notifier.ts";
import { OBJECT_ACTIONS } from "./object-actions.ts";
import { Router } from "./router.ts";
import { DEFAULT_REGION, S3Server, type ServerParts } from "./server.ts";
import { config, parseS3Settings, type S3Settings } from "./settings.ts";
import { WebsiteServer } from "./website/website-server.ts";

/** Counters are written down this often. */
const WRITE_MS = 5000;
/** Requests under way may take so long to end when a service stops or changes. */
const DRAIN_MS = 5000;
const ID_PREFIX_BYTES = 4;
const PORT_SETTINGS = ["X-HTTP-Port", "X-HTTPS-Port", "X-Website-Port"];
const NOTHING_SERVED = { tenant: undefined, region: DEFAULT_REGION, webhooks: new Map<string, URL>() };

export const s3Gateway: GatewayType<S3Status> = gatewayOf("s3");
export const s3sGateway: GatewayType<S3Status> = gatewayOf("s3s");

function gatewayOf(type: ServiceType): GatewayType<S3Status> {
  return {
    type,
    validate: (service) => {
      parseS3Settings(service);
    },
    start: async (context, service) => {
      const meter = await Meter.open(context.segment.services, service.name);
      const running = new RunningS3(context, { service, meter });
      await running.settled();
      return running;
    },
    storedStatus: async (context, service) => {
      const meter = await Meter.open(context.segment.services, service.name);
      return {
        kind: "s3",
        state: "disabled",
        stateText: "the service is disabled",
        endpoints: [],
        tenant: service.served[0],
        lastError: undefined,
        inFlight: 0,
        operations: meter.operations(),
        errors: meter.errors(),
      };
    },
  };
}

class RunningS3 implements RunningGateway<S3Status> {
  readonly #context: GatewayContext;
  readonly #meter: Meter;
  readonly #router = new Router([...OBJECT_ACTIONS, ...MULTIPART_ACTIONS, ...BUCKET_ACTIONS]);
  readonly #idPrefix: string;
  readonly #watch: PaceWatch;
  readonly #notifier: Notifier;
  readonly #stopping = new AbortController();
  readonly #writing: Promise<void>;
  #service: ServiceRecord;
  #settings: S3Settings | undefined;
  #server: S3Server | undefined;
  #website: WebsiteServer | undefined;
  #listeners: readonly Listener[] = [];
  #failure: { readonly error: EfsError; readonly atMs: number } | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(context: GatewayContext, { service, meter }: { service: ServiceRecord; meter: Meter }) {
    this.#context = context;
    this.#meter = meter;
    this.#service = service;
    this.#idPrefix = Buffer.from(context.random.bytes(ID_PREFIX_BYTES)).toString("hex").toUpperCase();
    this.#watch = new PaceWatch(context.clock);
    this.#notifier = new Notifier(context, service.name);
    this.#begin(service);
    this.#writing = this.#writeNowAndThen();
  }

  status(): S3Status {
    const problem = this.#listeners.find((listener) => listener.problem !== undefined)?.problem;
    const endpoints = this.#listeners.flatMap(({ endpoint }) => (endpoint === undefined ? [] : [endpoint]));
    const state = this.#stateOf(endpoints, problem);
    return {
      kind: "s3",
      ...state,
      endpoints,
      tenant: this.#settings?.tenant === undefined ? undefined : formatTenantPath(this.#settings.tenant),
      lastError:
        this.#failure === undefined
          ? undefined
          : {
              code: this.#failure.error.code,
              message: this.#failure.error.message,
              atMs: this.#failure.atMs,
              fix: fixOf(this.#failure.error, this.#service),
            },
      inFlight: this.#meter.inFlight,
      operations: this.#meter.operations(),
      errors: this.#meter.errors(),
      notifications: this.#notifier.status(),
    };
  }

  reconfigure(service: ServiceRecord): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      if (this.#stopping.signal.aborted) return;
      if (portsOf(this.#service) !== portsOf(service)) await this.#end();
      this.#begin(service);
      await this.settled();
    });
    return this.#turn;
  }

  /** Resolves when each port was had or was tried to be had. */
  async settled(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.settled));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#turn;
    await this.#notifier.stop();
    await this.#end();
    this.#watch.stop();
    await this.#writing;
    await this.#meter.write();
  }

  #stateOf(
    endpoints: readonly string[],
    problem: EfsError | undefined,
  ): Pick<S3Status, "state" | "stateText"> {
    const told = problem ?? (this.#settings === undefined ? this.#failure?.error : undefined);
    if (told !== undefined) return { state: "error", stateText: told.message };
    if (endpoints.length < this.#listeners.length) return { state: "starting", stateText: "starting" };
    const tenant = this.#settings?.tenant;
    const what = tenant === undefined ? "serving no tenant yet" : `serving ${formatTenantPath(tenant)}`;
    return { state: "listening", stateText: `${what} on ${endpoints.join(" and ")}` };
  }

  /** Settings that make no sense are a state, not a throw. */
  #begin(service: ServiceRecord): void {
    this.#service = service;
    this.#settings = undefined;
    this.#failure = undefined;
    const { segment, clock, log } = this.#context;
    try {
      const settings = parseS3Settings(service);
      const parts: ServerParts = {
        segment,
        clock,
        log,
        meter: this.#meter,
        router: this.#router,
        idPrefix: this.#idPrefix,
        onNotificationsChanged: (bucket) => this.#notifier.changed(bucket),
      };
      this.#server = new S3Server(parts, settings);
      this.#website = new WebsiteServer(parts, settings);
      this.#settings = settings;
      const { tenant, region = DEFAULT_REGION, webhooks } = settings;
      this.#notifier.configure({ tenant, region, webhooks });
      if (this.#listeners.length === 0)
        this.#listeners = this.#listenersOf(settings, this.#server, this.#website);
    } catch (thrown) {
      this.#notifier.configure(NOTHING_SERVED);
      this.#fail(toEfsError(thrown));
    }
  }

  #listenersOf(
    { host, httpPort, https, website }: S3Settings,
    first: S3Server,
    firstWebsite: WebsiteServer,
  ): readonly Listener[] {
    const { clock, log } = this.#context;
    // Connections outlive changes of the settings that have nothing to do with ports.
    const common = (server: () => S3Server | WebsiteServer): Omit<ListenerOptions, "port" | "tls"> => ({
      host,
      clock,
      log,
      incoming: (message, response, isExpecting) => server().incoming(message, response, isExpecting),
      handle: (request: Incoming) => this.#handle(server(), request),
      onChange: () => {
        const problem = this.#listeners.find((listener) => listener.problem !== undefined)?.problem;
        if (problem !== undefined) this.#fail(problem);
      },
    });
    const api = common(() => this.#server ?? first);
    const pages = common(() => this.#website ?? firstWebsite);
    return [
      ...(httpPort === undefined ? [] : [new Listener({ ...api, port: httpPort, tls: undefined })]),
      ...(https === undefined ? [] : [new Listener({ ...api, port: https.port, tls: https })]),
      ...(website === undefined ? [] : [new Listener({ ...pages, port: website.port, tls: undefined })]),
    ];
  }

  async #handle(server: S3Server | WebsiteServer, request: Incoming): Promise<void> {
    const pace = new Pace(request.raw, { clock: this.#context.clock, cut: () => reset(request.response) });
    this.#watch.add(pace);
    await server.handle(request, pace);
    this.#watch.delete(pace);
  }

  #fail(error: EfsError): void {
    this.#failure = { error, atMs: this.#context.clock.wallMs() };
  }

  async #end(): Promise<void> {
    for (const server of [this.#server, this.#website]) if (server !== undefined) server.isDraining = true;
    await Promise.all(this.#listeners.map((listener) => listener.stop(DRAIN_MS)));
    this.#listeners = [];
    this.#server = undefined;
    this.#website = undefined;
  }

  #writeNowAndThen(): Promise<void> {
    const { clock, log } = this.#context;
    const { signal } = this.#stopping;
    return writeNowAndThen({ clock, log, signal, everyMs: WRITE_MS, write: () => this.#meter.write() });
  }
}

/** All that decides where and how a service listens, as text. Settings that make no sense listen nowhere. */
function portsOf(service: ServiceRecord): string {
  try {
    const { host, httpPort, https, website } = parseS3Settings(service);
    return JSON.stringify([host, httpPort, https, website?.port]);
  } catch {
    return "";
  }
}

/** The command that mends an error, where there is one. */
function fixOf(error: EfsError, service: ServiceRecord): string | undefined {
  if (error.code === "IN_USE") {
    const taken = PORT_SETTINGS.find((key) => error.message.includes(`:${settingOf(service, key)} `));
    return config(service, taken ?? "X-HTTP-Port", "PORT");
  }
  return error.hint;
}
