/** A wait that can be cut short: a ring is remembered until the next wait. */
import type { Clock } from "../../../base/clock.ts";

/** Given as the reason, since without one each abort would make an error object. */
const RUNG = "rung";

export class Alarm {
  readonly #clock: Clock;
  #hasRung = false;
  #wake: AbortController | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring(): void {
    if (this.#hasRung) return;
    this.#hasRung = true;
    this.#wake?.abort(RUNG);
  }

  /** Resolves after `delayMs` or at a ring, whichever is first. */
  async wait(delayMs: number): Promise<void> {
    if (!this.#hasRung) {
      this.#wake = new AbortController();
      await this.#clock.sleep(Math.max(0, delayMs), this.#wake.signal);
      this.#wake = undefined;
    }
    this.#hasRung = false;
  }
}
