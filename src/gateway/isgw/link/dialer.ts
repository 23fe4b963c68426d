/**
 * The sender's loop: dial, shake hands, run a session, and again with growing pauses. Whatever keeps it from working is a state
 * on the board at once, with the command that mends it; the next attempt is always planned.
 */
import { EfsError, toEfsError } from "../../../base/errors.ts";
import { backoffMs } from "../../../base/retry.ts";
import { escapeName } from "../../../model/names.ts";
import type { GatewayContext } from "../../gateway.ts";
import type { Network } from "../network.ts";
import { watchOffline } from "../sender/offline-backlog.ts";
import { SenderSession } from "../sender/session.ts";
import { formatEndpoint, type SenderSettings } from "../settings.ts";
import type { StateStore } from "../state-store.ts";
import { fixOf, type LinkBoard, stateOf } from "../status.ts";
import { FrameConnection } from "./connection.ts";
import { CLOCK_SKEW_MS_MAX, handshakeAsSender, type Peer, RefusedError, type Self } from "./handshake.ts";
import { boardMeter } from "./meter.ts";

const BACKOFF = { firstMs: 200, maxMs: 30_000 };
/** The host answered at once: asking again costs little, and somebody may be mending the far side right now. */
const ANSWERED_BACKOFF = { firstMs: 200, maxMs: 2000 };
const DIAL_MS_MAX = 10_000;
/** After this long without an answer the state says so by name. */
const SILENT_MS = 1000;
/** A session that lasted this long was no failure to connect. */
const LASTING_MS = 10_000;

const STOPPING = new EfsError("SHUTTING_DOWN", "the service is stopping");

export interface DialerOptions {
  readonly context: GatewayContext;
  readonly settings: SenderSettings;
  readonly states: StateStore;
  readonly board: LinkBoard;
  readonly network: Network;
  readonly self: Self;
}

export class Dialer {
  readonly #options: DialerOptions;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  readonly #counting: Promise<void>;
  #session: SenderSession | undefined;
  #connection: FrameConnection | undefined;
  /** The last attempt was refused, by the far service or by its host. */
  #wasAnswered = false;
  /** Since when nobody has answered. */
  #silentSinceMs: number | undefined;

  constructor(options: DialerOptions) {
    this.#options = options;
    this.#running = this.#run();
    const { context, states, settings, board } = options;
    const { replication } = context.segment;
    this.#counting = watchOffline(
      {
        ...{ replication, states, settings, board, clock: context.clock, log: context.log },
        isOnline: () => this.#session !== undefined,
      },
      this.#stopping.signal,
    );
  }

  /** Ends the session in order and stops dialling. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#session === undefined) this.#connection?.close(STOPPING);
    else this.#connection?.bye();
    await Promise.all([this.#running, this.#counting]);
  }

  /** Writes down what was acknowledged. */
  async save(): Promise<void> {
    await this.#session?.save();
  }

  async #run(): Promise<void> {
    const { context, board } = this.#options;
    const { signal } = this.#stopping;
    let attempt = 0;
    while (!signal.aborted) {
      const startedMs = context.clock.monotonicMs();
      const hasProgressed = await this.#attempt();
      if (signal.aborted) return;
      if (hasProgressed || context.clock.monotonicMs() - startedMs > LASTING_MS) attempt = 0;
      const pauseMs = backoffMs(this.#wasAnswered ? ANSWERED_BACKOFF : BACKOFF, attempt, context.random);
      attempt += 1;
      board.nextAttemptMs = context.clock.wallMs() + pauseMs;
      await context.clock.sleep(pauseMs, signal);
      board.nextAttemptMs = undefined;
    }
  }

  /** One connection from dialling to its end; true when something got across. */
  async #attempt(): Promise<boolean> {
    const { context, states, settings, board, self } = this.#options;
    this.#wasAnswered = false;
    try {
      const connection = await this.#connect();
      this.#connection = connection;
      if (this.#stopping.signal.aborted) connection.close(STOPPING);
      const peer = await handshakeAsSender(connection, self, context);
      const session = new SenderSession({ context, settings, states, board, connection, peer });
      this.#session = session;
      this.#silentSinceMs = undefined;
      this.#showConnected(peer);
      const error = await session.run();
      this.#session = undefined;
      if (!this.#stopping.signal.aborted) this.#showLost(error);
      return session.hasProgressed;
    } catch (thrown) {
      if (!this.#stopping.signal.aborted) this.#showFailed(toEfsError(thrown));
      return false;
    }
  }

  async #connect(): Promise<FrameConnection> {
    const { context, settings, network, board } = this.#options;
    this.#showConnecting();
    const giveUp = new AbortController();
    const stop = () => giveUp.abort();
    this.#stopping.signal.addEventListener("abort", stop, { once: true });
    const done = new AbortController();
    void context.clock.sleep(DIAL_MS_MAX, done.signal).then(() => {
      if (!done.signal.aborted) giveUp.abort();
    });
    try {
      const stream = await network.dial(settings.remote, giveUp.signal);
      return new FrameConnection(
        stream,
        context.clock,
        boardMeter(board, () => undefined),
      );
    } catch (thrown) {
      if (!giveUp.signal.aborted) throw thrown;
      throw new EfsError("TIMEOUT", `nothing answers at ${formatEndpoint(settings.remote)}`);
    } finally {
      done.abort();
      this.#stopping.signal.removeEventListener("abort", stop);
    }
  }

  /** A state that an admin has to mend stays on the board while it is tried again. */
  #showConnecting(): void {
    const { board, context, settings } = this.#options;
    const nowMs = context.clock.monotonicMs();
    this.#silentSinceMs ??= nowMs;
    const since = this.#silentSinceMs;
    if (board.state !== "starting" && board.state !== "connecting" && board.state !== "no answer") return;
    const remote = formatEndpoint(settings.remote);
    const show = () => {
      if (board.state === "connecting") return `connecting to ${remote}`;
      // A timer may end a little before the clock says so.
      const seconds = Math.max(1, Math.floor((context.clock.monotonicMs() - since) / 1000));
      return `connecting to ${remote}, no answer for ${seconds} s`;
    };
    if (board.state !== "no answer") board.set("connecting", show);
    void context.clock.sleep(Math.max(0, since + SILENT_MS - nowMs), this.#stopping.signal).then(() => {
      if (this.#silentSinceMs === since && board.state === "connecting") board.set("no answer", show);
    });
  }

  #showConnected(peer: Peer): void {
    const { board, settings } = this.#options;
    const address = formatEndpoint(settings.remote);
    board.peer = { segment: peer.segment, name: peer.segmentName, address };
    const name = escapeName(peer.segmentName);
    if (Math.abs(peer.skewMs) > CLOCK_SKEW_MS_MAX) {
      board.set("clocks apart", `connected to ${name} at ${address}; ${skewText(peer.skewMs)}`);
    } else board.set("connected", `connected to ${name} at ${address}`);
  }

  #showLost(error: EfsError): void {
    const { board, settings, context } = this.#options;
    const isOrderly = error.code === "SHUTTING_DOWN";
    if (!isOrderly) {
      board.countAll("networkErrors", 1);
      board.fail(error, error.hint);
    }
    context.log.info(
      { peer: formatEndpoint(settings.remote), code: error.code, error: error.message },
      "link lost",
    );
    const isPlain = isOrderly || error.code === "CONNECT_LOST" || error.code === "TIMEOUT";
    const state = isPlain ? "connecting" : "error";
    board.set(state, `the connection to ${formatEndpoint(settings.remote)} ended: ${error.message}`);
  }

  #showFailed(error: EfsError): void {
    const { board, settings, states, context } = this.#options;
    const remote = formatEndpoint(settings.remote);
    const state = stateOf(error);
    const isAnswered = error instanceof RefusedError || error.code === "CONNECT_REFUSED";
    this.#wasAnswered = isAnswered;
    if (isAnswered) this.#silentSinceMs = undefined;
    if (!(error instanceof RefusedError)) board.countAll("networkErrors", 1);
    const far = error instanceof RefusedError ? error.refuser : undefined;
    if (far !== undefined) board.peer = { segment: far.segment, name: far.name, address: remote };
    const [path] = settings.servedTexts;
    // Who serves nothing is the one to mend.
    const lacking = path === undefined ? states.service : (far?.service ?? "FAR_SERVICE");
    const serve = `efscli service serve ${escapeName(lacking)} ${escapeName(path ?? "CLUSTER/TENANT/BUCKET")}`;
    board.fail(error, error.code === "PATH_REFUSED" ? serve : fixOf(error, states.service, 1));
    context.log.info({ peer: remote, code: error.code, error: error.message }, "link not made");
    if (state === "no answer") this.#showConnecting();
    else if (state === "refused") board.set(state, `nobody listens at ${remote}`);
    else if (error.code === "CONNECT_LOST" && board.state !== "starting") {
      board.set("connecting", `the connection to ${remote} ended: ${error.message}`);
    } else board.set(state, error.message);
  }
}

export function skewText(skewMs: number): string {
  const minutes = Math.round(Math.abs(skewMs) / 60_000);
  return `its clock is ${minutes} min ${skewMs > 0 ? "ahead of" : "behind"} ours: set the clocks of both machines by NTP`;
}
