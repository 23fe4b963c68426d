/**
 * The bytes of a request body as they come from the connection, read once and no faster than they are asked for. Tells when the client is who is
 * waited for, so that a slow one can be cut off, and sends `100 Continue` when the first byte is asked for and not before.
 */
import type { IncomingMessage } from "node:http";
import { S3Error } from "../errors.ts";

const BUFFERED_BYTES_MAX = 256 * 1024;

type Result = IteratorResult<Uint8Array, undefined>;
const DONE: Result = { done: true, value: undefined };

export class RawBody implements AsyncIterableIterator<Uint8Array> {
  readonly #request: IncomingMessage;
  readonly #onBegin: (() => void) | undefined;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #waiter:
    | { readonly resolve: (result: Result) => void; readonly reject: (error: unknown) => void }
    | undefined;
  #hasBegun = false;
  #isEnded = false;
  #failure: unknown;
  /** Bytes that came so far. */
  receivedBytes = 0;

  /** @param onBegin called when the first byte is asked for */
  constructor(request: IncomingMessage, onBegin: (() => void) | undefined) {
    this.#request = request;
    this.#onBegin = onBegin;
  }

  /** Somebody reads, and the client has nothing for them. */
  get isWaiting(): boolean {
    return this.#waiter !== undefined;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    if (!this.#hasBegun) this.#begin();
    const piece = this.#queue.shift();
    if (piece !== undefined) {
      this.#queuedBytes -= piece.length;
      if (this.#queuedBytes < BUFFERED_BYTES_MAX && this.#request.isPaused()) this.#request.resume();
      return Promise.resolve({ done: false, value: piece });
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#isEnded) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }

  /** Whoever stops early leaves the rest; what still comes is dropped. */
  return(): Promise<Result> {
    this.#isEnded = true;
    this.#queue.length = 0;
    this.#request.pause();
    return Promise.resolve(DONE);
  }

  /** The body will not come to its end: whoever reads it is told, after what has come. */
  fail(error: unknown): void {
    if (this.#isEnded || this.#failure !== undefined) return;
    this.#failure = error;
    this.#waiter?.reject(error);
    this.#waiter = undefined;
  }

  #begin(): void {
    this.#hasBegun = true;
    const request = this.#request;
    this.#onBegin?.();
    request.on("data", (piece: Uint8Array) => this.#take(piece));
    request.on("end", () => {
      if (this.#failure !== undefined) return;
      this.#isEnded = true;
      this.#waiter?.resolve(DONE);
      this.#waiter = undefined;
    });
    const lost = () => {
      // Every request closes in the end, and errors are dear.
      if (this.#isEnded || this.#failure !== undefined) return;
      this.fail(new S3Error("IncompleteBody", "The connection was lost before the body had come"));
    };
    request.on("error", lost);
    request.on("close", lost);
  }

  #take(piece: Uint8Array): void {
    this.receivedBytes += piece.length;
    if (this.#isEnded) return;
    const waiter = this.#waiter;
    if (waiter !== undefined) {
      this.#waiter = undefined;
      waiter.resolve({ done: false, value: piece });
      return;
    }
    this.#queue.push(piece);
    this.#queuedBytes += piece.length;
    if (this.#queuedBytes >= BUFFERED_BYTES_MAX) this.#request.pause();
  }
}
