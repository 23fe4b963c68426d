/** Writes a run, in small slices of work. Layout: DESIGN.md, Bytes. */
import { assert } from "../../base/assert.ts";
import type { DiskFile } from "./disk.ts";
import type { Change } from "./journal-frame.ts";
import { BLOCK_BYTES, BlockBuilder, PIECE_HEADER_BYTES, PieceSeal } from "./run-block.ts";
import { hashOf, RunFilter } from "./run-filter.ts";
import { encodeFooter } from "./run-footer.ts";

/** Blocks are gathered to this for one write. */
const WRITE_BYTES = 64 * 1024;
/** What a merge has written is synced in pieces, so that the journal's syncs never wait for much. */
const SYNC_BYTES = 4 * 1024 * 1024;
/** Others have a turn after so many changes, or so many bytes of large ones: a slice takes about a millisecond. */
const SLICE_CHANGES = 500;
const SLICE_BYTES = 512 * 1024;
/** Taken by index, filter and lengths, for each change; generous. */
const OVERHEAD_BYTES = 24;

export interface RunWriteOptions {
  readonly file: DiskFile;
  readonly salt: bigint;
  readonly number: number;
  /** At least as many as there are changes. */
  readonly changeCountMax: number;
  /** False leaves out what removes a key: nothing older is below. */
  readonly keepsRemoved: boolean;
  /** Lets others run; throws to give up. */
  pause(): Promise<void>;
  sync(): Promise<void>;
}

/** Room that a run of so many changes takes, with bytes of keys and values. */
export function runBytesFor(changeCount: number, changeBytes: number): number {
  return changeBytes + changeCount * OVERHEAD_BYTES + BLOCK_BYTES;
}

/** Writes the changes, durably; false when there was none to write. */
export async function writeRun(changes: Iterable<Change>, options: RunWriteOptions): Promise<boolean> {
  const { keepsRemoved, pause } = options;
  const writer = new RunWriter(options);
  let changeCount = 0;
  let sliceBytes = 0;
  for (const [key, value] of changes) {
    if (value !== undefined || keepsRemoved) writer.add(key, value);
    await writer.writeSome();
    changeCount += 1;
    sliceBytes += value?.length ?? 0;
    if (changeCount < SLICE_CHANGES && sliceBytes < SLICE_BYTES) continue;
    changeCount = 0;
    sliceBytes = 0;
    await pause();
  }
  if (writer.isEmpty) return false;
  await writer.finish();
  return true;
}

class RunWriter {
  readonly #options: RunWriteOptions;
  readonly #seal: PieceSeal;
  readonly #filter: RunFilter;
  readonly #block = new BlockBuilder();
  readonly #index = new BlockBuilder();
  /** Of the block that is being built. */
  #leastKey = "";
  #lastKey = "";
  #changeCount = 0;
  #removedCount = 0;
  /** Pieces that wait to be written behind `#writtenBytes`. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #writtenBytes = 0;
  #unsyncedBytes = 0;

  constructor(options: RunWriteOptions) {
    this.#options = options;
    this.#seal = new PieceSeal(options.salt, options.number);
    this.#filter = RunFilter.forKeys(options.changeCountMax);
  }

  get isEmpty(): boolean {
    return this.#changeCount === 0;
  }

  add(key: string, value: Uint8Array | undefined): void {
    assert(key > this.#lastKey, "keys of a run rise");
    if (this.#block.isFullFor(key, value)) this.#endBlock();
    if (this.#block.isEmpty) this.#leastKey = shortestAbove(this.#lastKey, key);
    this.#block.add(key, value);
    this.#filter.add(hashOf(key));
    this.#lastKey = key;
    this.#changeCount += 1;
    if (value === undefined) this.#removedCount += 1;
  }

  /** Writes what waits when it is worth a write. */
  async writeSome(): Promise<void> {
    if (this.#waitingBytes >= WRITE_BYTES) await this.#write();
  }

  async finish(): Promise<void> {
    this.#endBlock();
    const indexOffset = this.#offset;
    const indexBytes = this.#wait(this.#index.finish(this.#seal, indexOffset));
    const filter = new Uint8Array(PIECE_HEADER_BYTES + this.#filter.bytes.length);
    filter.set(this.#filter.bytes, PIECE_HEADER_BYTES);
    this.#seal.seal(filter, this.#offset);
    const filterBytes = this.#wait(filter);
    const [changeCount, removedCount] = [this.#changeCount, this.#removedCount];
    const { number } = this.#options;
    this.#wait(
      encodeFooter({ number, indexOffset, indexBytes, filterBytes, changeCount, removedCount }, this.#seal),
    );
    await this.#write();
    await this.#options.sync();
  }

  /** Where the next piece will lie. */
  get #offset(): number {
    return this.#writtenBytes + this.#waitingBytes;
  }

  #endBlock(): void {
    const value = new Uint8Array(4);
    const lengthBytes = this.#wait(this.#block.finish(this.#seal, this.#offset));
    new DataView(value.buffer).setUint32(0, lengthBytes);
    this.#index.add(this.#leastKey, value);
  }

  #wait(piece: Uint8Array): number {
    this.#waiting.push(piece);
    this.#waitingBytes += piece.length;
    return piece.length;
  }

  async #write(): Promise<void> {
    const { file, sync } = this.#options;
    await file.write(this.#writtenBytes, this.#waiting);
    this.#writtenBytes += this.#waitingBytes;
    this.#unsyncedBytes += this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (this.#unsyncedBytes < SYNC_BYTES) return;
    this.#unsyncedBytes = 0;
    await sync();
  }
}

/** The shortest key above `below` that is not above `key`. */
function shortestAbove(below: string, key: string): string {
  let common = 0;
  while (common < below.length && below.charCodeAt(common) === key.charCodeAt(common)) common += 1;
  return key.slice(0, common + 1);
}
