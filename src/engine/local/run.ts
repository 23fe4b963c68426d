/**
 * A run: an immutable file of changes in order of their keys. Its block index and its filter are in memory, checked when
 * it is opened; a block is checked when it is read. Reads are synchronous: most find their block in memory, and what is
 * decided in one turn of the event loop must see one state. Layout: DESIGN.md, Bytes.
 */
import path from "node:path";
import { EfsError, systemCode } from "../../base/errors.ts";
import type { BlockCache } from "./block-cache.ts";
import type { Disk, DiskFile } from "./disk.ts";
import type { Change } from "./journal-frame.ts";
import type { MapRange } from "./layer.ts";
import { recordCorrupt } from "./record-corrupt.ts";
import { BLOCK_BYTES_MAX, Block, PIECE_HEADER_BYTES, PieceSeal } from "./run-block.ts";
import { RunFilter } from "./run-filter.ts";
import { decodeFooter, FOOTER_BYTES, type RunFooter } from "./run-footer.ts";

/** What `all` reads at once; the kernel reads ahead. */
const SPAN_BYTES = 64 * 1024;

export interface RunsOptions {
  readonly disk: Disk;
  readonly directory: string;
  /** Of FORMAT: a run of another data directory is damage. */
  readonly salt: bigint;
  readonly cache: BlockCache;
}

interface OpenedRun extends RunFooter {
  readonly path: string;
  readonly file: DiskFile;
  readonly seal: PieceSeal;
  readonly cache: BlockCache;
  readonly sizeBytes: number;
  /** For each block the least key that it may hold. */
  readonly index: Block;
  /** Where each block begins; the last one is where the blocks end. */
  readonly offsets: Float64Array;
  readonly filter: RunFilter;
}

export class Run {
  readonly #opened: OpenedRun;
  /** Blocks that are in memory. */
  readonly #blocks: Array<Block | undefined>;
  #isDamaged = false;

  private constructor(opened: OpenedRun) {
    this.#opened = opened;
    this.#blocks = new Array(opened.index.count);
  }

  /** @throws RECORD_CORRUPT when the file is absent, has another length, or its footer, index or filter is damaged; what the disk says */
  static async open({ disk, directory, salt, cache }: RunsOptions, number: number): Promise<Run> {
    const name = path.join(directory, runName(number));
    const file = await disk.open(name, { create: false }).catch((cause) => {
      // Not to be allowed to is no damage.
      if (systemCode(cause) !== "ENOENT") throw cause;
      throw indexDamaged(name, "it is lost", cause);
    });
    try {
      const seal = new PieceSeal(salt, number);
      const sizeBytes = await file.sizeBytes();
      const piece = async (offset: number, lengthBytes: number) =>
        offset < 0 ? undefined : seal.open(await file.read(offset, lengthBytes), offset);
      const footer = decodeFooter(await piece(sizeBytes - FOOTER_BYTES, FOOTER_BYTES), number, sizeBytes);
      if (footer === undefined) throw indexDamaged(name, "its footer is not one");
      const { indexOffset, indexBytes, filterBytes } = footer;
      const indexPayload = await piece(indexOffset, indexBytes);
      const index = indexPayload && Block.parse(indexPayload);
      const offsets = index && offsetsOf(index, indexOffset);
      if (index === undefined || offsets === undefined)
        throw indexDamaged(name, "the index of its blocks is damaged");
      const lines = await piece(indexOffset + indexBytes, filterBytes);
      if (lines === undefined || !RunFilter.isFilter(lines))
        throw indexDamaged(name, "its filter is damaged");
      const filter = new RunFilter(lines);
      return new Run({ ...footer, path: name, file, seal, cache, sizeBytes, index, offsets, filter });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get number(): number {
    return this.#opened.number;
  }

  get sizeBytes(): number {
    return this.#opened.sizeBytes;
  }

  get changeCount(): number {
    return this.#opened.changeCount;
  }

  /** How many of the changes remove a key. */
  get removedCount(): number {
    return this.#opened.removedCount;
  }

  /** True once a block could not be read. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** The change of a key; undefined when this run has none. `hash` is hashOf(key). @throws RECORD_CORRUPT */
  find(key: string, hash: number): Change | undefined {
    if (!this.#opened.filter.mayHave(hash)) return undefined;
    const at = this.#blockOf(key);
    if (at < 0) return undefined;
    const block = this.#block(at, key);
    const index = block.lowerBound(key);
    return block.hasKey(index, key) ? [key, block.valueAt(index)] : undefined;
  }

  /** To be consumed or left within one turn of the event loop. @throws RECORD_CORRUPT */
  range(range: MapRange): Generator<Change> {
    return range.isBackward ? this.#backward(range) : this.#forward(range);
  }

  /** All changes, past the blocks in memory; the run must stay open meanwhile. @throws RECORD_CORRUPT */
  *all(): Generator<Change> {
    const { offsets, index, file } = this.#opened;
    for (let first = 0; first < index.count; ) {
      const start = offsets[first] as number;
      let end = first + 1;
      while (end < index.count && (offsets[end + 1] as number) - start <= SPAN_BYTES) end += 1;
      const span = this.#read(file, start, (offsets[end] as number) - start, index.keyAt(first));
      for (let at = first; at < end; at += 1) {
        const from = (offsets[at] as number) - start;
        const block = this.#parse(span.subarray(from, (offsets[at + 1] as number) - start), at);
        for (let entry = 0; entry < block.count; entry += 1) yield [block.keyAt(entry), block.valueAt(entry)];
      }
      first = end;
    }
  }

  close(): Promise<void> {
    return this.#opened.file.close();
  }

  async remove(disk: Disk): Promise<void> {
    await this.close();
    await disk.remove(this.#opened.path);
  }

  *#forward({ from, to }: MapRange): Generator<Change> {
    const { index } = this.#opened;
    const first = Math.max(0, this.#blockOf(from));
    for (let at = first; at < index.count && index.keyAt(at) < to; at += 1) {
      const block = this.#block(at, from);
      for (let entry = at === first ? block.lowerBound(from) : 0; entry < block.count; entry += 1) {
        const key = block.keyAt(entry);
        if (key >= to) return;
        yield [key, block.valueAt(entry)];
      }
    }
  }

  *#backward({ from, to }: MapRange): Generator<Change> {
    const { index } = this.#opened;
    const first = this.#blockOf(to);
    for (let at = first; at >= 0; at -= 1) {
      const block = this.#block(at, from);
      for (let entry = (at === first ? block.lowerBound(to) : block.count) - 1; entry >= 0; entry -= 1) {
        const key = block.keyAt(entry);
        if (key < from) return;
        yield [key, block.valueAt(entry)];
      }
      if (index.keyAt(at) <= from) return;
    }
  }

  /** The block in which a key lies if it is here; -1 when it is below all. */
  #blockOf(key: string): number {
    const { index } = this.#opened;
    const at = index.lowerBound(key);
    return index.hasKey(at, key) ? at : at - 1;
  }

  #block(at: number, key: string): Block {
    const kept = this.#blocks[at];
    if (kept !== undefined) {
      kept.isUsed = true;
      return kept;
    }
    const { offsets, file, cache } = this.#opened;
    const offset = offsets[at] as number;
    const bytes = this.#read(file, offset, (offsets[at + 1] as number) - offset, key);
    const block = this.#parse(bytes, at, key);
    cache.keep(this.#blocks, at, block);
    return block;
  }

  #read(file: DiskFile, offset: number, lengthBytes: number, key: string): Uint8Array {
    try {
      return file.readNow(offset, lengthBytes);
    } catch (cause) {
      throw this.#damaged(key, offset, "cannot be read", cause);
    }
  }

  #parse(piece: Uint8Array, at: number, key = this.#opened.index.keyAt(at)): Block {
    const offset = this.#opened.offsets[at] as number;
    const payload = this.#opened.seal.open(piece, offset);
    const block = payload && Block.parse(payload);
    if (block === undefined) throw this.#damaged(key, offset, "does not match its checksum");
    return block;
  }

  #damaged(key: string, offset: number, why: string, cause?: unknown): EfsError {
    this.#isDamaged = true;
    const where = { file: this.#opened.path, offset };
    return recordCorrupt(key, `a block of the index ${why}`, { cause, where });
  }
}

export function runName(number: number): string {
  return `${String(number).padStart(8, "0")}.run`;
}

/** For what makes opening impossible. */
export function indexDamaged(file: string, why: string, cause?: unknown): EfsError {
  return new EfsError("RECORD_CORRUPT", `${file} is damaged: ${why}`, {
    hint: "restore the data directory, or take the data from a linked segment",
    details: { file },
    cause,
  });
}

/** undefined when the blocks do not fill the file up to `end`. */
function offsetsOf(index: Block, end: number): Float64Array | undefined {
  const offsets = new Float64Array(index.count + 1);
  for (let at = 0; at < index.count; at += 1) {
    const value = index.valueAt(at);
    if (value?.length !== 4) return undefined;
    const lengthBytes = new DataView(value.buffer, value.byteOffset).getUint32(0);
    if (lengthBytes <= PIECE_HEADER_BYTES || lengthBytes > BLOCK_BYTES_MAX) return undefined;
    offsets[at + 1] = (offsets[at] as number) + lengthBytes;
  }
  return offsets[index.count] === end ? offsets : undefined;
}
