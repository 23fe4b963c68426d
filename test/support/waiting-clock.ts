/** A clock whose sleepers wake only when the test moves it, and whose wall clock is the machine's, as signatures want it. */
import { type Clock, systemClock } from "../../src/base/clock.ts";

export class WaitingClock implements Clock {
  #monotonicMs = 0;
  readonly #sleepers = new Set<{ readonly atMs: number; readonly wake: () => void }>();

  wallMs(): number {
    return systemClock.wallMs();
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper = { atMs: this.#monotonicMs + delayMs, wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }

  /** In steps of a second, so that what sleeps again and again wakes as often. */
  async advance(deltaMs: number): Promise<void> {
    for (let leftMs = deltaMs; leftMs > 0; leftMs -= 1000) {
      this.#monotonicMs += Math.min(1000, leftMs);
      for (const sleeper of [...this.#sleepers]) if (sleeper.atMs <= this.#monotonicMs) sleeper.wake();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
