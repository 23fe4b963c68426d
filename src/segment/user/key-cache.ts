/**
 * Owners of access keys that were asked for, kept in memory: every S3 request asks. Exact after a change that `forget` was told of,
 * since one process writes. Access keys that nobody has are not kept, so that guessing fills nothing.
 */
import type { KeyOwner } from "../users.ts";

const HELD_MAX = 10_000;

export class KeyCache {
  readonly #held = new Map<string, KeyOwner>();
  #forgotten = 0;

  get(accessKey: string): KeyOwner | undefined {
    return this.#held.get(accessKey);
  }

  /** The owner that `read` finds, kept unless something was forgotten meanwhile. */
  async load(accessKey: string, read: () => Promise<KeyOwner | undefined>): Promise<KeyOwner | undefined> {
    const forgotten = this.#forgotten;
    const owner = await read();
    if (owner === undefined) return undefined;
    if (this.#held.size >= HELD_MAX) this.#held.clear();
    // What was read before a change took effect must not be held after it.
    if (forgotten === this.#forgotten) this.#held.set(accessKey, owner);
    return owner;
  }

  forget(accessKeys: readonly string[]): void {
    this.#forgotten += 1;
    for (const accessKey of accessKeys) this.#held.delete(accessKey);
  }
}
