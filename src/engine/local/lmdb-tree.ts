/**
 * The tree on LMDB. `overlappingSync` is off: a transaction's promise then resolves after fdatasync of its pages and
 * the synchronous write of the meta page, both in LMDB's own thread (checked by strace, see DESIGN.md). Callers keep
 * transactions to about 1,000 keys: larger ones of random keys leave a free list that slows every later commit.
 */
import { open, type RootDatabase } from "lmdb";
import { asBuffer } from "../../base/bytes.ts";
import type { Tree, TreeEntry, TreeRange } from "./tree.ts";

/** Data pages, then the meta page. */
const SYNCS_PER_TRANSACTION = 2;

export function openLmdbTree(directory: string): Tree {
  const database = open<Buffer, Buffer>({
    path: directory,
    noSubdir: false,
    encoding: "binary",
    keyEncoding: "binary",
    overlappingSync: false,
    cache: false,
  });
  return new LmdbTree(database);
}

class LmdbTree implements Tree {
  readonly #database: RootDatabase<Buffer, Buffer>;
  #syncCount = 0;

  constructor(database: RootDatabase<Buffer, Buffer>) {
    this.#database = database;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const value = this.#database.get(asBuffer(key));
    return value && plain(value);
  }

  *range({ from, to, isBackward }: TreeRange): IterableIterator<{ key: Uint8Array; value: Uint8Array }> {
    const [low, high] = [asBuffer(from), asBuffer(to)];
    const options = isBackward
      ? { start: high, end: low, reverse: true, exclusiveStart: true, inclusiveEnd: true }
      : { start: low, end: high };
    for (const { key, value } of this.#database.getRange(options)) {
      yield { key: plain(key), value: plain(value) };
    }
  }

  async apply(entries: readonly TreeEntry[]): Promise<void> {
    const database = this.#database;
    await database.batch(() => {
      for (const { key, value } of entries) {
        if (value === undefined) database.remove(asBuffer(key));
        else database.put(asBuffer(key), asBuffer(value));
      }
    });
    this.#syncCount += SYNCS_PER_TRANSACTION;
    database.resetReadTxn();
  }

  syncCount(): number {
    return this.#syncCount;
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}

/** Not a Buffer, whose `slice` would share memory. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
