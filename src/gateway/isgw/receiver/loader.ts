/**
 * Gathers single questions into few calls: what comes while a call is under way goes into the next. Order is kept; each
 * caller gets its own answer or error.
 */

export interface LoaderOptions<Item, Answer> {
  /** Answers in order of the items. A throw fails them all. */
  run(items: readonly Item[]): Promise<ReadonlyArray<Answer | Error>>;
  readonly itemsMax: number;
  readonly bytesMax: number;
  /** Calls under way at once. */
  readonly callsMax: number;
  sizeOf(item: Item): number;
}

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export class Loader<Item, Answer> {
  readonly #options: LoaderOptions<Item, Answer>;
  readonly #waiting: Array<Waiting<Item, Answer>> = [];
  #calls = 0;
  #isScheduled = false;

  constructor(options: LoaderOptions<Item, Answer>) {
    this.#options = options;
  }

  load(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      setImmediate(() => {
        this.#isScheduled = false;
        this.#start();
      });
    });
  }

  #start(): void {
    while (this.#waiting.length > 0 && this.#calls < this.#options.callsMax) {
      this.#calls += 1;
      void this.#call(this.#take()).finally(() => {
        this.#calls -= 1;
        this.#start();
      });
    }
  }

  #take(): ReadonlyArray<Waiting<Item, Answer>> {
    let count = 0;
    let sizeBytes = 0;
    while (count < this.#waiting.length && count < this.#options.itemsMax) {
      const next = this.#waiting[count];
      sizeBytes += next === undefined ? 0 : this.#options.sizeOf(next.item);
      if (count > 0 && sizeBytes > this.#options.bytesMax) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #call(group: ReadonlyArray<Waiting<Item, Answer>>): Promise<void> {
    try {
      const answers = await this.#options.run(group.map(({ item }) => item));
      for (const [index, { resolve, reject }] of group.entries()) {
        const answer = answers[index];
        if (answer instanceof Error) reject(answer);
        else resolve(answer as Answer);
      }
    } catch (thrown) {
      for (const { reject } of group) reject(thrown);
    }
  }
}
