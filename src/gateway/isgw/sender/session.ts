/**
 * The sender's side of one connection: a feed for each served bucket, batches under way, answers to pulls. Ends when the
 * connection does; nothing in memory is needed afterwards, the receiver's marks say where to go on.
 */
import type { Clock } from "../../../base/clock.ts";
import { EfsError, toEfsError } from "../../../base/errors.ts";
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
import { encodeBatch } from "../wire/batch.ts";
import { FRAME, type Frame } from "../wire/frame.ts";
import { decodeApplied } from "../wire/messages.ts";
import { recordAbsent } from "./absent.ts";
import { BatchBook, type SentBatch } from "./batch-book.ts";
import { Channel, RemoteError } from "./channel.ts";
import { Feed } from "./feed.ts";
import { Supply } from "./supply.ts";

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

interface Tended {
  readonly channel: Channel;
  readonly feed: Feed;
}

export class SenderSession {
  readonly #options: SenderSessionOptions;
  readonly #segment: Segment;
  readonly #clock: Clock;
  readonly #supply: Supply;
  readonly #channels = new Map<number, Tended>();
  readonly #batches = new BatchBook((number, batch) => this.#supply.forget(number, batch));
  /** Paths of buckets that some task takes care of. */
  readonly #tended = new Map<string, Promise<void>>();
  #nextChannel = 1;
  #progressMs: number;
  #appliedCount = 0;

  constructor(options: SenderSessionOptions) {
    this.#options = options;
    this.#segment = options.context.segment;
    this.#clock = options.context.clock;
    this.#progressMs = this.#clock.monotonicMs();
    const { replication } = this.#segment;
    const absentTools = {
      replication,
      states: options.states,
      board: options.board,
      log: options.context.log,
    };
    this.#supply = new Supply({
      connection: options.connection,
      batch: (number) => this.#batches.get(number),
      onAbsent: (batch, version, error) => recordAbsent(absentTools, { batch, version, error }),
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
        isChannel ? this.#channels.get(exchange)?.channel.path : this.#batches.get(exchange)?.channel.path,
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
    for (const { channel } of this.#channels.values()) this.#end(channel);
    await Promise.all(this.#tended.values());
    return connection.closed;
  }

  /** Writes down what was acknowledged; for the backlog while there is no connection. */
  async save(): Promise<void> {
    for (const { feed } of this.#channels.values()) await feed.save();
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
    for (const { channel, feed } of this.#channels.values()) {
      board.bucket(channel.path).isActive = feed.isBehind || this.#batches.isBusy(channel.path);
    }
    const stalledMs = this.#clock.monotonicMs() - this.#progressMs;
    if (this.#batches.size > 0 && stalledMs > STALL_MS_MAX) {
      connection.close(
        new EfsError("TIMEOUT", `the receiver made no progress for ${Math.round(stalledMs / 1000)} s`),
      );
    }
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
    const contents = await this.#segment.replication.contents(bucket.path);
    const channel = new Channel(this.#nextChannel, path);
    this.#nextChannel += 1;
    const feed: Feed = new Feed({
      replication: this.#segment.replication,
      states,
      clock: context.clock,
      settings,
      peer: peer.segment,
      bucket,
      board: board.bucket(path),
      signal: channel.signal,
      summary: () => this.#segment.namespace.showBucket(bucket.path),
      open: async () => {
        const { path, record } = bucket;
        const { position: headPosition } = await this.#segment.replication.logHead(path);
        return channel.offer(connection, {
          path,
          logId: record.logId,
          headPosition,
          options: record.options,
        });
      },
      send: (packed) =>
        this.#send({ bucket: bucket.path, contents, versions: packed.versions, channel, feed, packed }),
    });
    this.#channels.set(channel.number, { channel, feed });
    if (connection.isClosed) channel.end();
    try {
      await feed.run();
      if (channel.error !== undefined) throw channel.error;
    } finally {
      this.#end(channel);
      await feed.save();
    }
  }

  #onFeedFailed(path: string, error: EfsError): void {
    const { board, states, connection, context } = this.#options;
    if (connection.isClosed) return;
    const row = board.bucket(path);
    row.problem = error;
    context.log.warn(
      { bucket: path, code: error.code, error: error.message },
      "replication of a bucket failed",
    );
    if (error.code !== "PATH_REFUSED")
      row.counters.add(error instanceof RemoteError ? "remoteIoErrors" : "localIoErrors", 1);
    board.fail(error, fixOf(error, states.service, 1));
  }

  async #send(batch: SentBatch): Promise<void> {
    const { channel, packed } = batch;
    const number = await this.#batches.open(batch);
    if (number === undefined) return;
    if (this.#batches.size === 1) this.#progressMs = this.#clock.monotonicMs();
    this.#options.board.bucket(channel.path).isActive = true;
    const body = encodeBatch({ ...packed, channel: channel.number });
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
    this.#batches.close(frame.exchange);
    const row = this.#options.board.bucket(batch.channel.path);
    row.isActive = batch.feed.isBehind || this.#batches.isBusy(batch.channel.path);
    batch.feed
      .onApplied(batch.packed, applied)
      .catch((thrown) => this.#options.connection.close(toEfsError(thrown)));
  }

  #onOpened(frame: Frame): void {
    const tended = this.#channels.get(frame.exchange);
    if (tended === undefined) throw new EfsError("PROTOCOL", "the receiver opened what was not offered");
    tended.channel.opened(frame.body);
  }

  #onClosed(frame: Frame): void {
    const tended = this.#channels.get(frame.exchange);
    if (tended === undefined) return;
    tended.channel.closed(frame.body);
    this.#end(tended.channel);
  }

  #end(channel: Channel): void {
    if (!this.#channels.delete(channel.number)) return;
    channel.end();
    this.#batches.closeAll(channel);
  }
}
