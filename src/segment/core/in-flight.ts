/** Counts the calls under way, so that closing waits for them and refuses new ones. */
import { EfsError } from "../../base/errors.ts";

export class InFlight {
  #count = 0;
  #isClosed = false;
  #onIdle: (() => void) | undefined;

  /** @throws SHUTTING_DOWN */
  begin(): void {
    if (this.#isClosed) throw new EfsError("SHUTTING_DOWN", "the segment is closing");
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#onIdle?.();
  }

  /** Runs a call; settles as it does. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    this.begin();
    try {
      return await call();
    } finally {
      this.end();
    }
  }

  /** Refuses new calls and resolves when none is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }
}
