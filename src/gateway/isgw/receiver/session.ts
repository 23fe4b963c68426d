/**
 * The receiver's side of one connection: buckets that the sender offers, batches that come, pieces that were wanted. Trusts
 * nothing that comes; ends when the connection does, and what was stored stays.
 */
import { EfsError, toEfsError } from "../../../base/errors.ts";
import { escapeName, formatBucketPath, serves } from "../../../model/names.ts";
import type { Contents } from "../../../segment/replication.ts";
import type { GatewayContext } from "../../gateway.ts";
import type { FrameConnection } from "../link/connection.ts";
import type { Peer } from "../link/handshake.ts";
import { boardMeter } from "../link/meter.ts";
import type { ReceiverSettings } from "../settings.ts";
import { positionKey, type StateStore } from "../state-store.ts";
import type { LinkBoard } from "../status.ts";
import { decodeBatch } from "../wire/batch.ts";
import { FRAME, type Frame, type OutgoingFrame } from "../wire/frame.ts";
import { type Applied, decodeOpen, encodeApplied, encodeClosed, encodeOpened } from "../wire/messages.ts";
import { ByteBudget } from "./byte-budget.ts";
import { Fetcher } from "./fetch.ts";
import { Intake } from "./intake.ts";
import { Wants } from "./wants.ts";

const CHANNELS_MAX = 10_000;
const BATCHES_MAX = 64;
const STALL_MS_MAX = 60_000;
const TICK_MS = 1000;
/** Little enough that a cut costs little, enough for a fast local link. */
const BUDGET_BYTES_MIN = 2 * 1024 * 1024;
const BUDGET_BYTES_MAX = 16 * 1024 * 1024;
/** What a long round trip is filled at. */
const BYTES_PER_MS = 200_000;

export interface ReceiverSessionOptions {
  readonly context: GatewayContext;
  readonly settings: ReceiverSettings;
  readonly states: StateStore;
  readonly board: LinkBoard;
  readonly connection: FrameConnection;
  readonly peer: Peer;
}

export class ReceiverSession {
  readonly #options: ReceiverSessionOptions;
  readonly #wants: Wants;
  readonly #budget = new ByteBudget(BUDGET_BYTES_MIN);
  /** One for all plain buckets, one for each encrypted one: what is in one is not in another. */
  readonly #fetchers = new Map<Contents, Fetcher>();
  /** undefined: being opened. Closed channels are taken out. */
  readonly #channels = new Map<number, Intake | undefined>();
  readonly #paths = new Map<number, string>();
  readonly #batchPaths = new Map<number, string>();
  #lastChannel = 0;
  #lastBatch = 0;
  #progressMs: number;

  constructor(options: ReceiverSessionOptions) {
    this.#options = options;
    this.#progressMs = options.context.clock.monotonicMs();
    this.#wants = new Wants((frame) => this.#send(frame));
  }

  /** Until the connection is over and everything under way has settled; resolves with why. */
  async run(): Promise<EfsError> {
    const { connection, board, context } = this.#options;
    connection.listen(
      (frame) => this.#onFrame(frame),
      boardMeter(board, (exchange, isChannel) => (isChannel ? this.#paths : this.#batchPaths).get(exchange)),
    );
    while (!connection.isClosed) {
      this.#tick();
      await context.clock.sleep(TICK_MS, connection.signal);
    }
    const error = await connection.closed;
    this.#wants.fail(error);
    const intakes = [...this.#channels.values()];
    for (const intake of intakes) intake?.fail(error);
    await Promise.all(intakes.map((intake) => intake?.settled));
    return error;
  }

  #tick(): void {
    const { connection, board, context } = this.#options;
    this.#fitBudget();
    for (const path of this.#paths.values()) {
      const row = board.bucket(path);
      row.latencyMs = connection.latencyMs ?? row.latencyMs;
    }
    const stalledMs = context.clock.monotonicMs() - this.#progressMs;
    if (this.#wants.outstanding === 0) this.#progressMs = context.clock.monotonicMs();
    else if (stalledMs > STALL_MS_MAX) {
      const seconds = Math.round(stalledMs / 1000);
      connection.close(new EfsError("TIMEOUT", `the sender gave nothing of what it owes for ${seconds} s`));
    }
  }

  /** What fills the shortest round trip that was seen. */
  #fitBudget(): void {
    const roundTripMs = this.#options.connection.latencyMsMin ?? 0;
    const wantedBytes = Math.min(BUDGET_BYTES_MAX, Math.max(BUDGET_BYTES_MIN, roundTripMs * BYTES_PER_MS));
    if (wantedBytes !== this.#budget.limitBytes) this.#budget.limitBytes = wantedBytes;
  }

  #onFrame(frame: Frame): void {
    const { connection, context } = this.#options;
    try {
      if (frame.type === FRAME.PIECES) {
        this.#progressMs = context.clock.monotonicMs();
        this.#fitBudget();
        this.#wants.take(frame.body);
      } else if (frame.type === FRAME.BATCH) this.#onBatch(frame);
      else if (frame.type === FRAME.OPEN) this.#onOpen(frame);
      else throw new EfsError("PROTOCOL", `a frame of type ${frame.type} does not come from a sender`);
    } catch (thrown) {
      const error = toEfsError(thrown);
      connection.close(new EfsError("PROTOCOL", error.message, { cause: error }));
    }
  }

  #onOpen(frame: Frame): void {
    const number = frame.exchange;
    if (number !== this.#lastChannel + 1) throw new EfsError("PROTOCOL", "channels are not in order");
    if (this.#channels.size >= CHANNELS_MAX) throw new EfsError("PROTOCOL", "too many buckets at once");
    this.#lastChannel = number;
    const open = decodeOpen(frame.body);
    this.#channels.set(number, undefined);
    this.#openChannel(number, open).catch((thrown) => this.#closeChannel(number, toEfsError(thrown)));
  }

  async #openChannel(number: number, open: ReturnType<typeof decodeOpen>): Promise<void> {
    const { context, settings, states, board, peer } = this.#options;
    const path = formatBucketPath(open.path);
    if (!settings.served.some((served) => serves(served, open.path))) {
      throw new EfsError("PATH_REFUSED", `service ${states.service} does not serve ${escapeName(path)}`);
    }
    const record = await context.segment.namespace.ensureBucket(open.path, open.options);
    const contents = await context.segment.replication.contents(open.path);
    const markKey = positionKey(peer.segment, open.logId, record.logId);
    const mark = await states.getMark(markKey);
    this.#paths.set(number, path);
    const row = board.bucket(path);
    row.problem = undefined;
    const intake = new Intake({
      segment: context.segment,
      states,
      fetcher: this.#fetcherFor(contents),
      board: row,
      bucket: open.path,
      peer: peer.segment,
      markKey,
      mark,
      onApplied: (batch, applied) => this.#onApplied(batch, applied),
      onRefused: (error) => this.#onRefused(path, error),
      onFailed: (error) => this.#closeChannel(number, error),
    });
    this.#channels.set(number, intake);
    await this.#send({
      type: FRAME.OPENED,
      exchange: number,
      body: encodeOpened({ logId: record.logId, mark }),
    });
  }

  #fetcherFor(contents: Contents): Fetcher {
    const known = this.#fetchers.get(contents);
    if (known !== undefined) return known;
    const { board } = this.#options;
    const fetcher = new Fetcher({
      contents,
      wants: this.#wants,
      budget: this.#budget,
      onStored: (kind, batch) => {
        const path = this.#batchPaths.get(batch);
        if (kind === "chunk") board.count(path, "dataChunksReceived", 1);
        if (kind === "node") board.count(path, "chunkManifests", 1);
      },
    });
    this.#fetchers.set(contents, fetcher);
    return fetcher;
  }

  #onBatch(frame: Frame): void {
    if (frame.exchange !== this.#lastBatch + 1) throw new EfsError("PROTOCOL", "batches are not in order");
    this.#lastBatch = frame.exchange;
    const body = decodeBatch(frame.body);
    if (body.channel < 1 || body.channel > this.#lastChannel)
      throw new EfsError("PROTOCOL", "a batch names no channel");
    // A batch for a channel that was closed here meanwhile was on its way: it is not answered.
    if (!this.#channels.has(body.channel)) return;
    const intake = this.#channels.get(body.channel);
    if (intake === undefined) throw new EfsError("PROTOCOL", "a batch came before its bucket was opened");
    if (this.#batchPaths.size >= BATCHES_MAX) throw new EfsError("PROTOCOL", "too many batches at once");
    const path = this.#paths.get(body.channel);
    if (path !== undefined) this.#batchPaths.set(frame.exchange, path);
    intake.take(frame.exchange, body);
  }

  #onApplied(batch: number, applied: Applied): void {
    this.#wants.finish(batch);
    void this.#send({ type: FRAME.APPLIED, exchange: batch, body: encodeApplied(applied) }).finally(() =>
      this.#batchPaths.delete(batch),
    );
  }

  #onRefused(path: string, error: EfsError): void {
    const { board, context } = this.#options;
    context.log.warn({ bucket: path, ...error.details, error: error.message }, "a removal is forbidden here");
    board.bucket(path).problem = error;
    board.fail(error, error.hint);
  }

  #closeChannel(number: number, error: EfsError): void {
    const { connection, board, context } = this.#options;
    const intake = this.#channels.get(number);
    const path = this.#paths.get(number);
    this.#channels.delete(number);
    if (connection.isClosed) return;
    if (error.kind === "corrupt" && (error.code === "PROTOCOL" || error.code === "HASH_MISMATCH")) {
      connection.close(error);
      return;
    }
    context.log.warn({ bucket: path, code: error.code, error: error.message }, "a bucket cannot be taken in");
    if (path !== undefined) {
      const row = board.bucket(path);
      row.problem = error;
      row.isActive = false;
      row.counters.add("localIoErrors", 1);
      board.fail(error, error.hint);
    }
    for (const batch of intake?.openBatches ?? []) {
      this.#wants.forget(batch, error);
      this.#batchPaths.delete(batch);
    }
    void this.#send({
      type: FRAME.CLOSED,
      exchange: number,
      body: encodeClosed({ code: error.code, message: error.message }),
    });
  }

  /** Never rejects: a connection that closed meanwhile says so itself. */
  async #send(frame: OutgoingFrame): Promise<void> {
    try {
      await this.#options.connection.send(frame);
    } catch (thrown) {
      this.#options.connection.close(toEfsError(thrown));
    }
  }
}
