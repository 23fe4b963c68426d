/**
 * The supervisor of services: every service that is enabled has a running gateway, every other has none. Records rule: whatever changes, the gateway
 * is brought to what its record says, one step after another for each service. A gateway that cannot start shows that in its status.
 */
import { EfsError, toEfsError } from "../base/errors.ts";
import { KeyedMutex } from "../base/limiter.ts";
import type { ServiceRuntime } from "../gateway/admin/context.ts";
import type { GatewayContext, GatewayStatus, GatewayType, RunningGateway } from "../gateway/gateway.ts";
import type { ServiceName } from "../model/names.ts";
import type { ServiceRecord } from "../model/service.ts";

interface Running {
  readonly gateway: RunningGateway;
  revision: number;
}

interface Failure {
  readonly error: EfsError;
  readonly atMs: number;
}

export class Supervisor implements ServiceRuntime {
  readonly #context: GatewayContext;
  readonly #types: ReadonlyMap<string, GatewayType>;
  readonly #running = new Map<ServiceName, Running>();
  readonly #failures = new Map<ServiceName, Failure>();
  readonly #turns = new KeyedMutex();
  #unwatch: () => void = () => {};
  #isStopped = false;

  constructor(context: GatewayContext, types: readonly GatewayType[]) {
    this.#context = context;
    this.#types = new Map(types.map((type) => [type.type, type]));
  }

  /** Starts the gateways of all enabled services, and follows changes from now on. */
  async start(): Promise<void> {
    this.#unwatch = this.#context.segment.services.watch(() => void this.#followAll());
    await this.#followAll();
  }

  /** Stops all gateways; nothing starts any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#unwatch();
    await Promise.all([...this.#running.keys()].map((name) => this.changed(name)));
  }

  validate(service: ServiceRecord): void {
    this.#typeOf(service).validate(service);
  }

  async status(service: ServiceRecord): Promise<GatewayStatus> {
    const running = this.#running.get(service.name);
    if (running !== undefined) return running.gateway.status();
    const stored = await this.#typeOf(service).storedStatus(this.#context, service);
    const failure = this.#failures.get(service.name);
    return failure === undefined || !service.isEnabled ? stored : failed(stored, failure, service.name);
  }

  async changed(name: ServiceName): Promise<void> {
    await this.#turns.run(name, async () => {
      try {
        await this.#follow(name);
        this.#failures.delete(name);
      } catch (thrown) {
        const error = toEfsError(thrown);
        this.#failures.set(name, { error, atMs: this.#context.clock.wallMs() });
        const cause = error.kind === "internal" && thrown instanceof Error ? thrown.stack : undefined;
        this.#context.log.error(
          { service: name, code: error.code, cause },
          `a service does not run: ${error.message}`,
        );
      }
    });
  }

  async #followAll(): Promise<void> {
    try {
      const services = await this.#context.segment.services.list();
      const names = new Set([...services.map((service) => service.name), ...this.#running.keys()]);
      await Promise.all([...names].map((name) => this.changed(name)));
    } catch (thrown) {
      if (!this.#isStopped)
        this.#context.log.error({ code: toEfsError(thrown).code }, "services could not be read");
    }
  }

  async #follow(name: ServiceName): Promise<void> {
    const service = await this.#wanted(name);
    const running = this.#running.get(name);
    if (service === undefined) {
      this.#running.delete(name);
      await running?.gateway.stop();
      if (running !== undefined) this.#context.log.info({ service: name }, "service stopped");
      return;
    }
    if (running === undefined) {
      const context = { ...this.#context, log: this.#context.log.child({ service: name }) };
      const gateway = await this.#typeOf(service).start(context, service);
      this.#running.set(name, { gateway, revision: service.revision });
      this.#context.log.info({ service: name, type: service.type }, "service started");
    } else if (running.revision !== service.revision) {
      await running.gateway.reconfigure(service);
      running.revision = service.revision;
      this.#context.log.info({ service: name, revision: service.revision }, "service took up its changes");
    }
  }

  /** The record of a service that should run now. */
  async #wanted(name: ServiceName): Promise<ServiceRecord | undefined> {
    if (this.#isStopped) return undefined;
    try {
      const service = await this.#context.segment.services.show(name);
      return service.isEnabled ? service : undefined;
    } catch (error) {
      if (error instanceof EfsError && error.code === "SERVICE_NOT_FOUND") return undefined;
      throw error;
    }
  }

  #typeOf(service: ServiceRecord): GatewayType {
    const type = this.#types.get(service.type);
    if (type === undefined)
      throw new EfsError("UNSUPPORTED", `this efsd has no gateway of type ${service.type}`);
    return type;
  }
}

function failed(stored: GatewayStatus, { error, atMs }: Failure, name: ServiceName): GatewayStatus {
  return {
    ...stored,
    state: "error",
    stateText: `the gateway could not be started: ${error.message}`,
    lastError: {
      code: error.code,
      message: error.message,
      atMs,
      fix: error.hint ?? `efscli service disable ${name} && efscli service enable ${name}`,
    },
  };
}
