/** One running link: a dialer at a sender, a listener at a receiver, put together from settings. */
import type { ServiceRecord } from "../../../model/service.ts";
import type { GatewayContext } from "../../gateway.ts";
import type { Network } from "../network.ts";
import type { IsgwSettings } from "../settings.ts";
import { StateStore } from "../state-store.ts";
import type { LinkBoard } from "../status.ts";
import { Dialer } from "./dialer.ts";
import type { Self } from "./handshake.ts";
import { Listener } from "./listener.ts";

const REPLICATION_NUMBERS = { initial: 1, continuous: 2, "initial+continuous": 3 } as const;

export interface LinkOptions {
  readonly service: ServiceRecord;
  readonly settings: IsgwSettings;
  readonly network: Network;
  readonly board: LinkBoard;
}

export class Link {
  readonly #dialer: Dialer | undefined;
  readonly #listener: Listener | undefined;

  constructor(context: GatewayContext, { service, settings, network, board }: LinkOptions) {
    const states = new StateStore(context.segment.services, service.name);
    const self = selfOf(context, service, settings);
    const common = { context, states, board, network, self };
    const listen = settings.listen;
    if (settings.direction === "send") {
      this.#dialer = new Dialer({ ...common, settings });
      if (listen !== undefined) this.#listener = new Listener({ ...common, settings: undefined, listen });
    } else {
      this.#listener = new Listener({ ...common, settings, listen: settings.listen });
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#dialer?.stop(), this.#listener?.stop()]);
  }

  /** Writes down what the far side acknowledged. */
  async save(): Promise<void> {
    await this.#dialer?.save();
  }
}

function selfOf(context: GatewayContext, service: ServiceRecord, settings: IsgwSettings): Self {
  const { segment } = context;
  return {
    segment: segment.id,
    writer: segment.writer,
    segmentName: segment.name,
    service: service.name,
    direction: settings.direction === "send" ? 1 : 2,
    replication: settings.direction === "send" ? REPLICATION_NUMBERS[settings.replication] : 0,
    key: settings.key,
    served: settings.served,
    servedTexts: settings.servedTexts,
  };
}
