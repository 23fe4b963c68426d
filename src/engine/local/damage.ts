/**
 * Whether a pack was ever found damaged, and which chunks are. As long as nothing was, an entry of the index is enough to say that a
 * chunk is here. Afterwards the records themselves are read before a put or a claim relies on them: else the bytes that
 * somebody puts again to mend the damage would be taken for there already. Durable, for a restart mends no disk.
 */
import { bytesOfText } from "../../base/byte-text.ts";
import { EfsError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { ChunkIndex } from "./chunk-index.ts";
import type { PackFiles } from "./pack-files.ts";

/** Records read at once; each has at most 1 MiB. */
const READS_AT_ONCE = 16;

export class Damage {
  readonly #index: ChunkIndex;
  readonly #files: PackFiles;
  readonly #log: Log;
  #noting: Promise<void> | undefined;

  constructor(options: { readonly index: ChunkIndex; readonly files: PackFiles; readonly log: Log }) {
    this.#index = options.index;
    this.#files = options.files;
    this.#log = options.log;
  }

  /** From now on entries are believed only with their records. What keeps the note from being kept is not worth failing for. */
  async note(): Promise<void> {
    if (this.#index.isDamaged) return;
    this.#noting ??= this.#index
      .noteDamage()
      .catch((error: unknown) => this.#log.warn({ cause: String(error) }, "damage was found and not noted"))
      .finally(() => {
        this.#noting = undefined;
      });
    await this.#noting;
  }

  /** `task`; a damaged record that it meets is noted. */
  async watch<T>(task: Promise<T>): Promise<T> {
    try {
      return await task;
    } catch (error) {
      if (isDamage(error)) await this.note();
      throw error;
    }
  }

  /** Those of the keys that have an entry and no whole record; undefined while no damage is known. */
  async among(keys: readonly string[]): Promise<ReadonlySet<string> | undefined> {
    if (!this.#index.isDamaged) return undefined;
    const damaged = new Set<string>();
    for (let first = 0; first < keys.length; first += READS_AT_ONCE) {
      const some = keys.slice(first, first + READS_AT_ONCE);
      await Promise.all(some.map(async (key) => (await this.#isWhole(key)) || damaged.add(key)));
    }
    return damaged;
  }

  async #isWhole(key: string): Promise<boolean> {
    const place = this.#index.get(key);
    if (place === undefined) return true;
    try {
      await this.#files.read([{ key: bytesOfText(key), place }]);
      return true;
    } catch (error) {
      if (isDamage(error)) return false;
      throw error;
    }
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof EfsError && error.code === "RECORD_CORRUPT";
}
