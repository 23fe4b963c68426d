/**
 * The tree on LMDB. Reads happen in the caller's thread, on the memory map; transactions are written and synced in a
 * thread of LMDB's own. `overlappingSync` is off: a transaction's promise then resolves after fdatasync of its pages and
 * the synchronous write of the meta page (checked by strace, see DESIGN.md).
 */
import { statfsSync } from "node:fs";
import { open, type RootDatabase } from "lmdb";
import { asBuffer } from "../../base/bytes.ts";
import { EfsError, systemCode } from "../../base/errors.ts";
import { noSpace } from "./health.ts";
import { checkIndexFile } from "./index-file.ts";
import { recordCorrupt } from "./record-seal.ts";
import type { Tree, TreeEntry, TreeRange } from "./tree.ts";
import { transactionsOf } from "./tree-transactions.ts";

/** Data pages, then the meta page. */
const SYNCS_PER_TRANSACTION = 2;
/** LMDB tells of a write that a full disk cut short as EIO; with less room than this it is taken for that. */
const FULL_BELOW_BYTES = 32 * 1024 * 1024;
/** A transaction that found the disk full is tried again when there is this much more room. */
const MORE_ROOM_BYTES = 1024 * 1024;

/** `directory` is there already. @throws RECORD_CORRUPT when LMDB does not take it for its own */
export function openLmdbTree(directory: string): Tree {
  checkIndexFile(directory);
  try {
    const database = open<Buffer, Buffer>({
      path: directory,
      noSubdir: false,
      encoding: "binary",
      keyEncoding: "binary",
      overlappingSync: false,
      cache: false,
    });
    return new LmdbTree(directory, database);
  } catch (cause) {
    if (systemCode(cause) !== undefined) throw cause;
    throw new EfsError("RECORD_CORRUPT", `the index in ${directory} cannot be opened: ${cause}`, {
      hint: "restore it, or take the data from a linked segment",
      cause,
    });
  }
}

class LmdbTree implements Tree {
  readonly #directory: string;
  readonly #database: RootDatabase<Buffer, Buffer>;
  #syncCount = 0;
  /** Free bytes when the disk was found full; undefined when it was not. */
  #fullAtBytes: number | undefined;

  constructor(directory: string, database: RootDatabase<Buffer, Buffer>) {
    this.#directory = directory;
    this.#database = database;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    try {
      const value = this.#database.get(asBuffer(key));
      return value && plain(value);
    } catch (cause) {
      throw recordCorrupt(key, `the index cannot be read: ${cause}`);
    }
  }

  *range({ from, to, isBackward }: TreeRange): IterableIterator<{ key: Uint8Array; value: Uint8Array }> {
    const [low, high] = [asBuffer(from), asBuffer(to)];
    const options = isBackward
      ? { start: high, end: low, reverse: true, exclusiveStart: true, inclusiveEnd: true }
      : { start: low, end: high };
    try {
      for (const { key, value } of this.#database.getRange(options))
        yield { key: plain(key), value: plain(value) };
    } catch (cause) {
      throw recordCorrupt(from, `the index cannot be read from here: ${cause}`);
    }
  }

  async settle(changes: ReadonlyMap<string, Uint8Array | undefined>, sequence: bigint): Promise<void> {
    if (this.#fullAtBytes !== undefined && this.#freeBytes() < this.#fullAtBytes + MORE_ROOM_BYTES) {
      throw noSpace(undefined);
    }
    this.#fullAtBytes = undefined;
    for (const entries of transactionsOf(changes, sequence)) {
      await this.#commit(entries);
      this.#syncCount += SYNCS_PER_TRANSACTION;
    }
    this.#database.resetReadTxn();
  }

  syncCount(): number {
    return this.#syncCount;
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  async #commit(entries: readonly TreeEntry[]): Promise<void> {
    const database = this.#database;
    const committed = database.batch(() => {
      for (const { key, value } of entries) {
        if (value === undefined) database.remove(asBuffer(key));
        else database.put(asBuffer(key), asBuffer(value));
      }
    });
    // A failure is reported by three promises, of which each must have a listener.
    database.committed.then(ignore, ignore);
    try {
      await committed;
    } catch (error) {
      const cause = await causeOf(error);
      const freeBytes = this.#freeBytes();
      if (freeBytes >= FULL_BELOW_BYTES) throw cause;
      this.#fullAtBytes = freeBytes;
      throw noSpace(cause);
    }
  }

  #freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.#directory);
    return bavail * bsize;
  }
}

/** What lmdb-js says in a promise inside its error. */
async function causeOf(error: unknown): Promise<unknown> {
  if (typeof error !== "object" || error === null || !("commitError" in error)) return error;
  try {
    await error.commitError;
  } catch (cause) {
    return cause;
  }
  return error;
}

function ignore(): void {}

/** Not a Buffer, whose `slice` would share memory. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
