/**
 * The sender's side of one connection: a feed for each served bucket, batches under way, answers to pulls. Ends when the
 * connection does; nothing in memory is needed afterwards, the receiver's marks say where to go on.
 */
import type { Clock } from "../../../base/clock.ts";
import { EfsError, isErrorCode, toEfsError } from "../../../base/errors.ts";
import type { Log } from "../../../base/log.ts";
import { backoffMs } from "../../../base/retry.ts";
import { escapeName, formatBucketPath, serves } from "../../../model/names.ts";
import type { Segment } from "../../../segment/segment.ts";
import type { GatewayContext } from "../../gateway.ts";
import type { FrameConnection } from "../link/connection.ts";
import type { Peer } from "../link/handshake.ts";
import { boardMeter } from "../link/meter.ts";
import { type FoundBucket, findBuckets } from "../position/marker.ts";
import type { SenderSettings } from "../settings.ts";
import type { StateStore } from "../state-store.ts";
import { fixOf, type LinkBoard } from "../status.ts";
import { type BatchVersion, encodeBatch } from "../wire/batch.ts";
import { FRAME, type Frame } from "../wire/frame.ts";
import { decodeApplied, decodeClosed, decodeOpened, encodeOpen, type Opened } from "../wire/messages.ts";
import { BatchWindow } from "./batch-window.ts";
import { Feed } from "./feed.ts";
import type { PackedBatch } from "./source.ts";
import { type OpenBatch, Supply } from "./supply.ts";

const LOOK_MS = 1000;
const STALL_MS_MAX = 60_000;
const REOPEN = { firstMs: 500, maxMs: 30_000 };

export interface SenderSessionOptions {
  readonly context: GatewayContext;
  readonly settings: SenderSettings;
  readonly states: StateStore;
  readonly board: LinkBoard;
  readonly connection: FrameConnection;
  readonly peer: Peer;
}

interface Channel {
  readonly number: number;
  readonly feed: Feed;
  readonly path: string;
  readonly ending: AbortController;
  answer: { resolve(opened: Opened): void; reject(error: EfsError): void } | undefined;
  error: EfsError | undefined;
}

interface SentBatch extends OpenBatch {
  readonly channel: Channel;
  readonly packed: PackedBatch;
}

export class SenderSession {
  readonly #options: SenderSessionOptions;
  readonly #segment: Segment;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #supply: Supply;
  readonly #window = new BatchWindow();
  readonly #channels = new Map<number, Channel>();
  readonly #batches = new Map<number, SentBatch>();
  /** Paths of buckets that some task takes care of. */
  readonly #tended = new Map<string, Promise<void>>();
  #nextChannel = 1;
  #nextBatch = 1;
  #progressMs: number;
  #appliedCount = 0;

  constructor(options: SenderSessionOptions) {
    this.#options = options;
    this.#segment = options.context.segment;
    this.#clock = options.context.clock;
    this.#log = options.context.log;
    this.#progressMs = this.#clock.monotonicMs();
    this.#supply = new Supply({
      replication: this.#segment.replication,
      connection: options.connection,
      batch: (number) => this.#batches.get(number),
      onAbsent: (batch, version, error) => this.#onAbsent(batch, version, error),
      onGiven: (batch, kind) => {
        this.#progressMs = this.#clock.monotonicMs();
        const path = formatBucketPath(batch.bucket);
        if (kind === "node") options.board.count(path, "chunkManifests", 1);
        if (kind === "chunk") options.board.count(path, "dataChunksSent", 1);
      },
    });
  }

  /** True when the receiver made something durable on this connection. */
  get hasProgressed(): boolean {
    return this.#appliedCount > 0;
  }

  /** Until the connection is over; resolves with why. */
  async run(): Promise<EfsError> {
    const { connection, board } = this.#options;
    connection.listen(
      (frame) => this.#onFrame(frame),
      boardMeter(board, (exchange, isChannel) =>
        isChannel ? this.#channels.get(exchange)?.path : this.#batches.get(exchange)?.channel.path,
      ),
    );
    while (!connection.isClosed) {
      try {
        await this.#look();
      } catch (thrown) {
        connection.close(toEfsError(thrown));
      }
      await this.#clock.sleep(LOOK_MS, connection.signal);
    }
    for (const channel of this.#channels.values()) this.#end(channel, undefined);
    await Promise.all(this.#tended.values());
    return connection.closed;
  }

  /** Writes down what was acknowledged; for the backlog while there is no connection. */
  async save(): Promise<void> {
    for (const channel of this.#channels.values()) await channel.feed.save();
  }

  /** Once a second: buckets that have come, buckets that the receiver does not serve, stalls. */
  async #look(): Promise<void> {
    const { settings, states, peer, board, connection } = this.#options;
    const seen = new Set<string>();
    for (const served of settings.served) {
      for (const bucket of await findBuckets(this.#segment.replication, states, served)) {
        const path = formatBucketPath(bucket.path);
        if (seen.has(path)) continue;
        seen.add(path);
        const row = board.bucket(path);
        row.latencyMs = connection.latencyMs ?? row.latencyMs;
        if (!peer.served.some((theirs) => serves(theirs, bucket.path))) this.#refusePath(path);
        else if (!this.#tended.has(path)) this.#tend(path, bucket);
      }
    }
    for (const row of board.buckets) row.isActive = this.#isBusy(row.path);
    const stalledMs = this.#clock.monotonicMs() - this.#progressMs;
    if (this.#batches.size > 0 && stalledMs > STALL_MS_MAX) {
      connection.close(
        new EfsError("TIMEOUT", `the receiver made no progress for ${Math.round(stalledMs / 1000)} s`),
      );
    }
  }

  #isBusy(path: string): boolean {
    for (const batch of this.#batches.values()) if (batch.channel.path === path) return true;
    return false;
  }

  #refusePath(path: string): void {
    const { board, peer } = this.#options;
    const row = board.bucket(path);
    if (row.problem?.code === "PATH_REFUSED") return;
    row.problem = new EfsError("PATH_REFUSED", `the receiver does not serve ${escapeName(path)}`);
    board.fail(row.problem, `efscli service serve ${escapeName(peer.service)} ${escapeName(path)}`);
    board.set(
      "path refused",
      `the receiver ${escapeName(peer.segmentName)} does not serve ${escapeName(path)}`,
    );
  }

  /** Keeps a feed running for a bucket: after a failure at the receiver again, with growing pauses. */
  #tend(path: string, bucket: FoundBucket): void {
    const { connection } = this.#options;
    const task = async () => {
      for (let attempt = 0; !connection.isClosed; attempt += 1) {
        const before = this.#appliedCount;
        try {
          await this.#feed(path, bucket);
        } catch (thrown) {
          const error = toEfsError(thrown);
          if (error.code === "BUCKET_NOT_FOUND" && !(error instanceof RemoteError)) break;
          this.#onFeedFailed(path, error);
        }
        if (this.#appliedCount > before) attempt = 0;
        await this.#clock.sleep(backoffMs(REOPEN, attempt, this.#options.context.random), connection.signal);
      }
      this.#tended.delete(path);
    };
    this.#tended.set(path, task());
  }

  async #feed(path: string, bucket: FoundBucket): Promise<void> {
    const { settings, states, board, connection, peer, context } = this.#options;
    const number = this.#nextChannel;
    this.#nextChannel += 1;
    const ending = new AbortController();
    const feed = new Feed({
      replication: this.#segment.replication,
      states,
      clock: context.clock,
      settings,
      peer: peer.segment,
      bucket,
      board: board.bucket(path),
      signal: ending.signal,
      summary: () => this.#segment.namespace.showBucket(bucket.path),
      open: () => this.#open(channel, bucket),
      send: (batch) => this.#send(channel, bucket, batch),
    });
    const channel: Channel = { number, feed, path, ending, answer: undefined, error: undefined };
    this.#channels.set(number, channel);
    if (connection.isClosed) ending.abort();
    try {
      await feed.run();
      if (channel.error !== undefined) throw channel.error;
    } finally {
      this.#end(channel, undefined);
      await feed.save();
    }
  }

  #onFeedFailed(path: string, error: EfsError): void {
    const { board, states, connection } = this.#options;
    if (connection.isClosed) return;
    const row = board.bucket(path);
    row.problem = error;
    this.#log.warn(
      { bucket: path, code: error.code, error: error.message },
      "replication of a bucket failed",
    );
    if (error.code !== "PATH_REFUSED")
      row.counters.add(error instanceof RemoteError ? "remoteIoErrors" : "localIoErrors", 1);
    board.fail(error, fixOf(error, { service: states.service, direction: 1, served: [path] }));
  }

  async #open(channel: Channel, bucket: FoundBucket): Promise<Opened> {
    const head = await this.#segment.replication.logHead(bucket.path);
    const open = {
      path: bucket.path,
      logId: bucket.record.logId,
      headPosition: head.position,
      options: bucket.record.options,
    };
    const answer = new Promise<Opened>((resolve, reject) => {
      channel.answer = { resolve, reject };
      channel.ending.signal.addEventListener("abort", () =>
        reject(channel.error ?? new EfsError("CONNECT_LOST", "the connection was closed")),
      );
    });
    answer.catch(() => undefined);
    await this.#options.connection.send({
      type: FRAME.OPEN,
      exchange: channel.number,
      body: encodeOpen(open),
      isPackable: true,
    });
    return answer;
  }

  async #send(channel: Channel, bucket: FoundBucket, packed: PackedBatch): Promise<void> {
    await this.#window.acquire(packed.sizeBytes);
    if (channel.ending.signal.aborted) {
      this.#window.release(packed.sizeBytes);
      return;
    }
    const number = this.#nextBatch;
    this.#nextBatch += 1;
    if (this.#batches.size === 0) this.#progressMs = this.#clock.monotonicMs();
    this.#batches.set(number, { bucket: bucket.path, versions: packed.versions, channel, packed });
    this.#options.board.bucket(channel.path).isActive = true;
    const body = encodeBatch({ channel: channel.number, mark: packed.mark, versions: packed.versions });
    await this.#options.connection.send({ type: FRAME.BATCH, exchange: number, body, isPackable: true });
  }

  #onFrame(frame: Frame): void {
    const { connection } = this.#options;
    try {
      this.#progressMs = this.#clock.monotonicMs();
      if (frame.type === FRAME.PULL) this.#supply.pull(frame.exchange, frame.body);
      else if (frame.type === FRAME.APPLIED) this.#onApplied(frame);
      else if (frame.type === FRAME.OPENED) this.#onOpened(frame);
      else if (frame.type === FRAME.CLOSED) this.#onClosed(frame);
      else if (frame.type === FRAME.BYE)
        connection.close(new EfsError("CONNECT_LOST", "the receiver is stopping"));
      else throw new EfsError("PROTOCOL", `a frame of type ${frame.type} does not come from a receiver`);
    } catch (thrown) {
      connection.close(toEfsError(thrown));
    }
  }

  #onApplied(frame: Frame): void {
    const batch = this.#batches.get(frame.exchange);
    if (batch === undefined) throw new EfsError("PROTOCOL", "the receiver applied a batch that is not open");
    const applied = decodeApplied(frame.body);
    this.#appliedCount += 1;
    this.#drop(frame.exchange, batch);
    const row = this.#options.board.bucket(batch.channel.path);
    row.isActive = this.#isBusy(batch.channel.path);
    batch.channel.feed
      .onApplied(batch.packed, applied)
      .catch((thrown) => this.#options.connection.close(toEfsError(thrown)));
  }

  #drop(number: number, batch: SentBatch): void {
    this.#batches.delete(number);
    this.#supply.forget(number, batch);
    this.#window.release(batch.packed.sizeBytes);
  }

  #onOpened(frame: Frame): void {
    const channel = this.#channels.get(frame.exchange);
    if (channel?.answer === undefined)
      throw new EfsError("PROTOCOL", "the receiver opened what was not offered");
    const { answer } = channel;
    channel.answer = undefined;
    answer.resolve(decodeOpened(frame.body));
  }

  #onClosed(frame: Frame): void {
    const channel = this.#channels.get(frame.exchange);
    if (channel === undefined) return;
    const closed = decodeClosed(frame.body);
    const code = isErrorCode(closed.code) ? closed.code : "UNAVAILABLE";
    this.#end(channel, new RemoteError(code, escapeName(closed.message)));
  }

  #end(channel: Channel, error: EfsError | undefined): void {
    if (!this.#channels.delete(channel.number)) return;
    channel.error = error;
    channel.ending.abort();
    for (const [number, batch] of this.#batches) if (batch.channel === channel) this.#drop(number, batch);
  }

  /** On record before the receiver hears of it, so that a crash loses no version for good. */
  async #onAbsent(batch: OpenBatch, version: BatchVersion, error: EfsError): Promise<void> {
    const { states, board } = this.#options;
    const path = formatBucketPath(batch.bucket);
    const { object, uvid } = version.version;
    const { logId } = await this.#segment.replication.logHead(batch.bucket);
    await states.owe(logId, { object, uvid });
    const row = board.bucket(path);
    row.problem = error;
    row.counters.add("localIoErrors", 1);
    const message = `${escapeName(path)}/${escapeName(object)} cannot be read here and was left out: ${error.message}`;
    board.fail(
      new EfsError(error.code, message),
      `efscli object put FILE ${escapeName(path)}/${escapeName(object)}`,
    );
    this.#log.error(
      { bucket: path, object, version: uvid, code: error.code },
      "content cannot be read, version left out",
    );
  }
}

/** What the receiver closed a bucket with. */
class RemoteError extends EfsError {}
