/**
 * The receiver's loop: bind, accept, shake hands, run a session for each sender. A sender that does not fit is told why, and
 * the board shows it too. A sender that comes again replaces its older connection.
 */
import type { Duplex } from "node:stream";
import { EfsError, toEfsError } from "../../../base/errors.ts";
import { backoffMs } from "../../../base/retry.ts";
import { escapeName } from "../../../model/names.ts";
import type { GatewayContext } from "../../gateway.ts";
import type { Listening, Network } from "../network.ts";
import { ReceiverSession } from "../receiver/session.ts";
import type { Endpoint, ReceiverSettings } from "../settings.ts";
import type { StateStore } from "../state-store.ts";
import { fixOf, type LinkBoard, stateOf } from "../status.ts";
import { FrameConnection } from "./connection.ts";
import { skewText } from "./dialer.ts";
import { CLOCK_SKEW_MS_MAX, handshakeAsReceiver, type Peer, RefusedError, type Self } from "./handshake.ts";
import { boardMeter } from "./meter.ts";

const BACKOFF = { firstMs: 200, maxMs: 5000 };
const CONNECTIONS_MAX = 16;
/** A refused sender tries again within 30 s; when it does not, the refusal is of the past. */
const REFUSAL_SHOWN_MS = 90_000;

export interface ListenerOptions {
  readonly context: GatewayContext;
  /** undefined at a sender, which listens only to say that it sends. */
  readonly settings: ReceiverSettings | undefined;
  readonly listen: Endpoint;
  readonly states: StateStore;
  readonly board: LinkBoard;
  readonly network: Network;
  readonly self: Self;
}

interface Running {
  readonly peer: Peer;
  readonly address: string;
  readonly connection: FrameConnection;
  readonly done: Promise<void>;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #stopping = new AbortController();
  readonly #connections = new Set<FrameConnection>();
  readonly #sessions = new Map<string, Running>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #running: Promise<void>;
  #listening: Listening | undefined;
  #lastRefusalMs = 0;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#running = this.#bind();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    for (const connection of this.#connections) {
      if (this.#isWorking(connection)) connection.bye();
      else connection.close(new EfsError("SHUTTING_DOWN", "the service is stopping"));
    }
    await this.#listening?.close();
    await Promise.all(this.#tasks);
  }

  async #bind(): Promise<void> {
    const { context, network, listen, board, states } = this.#options;
    for (let attempt = 0; !this.#stopping.signal.aborted; attempt += 1) {
      try {
        this.#listening = await network.listen(listen, (stream, address) => this.#accept(stream, address));
        board.listenAddress = this.#listening.address;
        this.#showWaiting();
        return;
      } catch (thrown) {
        const error = toEfsError(thrown);
        board.fail(error, fixOf(error, states.service, 2));
        if (this.#options.settings !== undefined) board.set("error", error.message);
        const pauseMs = backoffMs(BACKOFF, attempt, context.random);
        board.nextAttemptMs = context.clock.wallMs() + pauseMs;
        await context.clock.sleep(pauseMs, this.#stopping.signal);
        board.nextAttemptMs = undefined;
      }
    }
  }

  #accept(stream: Duplex, address: string): void {
    stream.on("error", () => undefined);
    if (this.#connections.size >= CONNECTIONS_MAX) this.#dropStranger();
    if (this.#stopping.signal.aborted || this.#connections.size >= CONNECTIONS_MAX) {
      stream.destroy();
      return;
    }
    const { context, board } = this.#options;
    const connection = new FrameConnection(
      stream,
      context.clock,
      boardMeter(board, () => undefined),
    );
    this.#connections.add(connection);
    const task = this.#serve(connection, address).finally(() => {
      this.#connections.delete(connection);
      this.#tasks.delete(task);
    });
    this.#tasks.add(task);
  }

  async #serve(connection: FrameConnection, address: string): Promise<void> {
    const { context, self, settings, states, board } = this.#options;
    try {
      const peer = await handshakeAsReceiver(connection, self, context);
      if (settings === undefined) throw new EfsError("DIRECTIONS_DO_NOT_PAIR", "a sender waits for nobody");
      const key = `${peer.segment}/${peer.service}`;
      const older = this.#sessions.get(key);
      older?.connection.close(new EfsError("CONNECT_LOST", "the sender connected anew"));
      await older?.done;
      const session = new ReceiverSession({ context, settings, states, board, connection, peer });
      const running = { peer, address, connection, done: this.#session(session, address) };
      this.#sessions.set(key, running);
      this.#showConnected(running);
      await running.done;
      if (this.#sessions.get(key) === running) this.#sessions.delete(key);
      if (!this.#stopping.signal.aborted) this.#showAfterSession();
    } catch (thrown) {
      const error = toEfsError(thrown);
      connection.close(error);
      if (!this.#stopping.signal.aborted) this.#showRefused(error, address);
    }
  }

  async #session(session: ReceiverSession, address: string): Promise<void> {
    const { board, context } = this.#options;
    const error = await session.run();
    if (this.#stopping.signal.aborted) return;
    if (error.code !== "SHUTTING_DOWN") {
      board.countAll("networkErrors", 1);
      board.fail(error, error.hint);
    }
    context.log.info({ peer: address, code: error.code, error: error.message }, "link lost");
  }

  /** Makes room: who has not proved the key for the longest time goes, so that strangers cannot hold the door. */
  #dropStranger(): void {
    for (const connection of this.#connections) {
      if (this.#isWorking(connection)) continue;
      this.#connections.delete(connection);
      connection.close(new EfsError("BUSY", "others wait at the door"));
      return;
    }
  }

  #isWorking(connection: FrameConnection): boolean {
    return [...this.#sessions.values()].some((running) => running.connection === connection);
  }

  #showWaiting(): void {
    const { board, settings } = this.#options;
    if (settings !== undefined)
      board.set("listening", `waiting for a sender at ${board.listenAddress ?? ""}`);
  }

  #showConnected(running: Running): void {
    const { board } = this.#options;
    const { peer, address } = running;
    board.peer = { segment: peer.segment, name: peer.segmentName, address };
    const from = `${escapeName(peer.segmentName)} at ${address}`;
    if (Math.abs(peer.skewMs) > CLOCK_SKEW_MS_MAX)
      board.set("clocks apart", `connected from ${from}; ${skewText(peer.skewMs)}`);
    else board.set("connected", `connected from ${from}`);
  }

  #showAfterSession(): void {
    const [other] = [...this.#sessions.values()].filter((running) => !running.connection.isClosed);
    if (other !== undefined) this.#showConnected(other);
    else this.#showWaiting();
  }

  /** While some sender works, a misfit at the door is an error to read and not the state of the link. */
  #showRefused(error: EfsError, address: string): void {
    const { board, context, states } = this.#options;
    const shown = `${error.message} (from ${address})`;
    context.log.info({ peer: address, code: error.code, error: error.message }, "a sender was refused");
    if (this.#options.settings === undefined) return;
    board.fail(error, fixOf(error, states.service, 2));
    if (!(error instanceof RefusedError)) board.countAll("networkErrors", 1);
    const isWorking = [...this.#sessions.values()].some((running) => !running.connection.isClosed);
    if (isWorking || !(error instanceof RefusedError)) return;
    if (error.refuser !== undefined) {
      board.peer = { segment: error.refuser.segment, name: error.refuser.name, address };
    }
    board.set(stateOf(error), shown);
    const atMs = context.clock.monotonicMs();
    this.#lastRefusalMs = atMs;
    void context.clock.sleep(REFUSAL_SHOWN_MS, this.#stopping.signal).then(() => {
      if (this.#stopping.signal.aborted || this.#lastRefusalMs !== atMs) return;
      if (board.state === stateOf(error)) this.#showAfterSession();
    });
  }
}
