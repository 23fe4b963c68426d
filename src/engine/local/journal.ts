/**
 * The journal: two files of frames, written in turn, one sync a frame. What a frame holds is durable when `append`
 * resolves. A file is used again when everything in it has come to rest in the tree (`release`).
 *
 * Invariants:
 * - Sequences rise by one from frame to frame; a frame is written only after the one before it is durable.
 * - So a valid frame behind a missing or damaged one means that something durable was damaged: `open` refuses.
 *   Only the very last frame may be torn, and that one was never acknowledged; when one flipped bit is all that is wrong with
 *   it, it was not torn: `open` refuses, too.
 */
import path from "node:path";
import { assert } from "../../base/assert.ts";
import { crc32c } from "../../base/crc.ts";
import { EfsError } from "../../base/errors.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { isFlippedFrame } from "./flipped-bit.ts";
import { type Health, isNoSpace, noSpace } from "./health.ts";
import {
  BLOCK_BYTES,
  type Change,
  decodeChanges,
  decodeFrameHeader,
  encodeFrameHeader,
  FRAME_HEADER_BYTES,
  FRAME_PAYLOAD_BYTES_MAX,
  frameBytes,
} from "./journal-frame.ts";

const FILE_COUNT = 2;
export const JOURNAL_FILE_BYTES = 32 * 1024 * 1024;
/** Room is written as zeros ahead of the frames: a sync that need not grow the file costs less than half. */
const GROWTH_BYTES_MIN = 128 * 1024;
const GROWTH_BYTES_MAX = 2 * 1024 * 1024;

interface JournalFile {
  readonly disk: DiskFile;
  /** Bytes that the file has, zeros included. */
  sizeBytes: number;
  /** Of the last frame in it. */
  lastSequence: bigint;
}

interface FoundFrame {
  readonly sequence: bigint;
  readonly fileIndex: number;
  readonly offset: number;
  readonly payload: Uint8Array;
}

export interface JournalOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly health: Health;
  readonly salt: bigint;
  /** The last sequence that the tree holds already. */
  readonly applied: bigint;
  /** Size that a file of the journal grows to; JOURNAL_FILE_BYTES but for tests. */
  readonly fileBytes: number;
}

export class Journal {
  readonly #health: Health;
  readonly #salt: bigint;
  readonly #fileBytes: number;
  readonly #files: readonly JournalFile[];
  #current = 0;
  #offset = 0;
  #sequence: bigint;
  #released: bigint;
  #syncCount = 0;

  private constructor(options: JournalOptions, files: readonly JournalFile[]) {
    this.#health = options.health;
    this.#salt = options.salt;
    this.#fileBytes = options.fileBytes;
    this.#files = files;
    this.#sequence = options.applied;
    this.#released = options.applied;
  }

  /**
   * Opens the journal and hands every change after `applied` to `replay`, in order.
   * @throws RECORD_CORRUPT when a frame that was durable is damaged.
   */
  static async open(options: JournalOptions, replay: (changes: readonly Change[]) => void): Promise<Journal> {
    const files: JournalFile[] = [];
    try {
      return await Journal.#read(options, files, replay);
    } catch (error) {
      for (const file of files) await file.disk.close();
      throw error;
    }
  }

  static async #read(
    options: JournalOptions,
    files: JournalFile[],
    replay: (changes: readonly Change[]) => void,
  ): Promise<Journal> {
    const { disk, directory, applied } = options;
    let last: FoundFrame | undefined;
    const found = new Map<bigint, FoundFrame>();
    const contents: Uint8Array[] = [];
    for (let index = 0; index < FILE_COUNT; index += 1) {
      const file = await disk.open(path.join(directory, `journal-${index}`), { create: true });
      const opened: JournalFile = { disk: file, sizeBytes: 0, lastSequence: 0n };
      files.push(opened);
      // Nothing of ours lies behind.
      const lengthBytesMax = Math.max(options.fileBytes, JOURNAL_FILE_BYTES);
      const bytes = await file.read(0, Math.min(lengthBytesMax, await file.sizeBytes()));
      opened.sizeBytes = bytes.length;
      contents.push(bytes);
      for (const frame of framesOf(options.salt, bytes, index)) {
        if (frame.sequence > (last?.sequence ?? 0n)) last = frame;
        if (frame.sequence > applied) found.set(frame.sequence, frame);
      }
    }
    await disk.syncDirectory(directory);
    const journal = new Journal(options, files);
    journal.#syncCount += 1;
    journal.#goOnBehind(last, directory);
    journal.#replay(found, replay);
    journal.#checkNotFlipped(contents);
    return journal;
  }

  /** The sequence of the last durable frame. */
  get sequence(): bigint {
    return this.#sequence;
  }

  get syncCount(): number {
    return this.#syncCount;
  }

  /** False when the frame would go to a file that still holds what is not in the tree: `release` first. */
  hasRoom(payloadBytes: number): boolean {
    if (this.#offset + frameBytes(payloadBytes) <= this.#fileBytes) return true;
    const next = this.#files[(this.#current + 1) % FILE_COUNT];
    return next !== undefined && next.lastSequence <= this.#released;
  }

  /** True when more than half of the room is taken, so that it is time to bring changes to rest. */
  get isHalfFull(): boolean {
    const other = this.#files[(this.#current + 1) % FILE_COUNT];
    return other !== undefined && other.lastSequence > this.#released;
  }

  /** Makes one group durable. One call at a time, and only when `hasRoom`. @throws NO_SPACE, IO, READ_ONLY */
  async append(payload: Uint8Array): Promise<void> {
    this.#health.checkWritable();
    assert(payload.length <= FRAME_PAYLOAD_BYTES_MAX, "a group fits a frame");
    const takenBytes = frameBytes(payload.length);
    if (this.#offset + takenBytes > this.#fileBytes) {
      this.#current = (this.#current + 1) % FILE_COUNT;
      this.#offset = 0;
    }
    const file = this.#files[this.#current] as JournalFile;
    const sequence = this.#sequence + 1n;
    const parts = [encodeFrameHeader(this.#salt, sequence, payload), payload];
    const end = this.#offset + takenBytes;
    const grownBytes =
      end > file.sizeBytes ? Math.min(this.#fileBytes, end + growthBytes(file.sizeBytes)) : 0;
    if (grownBytes > 0)
      parts.push(new Uint8Array(grownBytes - this.#offset - FRAME_HEADER_BYTES - payload.length));
    try {
      await file.disk.write(this.#offset, parts);
    } catch (error) {
      if (!isNoSpace(error)) throw this.#health.fail("writing the journal", error);
      await this.#forget(file);
      throw noSpace(error);
    }
    try {
      this.#syncCount += 1;
      await file.disk.sync();
    } catch (error) {
      throw this.#health.fail("syncing the journal", error);
    }
    file.sizeBytes = Math.max(file.sizeBytes, grownBytes);
    file.lastSequence = sequence;
    this.#sequence = sequence;
    this.#offset = end;
  }

  /** Everything up to `sequence` is durable in the tree. */
  release(sequence: bigint): void {
    this.#released = sequence;
  }

  async close(): Promise<void> {
    for (const file of this.#files) await file.disk.close();
  }

  /** Cuts off a frame that was not written whole, so that its sequence can be given to another one. */
  async #forget(file: JournalFile): Promise<void> {
    try {
      await file.disk.truncate(this.#offset);
      this.#syncCount += 1;
      await file.disk.sync();
      file.sizeBytes = this.#offset;
    } catch (error) {
      throw this.#health.fail("cutting the journal", error);
    }
  }

  /**
   * The frame that the tree is complete up to stays in its file until a later one is durable. Without either, the journal was
   * lost, cut short or taken from elsewhere, and with it perhaps frames that the tree lacks.
   */
  #goOnBehind(last: FoundFrame | undefined, directory: string): void {
    if (last !== undefined) this.#place(last);
    if ((last?.sequence ?? 0n) >= this.#sequence) return;
    throw new EfsError(
      "RECORD_CORRUPT",
      `${path.join(directory, "journal-*")} lost frame ${this.#sequence}`,
      {
        hint: "the data directory was changed: restore it, or take the data from a linked segment",
        details: { sequence: String(this.#sequence), found: String(last?.sequence ?? 0n) },
      },
    );
  }

  #replay(found: ReadonlyMap<bigint, FoundFrame>, replay: (changes: readonly Change[]) => void): void {
    for (;;) {
      const frame = found.get(this.#sequence + 1n);
      if (frame === undefined) break;
      replay(decodeChanges(frame.payload));
      this.#sequence += 1n;
      this.#place(frame);
    }
    for (const sequence of found.keys()) {
      if (sequence > this.#sequence) throw frameDamaged(this.#sequence + 1n, { found: String(sequence) });
    }
  }

  /** What lies where the next frame goes was never durable, unless it is a frame but for one bit. */
  #checkNotFlipped(contents: readonly Uint8Array[]): void {
    const other = (this.#current + 1) % FILE_COUNT;
    for (const [index, offset] of [
      [this.#current, this.#offset],
      [other, 0],
    ] as const) {
      const bytes = contents[index]?.subarray(offset) ?? new Uint8Array();
      if (isFlippedFrame(this.#salt, this.#sequence + 1n, bytes))
        throw frameDamaged(this.#sequence + 1n, { offset });
    }
  }

  /** The next frame goes behind this one. */
  #place(frame: FoundFrame): void {
    this.#current = frame.fileIndex;
    this.#offset = frame.offset + frameBytes(frame.payload.length);
    const file = this.#files[frame.fileIndex];
    if (file !== undefined) file.lastSequence = frame.sequence;
  }
}

/** Valid frames of one file. */
function* framesOf(salt: bigint, bytes: Uint8Array, fileIndex: number): IterableIterator<FoundFrame> {
  let offset = 0;
  while (offset < bytes.length) {
    const header = decodeFrameHeader(salt, bytes.subarray(offset));
    const start = offset + FRAME_HEADER_BYTES;
    const payload = header && bytes.subarray(start, start + header.payloadBytes);
    const isWhole =
      payload?.length === header?.payloadBytes && payload && crc32c(payload) === header?.payloadCrc;
    if (!header || !payload || !isWhole) {
      offset += BLOCK_BYTES;
      continue;
    }
    yield { sequence: header.sequence, fileIndex, offset, payload };
    offset += frameBytes(header.payloadBytes);
  }
}

function frameDamaged(sequence: bigint, details: Readonly<Record<string, string | number>>): EfsError {
  return new EfsError("RECORD_CORRUPT", `frame ${sequence} of the journal is damaged`, {
    hint: "the data directory was changed or its disk is failing: restore it, or take the data from a linked segment",
    details: { sequence: String(sequence), ...details },
  });
}

function growthBytes(sizeBytes: number): number {
  return Math.min(GROWTH_BYTES_MAX, Math.max(GROWTH_BYTES_MIN, sizeBytes));
}
