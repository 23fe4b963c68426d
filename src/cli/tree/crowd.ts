/** Many tasks, so many at once; the first fatal failure stops taking in new ones and is thrown by the next call. */
import { Limiter } from "../../base/limiter.ts";

export class Crowd {
  readonly #limiter: Limiter;
  readonly #max: number;
  readonly #signal: AbortSignal;
  #fatal: { readonly thrown: unknown } | undefined;

  constructor(max: number, signal: AbortSignal) {
    this.#limiter = new Limiter(max);
    this.#max = max;
    this.#signal = signal;
  }

  get running(): number {
    return this.#limiter.running;
  }

  /** Resolves when the task has begun, so that whoever adds tasks is held back by those that run. @throws what a task threw */
  async begin(task: () => Promise<void>): Promise<void> {
    await this.#limiter.acquire();
    if (this.#fatal !== undefined || this.#signal.aborted) {
      this.#limiter.release();
      await this.settle();
      return;
    }
    void task()
      .catch((thrown) => {
        this.#fatal ??= { thrown };
      })
      .finally(() => this.#limiter.release());
  }

  /** Resolves when all tasks have ended. @throws what a task threw */
  async settle(): Promise<void> {
    for (let place = 0; place < this.#max; place += 1) await this.#limiter.acquire();
    for (let place = 0; place < this.#max; place += 1) this.#limiter.release();
    if (this.#fatal !== undefined) throw this.#fatal.thrown;
    this.#signal.throwIfAborted();
  }
}
