/** How many bytes of pieces a receiver has asked for and not stored yet. Who waits is served in order. */

export class ByteBudget {
  #limitBytes: number;
  #usedBytes = 0;
  readonly #waiting: Array<{ readonly sizeBytes: number; readonly go: () => void }> = [];

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  set limitBytes(limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#admit();
  }

  get limitBytes(): number {
    return this.#limitBytes;
  }

  /** Something larger than the whole budget goes alone. */
  async acquire(sizeBytes: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#fits(sizeBytes)) {
      this.#usedBytes += sizeBytes;
      return;
    }
    await new Promise<void>((go) => this.#waiting.push({ sizeBytes, go }));
  }

  release(sizeBytes: number): void {
    this.#usedBytes -= sizeBytes;
    this.#admit();
  }

  #admit(): void {
    let count = 0;
    for (const next of this.#waiting) {
      if (!this.#fits(next.sizeBytes)) break;
      this.#usedBytes += next.sizeBytes;
      next.go();
      count += 1;
    }
    this.#waiting.splice(0, count);
  }

  #fits(sizeBytes: number): boolean {
    return this.#usedBytes === 0 || this.#usedBytes + sizeBytes <= this.#limitBytes;
  }
}
