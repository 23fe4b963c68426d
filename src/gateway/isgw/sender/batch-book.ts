/** The batches that a sender has under way: numbered in order, so many and so many bytes at once, the rest waits. */
import type { Channel } from "./channel.ts";
import type { Feed } from "./feed.ts";
import type { PackedBatch } from "./source.ts";
import type { OpenBatch } from "./supply.ts";

const BATCHES_MAX = 16;
const BYTES_MAX = 8 * 1024 * 1024;

export interface SentBatch extends OpenBatch {
  readonly channel: Channel;
  readonly feed: Feed;
  readonly packed: PackedBatch;
}

export class BatchBook {
  readonly #batches = new Map<number, SentBatch>();
  readonly #waiting: Array<{ readonly batch: SentBatch; readonly go: () => void }> = [];
  readonly #onClosed: (number: number, batch: SentBatch) => void;
  #heldBatches = 0;
  #heldBytes = 0;
  #nextNumber = 1;

  constructor(onClosed: (number: number, batch: SentBatch) => void) {
    this.#onClosed = onClosed;
  }

  get size(): number {
    return this.#batches.size;
  }

  get(number: number): SentBatch | undefined {
    return this.#batches.get(number);
  }

  /** The batch's number once there is room; undefined when its channel ended meanwhile. A large one goes alone. */
  async open(batch: SentBatch): Promise<number | undefined> {
    if (this.#waiting.length === 0 && this.#fits(batch)) this.#hold(batch);
    else await new Promise<void>((go) => this.#waiting.push({ batch, go }));
    if (batch.channel.signal.aborted) {
      this.#free(batch);
      return undefined;
    }
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    this.#batches.set(number, batch);
    return number;
  }

  close(number: number): void {
    const batch = this.#batches.get(number);
    if (batch === undefined) return;
    this.#batches.delete(number);
    this.#onClosed(number, batch);
    this.#free(batch);
  }

  closeAll(channel: Channel): void {
    for (const [number, batch] of [...this.#batches]) if (batch.channel === channel) this.close(number);
  }

  isBusy(path: string): boolean {
    for (const batch of this.#batches.values()) if (batch.channel.path === path) return true;
    return false;
  }

  #free(batch: SentBatch): void {
    this.#heldBatches -= 1;
    this.#heldBytes -= batch.packed.sizeBytes;
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined || !this.#fits(next.batch)) return;
      this.#waiting.shift();
      this.#hold(next.batch);
      next.go();
    }
  }

  #fits(batch: SentBatch): boolean {
    if (this.#heldBatches === 0) return true;
    return this.#heldBatches < BATCHES_MAX && this.#heldBytes + batch.packed.sizeBytes <= BYTES_MAX;
  }

  #hold(batch: SentBatch): void {
    this.#heldBatches += 1;
    this.#heldBytes += batch.packed.sizeBytes;
  }
}
