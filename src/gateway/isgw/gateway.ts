/**
 * The gateway type `isgw`: checks settings, starts and stops a link, shows what is stored of one that is not running. The
 * protocol is in PROTOCOL.md, roles in sender/ and receiver/.
 */

import { toEfsError } from "../../base/errors.ts";
import type { LinkStatus } from "../../model/link-status.ts";
import { formatBucketPath } from "../../model/names.ts";
import type { ServiceRecord } from "../../model/service.ts";
import { writeNowAndThen } from "../counter-writer.ts";
import type { GatewayContext, GatewayType, RunningGateway } from "../gateway.ts";
import { CounterLedger } from "./counters.ts";
import { Link } from "./link/link.ts";
import { type Network, tcpNetwork } from "./network.ts";
import { parseSettings } from "./settings.ts";
import { LinkBoard } from "./status.ts";

/** Counters and positions are written down this often. */
const WRITE_MS = 5000;

export const isgwGateway: GatewayType<LinkStatus> = {
  type: "isgw",
  validate: (service) => {
    parseSettings(service);
  },
  start: (context, service) => startIsgw(context, service, tcpNetwork),
  storedStatus: async (context, service) => {
    const { services } = context.segment;
    const ledger = await CounterLedger.open({ services, service: service.name, clock: context.clock });
    const board = new LinkBoard(ledger, context.clock);
    for (const path of new Set([...servedBuckets(service), ...ledger.paths])) {
      board.bucket(path).phase = "paused";
    }
    board.set("disabled", "the service is disabled");
    return board.snapshot();
  },
};

/** As `isgwGateway.start`, over a network of the caller's choice. */
export async function startIsgw(
  context: GatewayContext,
  service: ServiceRecord,
  network: Network,
): Promise<RunningGateway<LinkStatus>> {
  const { services } = context.segment;
  const ledger = await CounterLedger.open({ services, service: service.name, clock: context.clock });
  return new RunningIsgw(context, { service, network, ledger });
}

interface Start {
  readonly service: ServiceRecord;
  readonly network: Network;
  readonly ledger: CounterLedger;
}

class RunningIsgw implements RunningGateway<LinkStatus> {
  readonly #context: GatewayContext;
  readonly #network: Network;
  readonly #ledger: CounterLedger;
  readonly #stopping = new AbortController();
  readonly #writing: Promise<void>;
  #board: LinkBoard;
  #link: Link | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(context: GatewayContext, { service, network, ledger }: Start) {
    this.#context = context;
    this.#network = network;
    this.#ledger = ledger;
    this.#board = new LinkBoard(ledger, context.clock);
    this.#begin(service);
    this.#writing = this.#writeNowAndThen();
  }

  status() {
    return this.#board.snapshot();
  }

  reconfigure(service: ServiceRecord): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      if (this.#stopping.signal.aborted) return;
      await this.#link?.stop();
      this.#link = undefined;
      this.#board = new LinkBoard(this.#ledger, this.#context.clock);
      this.#begin(service);
    });
    return this.#turn;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#turn;
    await this.#link?.stop();
    await this.#writing;
    await this.#ledger.write();
  }

  /** Settings that make no sense are a state, not a throw. */
  #begin(service: ServiceRecord): void {
    for (const path of servedBuckets(service)) this.#board.bucket(path);
    try {
      const settings = parseSettings(service);
      this.#link = new Link(this.#context, { service, settings, network: this.#network, board: this.#board });
    } catch (thrown) {
      const error = toEfsError(thrown);
      this.#board.fail(error, error.hint);
      this.#board.set("error", error.message);
    }
  }

  #writeNowAndThen(): Promise<void> {
    const { clock, log } = this.#context;
    const { signal } = this.#stopping;
    return writeNowAndThen({
      clock,
      log,
      signal,
      everyMs: WRITE_MS,
      write: async () => {
        await this.#ledger.write();
        await this.#link?.save();
      },
    });
  }
}

/** Served paths that are buckets, as their rows are called. */
function servedBuckets(service: ServiceRecord): readonly string[] {
  try {
    return parseSettings(service).served.flatMap((path) =>
      "bucket" in path ? [formatBucketPath(path)] : [],
    );
  } catch {
    return [];
  }
}
