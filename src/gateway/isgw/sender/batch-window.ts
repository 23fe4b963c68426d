/** How much a sender has under way: so many batches and bytes at once, the rest waits in order. */

export const BATCHES_IN_FLIGHT_MAX = 16;
export const BATCH_BYTES_IN_FLIGHT_MAX = 8 * 1024 * 1024;

export class BatchWindow {
  #batches = 0;
  #bytes = 0;
  readonly #waiting: Array<{ readonly sizeBytes: number; readonly go: () => void }> = [];

  /** Resolves when there is room; a batch larger than the window goes alone. */
  async acquire(sizeBytes: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#fits(sizeBytes)) {
      this.#take(sizeBytes);
      return;
    }
    await new Promise<void>((go) => this.#waiting.push({ sizeBytes, go }));
  }

  release(sizeBytes: number): void {
    this.#batches -= 1;
    this.#bytes -= sizeBytes;
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined || !this.#fits(next.sizeBytes)) return;
      this.#waiting.shift();
      this.#take(next.sizeBytes);
      next.go();
    }
  }

  #fits(sizeBytes: number): boolean {
    if (this.#batches === 0) return true;
    return this.#batches < BATCHES_IN_FLIGHT_MAX && this.#bytes + sizeBytes <= BATCH_BYTES_IN_FLIGHT_MAX;
  }

  #take(sizeBytes: number): void {
    this.#batches += 1;
    this.#bytes += sizeBytes;
  }
}
