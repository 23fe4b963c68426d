/** Durations counted in cells that grow by the ninth part each, so that a quantile is right to about 5 % and costs no list. */

const CELLS_PER_DOUBLING = 8;
const CELLS = 29 * CELLS_PER_DOUBLING;
/** The end of the first cell; the last ends beyond an hour. */
const FIRST_MS = 0.01;

export class Latencies {
  readonly #counts = new Uint32Array(CELLS);
  #count = 0;

  add(elapsedMs: number): void {
    const doublings = elapsedMs <= FIRST_MS ? 0 : Math.log2(elapsedMs / FIRST_MS);
    const cell = Math.min(CELLS - 1, Math.floor(doublings * CELLS_PER_DOUBLING));
    this.#counts[cell] = (this.#counts[cell] ?? 0) + 1;
    this.#count += 1;
  }

  /** Milliseconds, the middle of the cell; undefined when nothing was counted. `share` 0 to 1. */
  quantile(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    const rank = Math.max(1, Math.ceil(this.#count * share));
    let seen = 0;
    for (let cell = 0; cell < CELLS; cell += 1) {
      seen += this.#counts[cell] ?? 0;
      if (seen >= rank) return FIRST_MS * 2 ** ((cell + 0.5) / CELLS_PER_DOUBLING);
    }
    return undefined;
  }
}
