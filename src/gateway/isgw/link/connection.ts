/**
 * A connection that carries frames: sends with back-pressure, receives in order, counts every byte at the socket, keeps
 * itself alive with pings and drops a peer from which nothing comes. Any fault closes it, once, with one error.
 */
import type { Duplex } from "node:stream";
import type { Clock } from "../../../base/clock.ts";
import { ByteReader, ByteWriter } from "../../../base/cursor.ts";
import { EfsError, toEfsError } from "../../../base/errors.ts";
import { encodeFrame, FRAME, type Frame, FrameParser, type OutgoingFrame } from "../wire/frame.ts";

export const PING_MS = 5000;
const SILENCE_MS_MAX = 15_000;
/** Frames that may wait before `listen` is called: the handshake takes them one by one. */
const WAITING_MAX = 4;
const LINGER_MS = 1000;

/** Told of every byte, with the frame that it belongs to; type 0: of no whole frame. */
export interface Meter {
  sent(sizeBytes: number, type: number, exchange: number): void;
  received(sizeBytes: number, type: number, exchange: number): void;
}

export class FrameConnection {
  readonly #stream: Duplex;
  readonly #clock: Clock;
  readonly #parser = new FrameParser();
  readonly #waiting: Frame[] = [];
  readonly #ending = new AbortController();
  #meter: Meter;
  #onFrame: ((frame: Frame) => void) | undefined;
  #onWaiting: (() => void) | undefined;
  #drain: Promise<void> | undefined;
  #lastReceivedMs: number;
  #latencyMs: number | undefined;
  #latencyMsMin: number | undefined;
  #error: EfsError | undefined;
  #isClosed = false;
  /** Resolves when the connection is no more, with the error that ended it; never rejects. */
  readonly closed: Promise<EfsError>;
  #resolveClosed: (error: EfsError) => void = () => {};

  constructor(stream: Duplex, clock: Clock, meter: Meter) {
    this.#stream = stream;
    this.#clock = clock;
    this.#meter = meter;
    this.#lastReceivedMs = clock.monotonicMs();
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    stream.on("data", (bytes: Uint8Array) => this.#receive(bytes));
    stream.on("error", (error) => this.close(lost(toEfsError(error).message)));
    stream.on("end", () => this.close(lost("the peer closed the connection")));
    stream.on("close", () => this.close(lost("the connection was cut")));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Aborts when the connection is closed. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Round trip of the last ping; undefined before the first answer. */
  get latencyMs(): number | undefined {
    return this.#latencyMs;
  }

  /** The shortest round trip seen. */
  get latencyMsMin(): number | undefined {
    return this.#latencyMsMin;
  }

  /** Resolves when the stream takes more. @throws CONNECT_LOST or what closed the connection */
  async send(frame: OutgoingFrame): Promise<void> {
    if (this.#isClosed) throw this.#error ?? lost("the connection is closed");
    const bytes = encodeFrame(frame);
    this.#meter.sent(bytes.length, frame.type, frame.exchange);
    if (this.#stream.write(bytes)) return;
    this.#drain ??= new Promise<void>((resolve) => {
      const go = () => {
        this.#drain = undefined;
        this.#stream.off("drain", go);
        this.signal.removeEventListener("abort", go);
        resolve();
      };
      this.#stream.once("drain", go);
      this.signal.addEventListener("abort", go, { once: true });
    });
    await this.#drain;
  }

  /** The next frame, for the handshake. @throws what closed the connection */
  async next(): Promise<Frame> {
    while (this.#waiting.length === 0) {
      if (this.#isClosed) throw this.#error ?? lost("the connection is closed");
      await new Promise<void>((resolve) => {
        this.#onWaiting = resolve;
      });
    }
    const frame = this.#waiting.shift();
    if (frame === undefined) throw lost("the connection is closed");
    return frame;
  }

  /** From now on every frame goes to `onFrame`, which must not throw but may call `close`; pings begin. */
  listen(onFrame: (frame: Frame) => void, meter: Meter = this.#meter): void {
    this.#meter = meter;
    this.#onFrame = onFrame;
    for (const frame of this.#waiting.splice(0)) this.#dispatch(frame);
    void this.#keepAlive();
  }

  /** Tells the peer that this is an orderly stop, and ends the connection. */
  bye(): void {
    void this.#answer({ type: FRAME.BYE, exchange: 0, body: new Uint8Array(0) });
    this.close(new EfsError("SHUTTING_DOWN", "the service is stopping"));
  }

  /** Ends the connection with `error`; the first call counts. What was sent before is still flushed. */
  close(error: EfsError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#error = error;
    this.#meter.received(this.#parser.bufferedBytes, 0, 0);
    this.#ending.abort();
    this.#onWaiting?.();
    if (!this.#stream.destroyed) {
      // What is on its way still arrives: the peer ends its side when it has read ours.
      const gone = new AbortController();
      this.#stream.once("end", () => this.#stream.destroy());
      this.#stream.once("close", () => gone.abort());
      this.#stream.end();
      void this.#clock.sleep(LINGER_MS, gone.signal).then(() => this.#stream.destroy());
    }
    this.#resolveClosed(error);
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#lastReceivedMs = this.#clock.monotonicMs();
    try {
      for (const frame of this.#parser.push(bytes)) {
        if (this.#isClosed) return;
        this.#dispatch(frame);
      }
    } catch (thrown) {
      this.close(toEfsError(thrown));
    }
  }

  #dispatch(frame: Frame): void {
    this.#meter.received(frame.wireBytes, frame.type, frame.exchange);
    if (this.#onFrame === undefined) {
      this.#waiting.push(frame);
      if (this.#waiting.length > WAITING_MAX)
        throw new EfsError("PROTOCOL", "frames came before the handshake ended");
      this.#onWaiting?.();
      return;
    }
    if (frame.type === FRAME.BYE) this.close(new EfsError("SHUTTING_DOWN", "the peer is stopping"));
    else if (frame.type === FRAME.PING) {
      // A peer that pings and never reads must not fill our memory with answers.
      if (this.#drain === undefined) void this.#answer({ type: FRAME.PONG, exchange: 0, body: frame.body });
    } else if (frame.type === FRAME.PONG) this.#pong(frame);
    else this.#onFrame(frame);
  }

  #pong(frame: Frame): void {
    if (frame.body.length !== 8) throw new EfsError("PROTOCOL", "a pong is not 8 bytes");
    const sentMs = Number(new ByteReader(frame.body).u64()) / 1000;
    const latencyMs = Math.round((this.#clock.monotonicMs() - sentMs) * 100) / 100;
    if (!(latencyMs >= 0)) throw new EfsError("PROTOCOL", "a pong answers no ping");
    this.#latencyMs = latencyMs;
    this.#latencyMsMin = Math.min(latencyMs, this.#latencyMsMin ?? latencyMs);
  }

  async #keepAlive(): Promise<void> {
    while (!this.#isClosed) {
      if (this.#drain === undefined) {
        const body = new ByteWriter(8).u64(BigInt(Math.trunc(this.#clock.monotonicMs() * 1000))).finish();
        await this.#answer({ type: FRAME.PING, exchange: 0, body });
      }
      await this.#clock.sleep(PING_MS, this.signal);
      const silentMs = this.#clock.monotonicMs() - this.#lastReceivedMs;
      if (silentMs > SILENCE_MS_MAX) {
        this.close(
          new EfsError("TIMEOUT", `nothing came from the peer for ${Math.round(silentMs / 1000)} s`),
        );
      }
    }
  }

  async #answer(frame: OutgoingFrame): Promise<void> {
    if (this.#isClosed) return;
    try {
      await this.send(frame);
    } catch {
      // The connection closed meanwhile; `closed` tells why.
    }
  }
}

function lost(message: string): EfsError {
  return new EfsError("CONNECT_LOST", message);
}
