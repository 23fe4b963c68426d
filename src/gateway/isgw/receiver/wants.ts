/**
 * The wants of a connection: numbers them, sends them in few PULL frames, and hands each piece that comes to whoever
 * waits for it. A piece that nobody wants is a breach of the protocol.
 */
import { EfsError } from "../../../base/errors.ts";
import { FRAME, type OutgoingFrame } from "../wire/frame.ts";
import { decodePieces, encodePull, type Piece, PULL_WANTS_MAX, type Want } from "../wire/pieces.ts";

export interface GivenPiece {
  readonly number: number;
  readonly piece: Piece;
}

interface Pending {
  readonly batch: number;
  readonly want: Want;
  readonly resolve: (given: GivenPiece) => void;
  readonly reject: (error: EfsError) => void;
}

/** A frame stays well below its limit: 16 bytes a want at most. */
const FORGOTTEN_MAX = 4096;
const WANTS_A_FRAME = Math.min(PULL_WANTS_MAX, 8000);

export class Wants {
  readonly #send: (frame: OutgoingFrame) => Promise<void>;
  readonly #queues = new Map<number, { wants: Pending[]; releases: number[] }>();
  readonly #sent = new Map<number, Pending>();
  /** Batches that were given up; the oldest are dropped when there are many, as no task of theirs can be left. */
  readonly #forgotten = new Map<number, EfsError>();
  #nextNumber = 1;
  #isScheduled = false;
  #error: EfsError | undefined;

  /** `send` must not throw synchronously; its failure is known through `fail`. */
  constructor(send: (frame: OutgoingFrame) => Promise<void>) {
    this.#send = send;
  }

  get outstanding(): number {
    return this.#sent.size;
  }

  /** Resolves with the piece. @throws what `fail` was told */
  want(batch: number, want: Want): Promise<GivenPiece> {
    return new Promise((resolve, reject) => {
      const error = this.#error ?? this.#forgotten.get(batch);
      if (error !== undefined) return reject(error);
      this.#queueOf(batch).wants.push({ batch, want, resolve, reject });
      this.#schedule();
    });
  }

  /** The node that this want brought will not be a parent again. */
  release(batch: number, number: number): void {
    if (this.#error !== undefined || this.#forgotten.has(batch)) return;
    this.#queueOf(batch).releases.push(number);
  }

  /** The batch is applied: no task of it is left, so its releases need not be told. */
  finish(batch: number): void {
    this.#queues.delete(batch);
  }

  /** The batch is given up: nothing is wanted for it any more. */
  forget(batch: number, error: EfsError): void {
    this.#forgotten.set(batch, error);
    const [oldest] = this.#forgotten.keys();
    if (this.#forgotten.size > FORGOTTEN_MAX && oldest !== undefined) this.#forgotten.delete(oldest);
    const queue = this.#queues.get(batch);
    this.#queues.delete(batch);
    for (const pending of queue?.wants ?? []) pending.reject(error);
  }

  /** Takes a PIECES body. @throws PROTOCOL, TRUNCATED, RECORD_CORRUPT */
  take(body: Uint8Array): number {
    const pieces = decodePieces(body);
    for (const piece of pieces) {
      const pending = this.#sent.get(piece.want);
      if (pending === undefined) throw new EfsError("PROTOCOL", "the peer gave a piece that nobody wants");
      this.#sent.delete(piece.want);
      pending.resolve({ number: piece.want, piece });
    }
    return pieces.length;
  }

  /** The connection is over: everything that waits fails. */
  fail(error: EfsError): void {
    this.#error = error;
    for (const pending of this.#sent.values()) pending.reject(error);
    this.#sent.clear();
    for (const batch of [...this.#queues.keys()]) this.forget(batch, error);
  }

  /** Sends what is queued now. */
  flush(): void {
    for (const [batch, queue] of this.#queues) {
      while (queue.wants.length > 0)
        this.#sendPull(batch, queue.wants.splice(0, WANTS_A_FRAME), queue.releases.splice(0, WANTS_A_FRAME));
    }
    for (const [batch, queue] of this.#queues) if (queue.releases.length === 0) this.#queues.delete(batch);
  }

  #sendPull(batch: number, pendings: readonly Pending[], releases: readonly number[]): void {
    const body = encodePull({ releases, wants: pendings.map(({ want }) => want) }, this.#nextNumber);
    for (const pending of pendings) {
      this.#sent.set(this.#nextNumber, pending);
      this.#nextNumber += 1;
    }
    void this.#send({ type: FRAME.PULL, exchange: batch, body, isPackable: true });
  }

  #queueOf(batch: number): { wants: Pending[]; releases: number[] } {
    let queue = this.#queues.get(batch);
    if (queue === undefined) {
      queue = { wants: [], releases: [] };
      this.#queues.set(batch, queue);
    }
    return queue;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }
}
