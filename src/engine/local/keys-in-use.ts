/** A bag of keys: a key is in it as long as somebody who put it in has not taken it out again. */

export class KeysInUse {
  readonly #counts = new Map<string, number>();

  has(key: string): boolean {
    return this.#counts.has(key);
  }

  /** Puts the keys in; the function that is returned takes them out, once. */
  hold(keys: readonly string[]): () => void {
    for (const key of keys) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    return () => {
      for (const key of keys) {
        const count = (this.#counts.get(key) ?? 1) - 1;
        if (count === 0) this.#counts.delete(key);
        else this.#counts.set(key, count);
      }
    };
  }
}
