/** Who wants to hear about which prefixes. A hint only: calls are joined and come after the commit's own answer. */

import { byteText } from "../base/byte-text.ts";
import type { RecordKey } from "./meta-store.ts";

interface Watcher {
  readonly prefix: string;
  readonly onChange: () => void;
  isDue: boolean;
}

export class Watchers {
  readonly #watchers = new Set<Watcher>();
  #isScheduled = false;

  watch(prefix: RecordKey, onChange: () => void): () => void {
    const watcher: Watcher = { prefix: byteText(prefix), onChange, isDue: false };
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  /** Keys (as byte text) that a commit touched; logs by their own key. */
  touched(keys: Iterable<string>): void {
    if (this.#watchers.size === 0) return;
    for (const key of keys) {
      for (const watcher of this.#watchers) {
        if (!watcher.isDue && key.startsWith(watcher.prefix)) watcher.isDue = true;
      }
    }
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#call());
  }

  clear(): void {
    this.#watchers.clear();
  }

  #call(): void {
    this.#isScheduled = false;
    for (const watcher of [...this.#watchers]) {
      if (!watcher.isDue || !this.#watchers.has(watcher)) continue;
      watcher.isDue = false;
      watcher.onChange();
    }
  }
}
