/**
 * New chunks on their way into the packs. A group is written, synced and entered in the index; each stage takes one
 * group at a time, in the order of the calls. What waits is one group; while one syncs, the next is written only when
 * it is large: small ones gain more by sharing the next sync.
 *
 * A call resolves when its group is synced and its place in the order of the index is fixed, not when the index is durable: opening enters
 * what stands behind the last indexed place, and a record that names a chunk is committed behind the chunk's entry, most often with
 * the same sync. Until entries are durable they are found here (`placed`). Those that could not be made durable are owed: they go with the next
 * group, so that the indexed place never passes them.
 *
 * A group that fails takes with it every call that was made before it failed: else a chunk could be kept although one
 * that was put before it was not (the prefix invariant of chunk-store.ts).
 */
import type { Clock } from "../../base/clock.ts";
import type { ChunkPut } from "../chunk-store.ts";
import type { ChunkEntry, RecordPlace } from "./chunk-entry.ts";
import type { ChunkIndex, PackEnd } from "./chunk-index.ts";
import type { EncodedRecord, PackFiles, WrittenRecords } from "./pack-files.ts";
import { encodeRecordHeader } from "./pack-record.ts";

/** A group takes waiting calls until it holds this much: a stream that is far ahead of the disk pays for few syncs. */
const GROUP_BYTES = 16 * 1024 * 1024;
const GROUP_CHUNKS = 16 * 1024;

export interface PutQueueOptions {
  readonly index: ChunkIndex;
  readonly files: PackFiles;
  readonly clock: Clock;
  readonly claimAheadMs: number;
}

/** Chunks that may be durable and not yet indexed: as many as one group has. */
const PLACED_MAX = GROUP_CHUNKS;
/** Waiting bytes that are worth writing while the group before is synced. */
const WRITE_AHEAD_BYTES = 4 * 1024 * 1024;

interface NewChunk extends EncodedRecord {
  readonly key: string;
  readonly plainBytes: number;
}

/** Entries that are to be made in one change of the index. */
interface Entering {
  readonly entries: ReadonlyArray<readonly [key: string, entry: ChunkEntry]>;
  readonly replaced: ReadonlySet<string>;
  /** How far the packs must be indexed before it, and are after it. */
  readonly behind: PackEnd;
  readonly end: PackEnd;
}

interface Call {
  readonly chunks: readonly NewChunk[];
  /** Those whose records are damaged. */
  readonly replaced: ReadonlySet<string>;
  readonly sizeBytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class PutQueue {
  readonly #options: PutQueueOptions;
  readonly #keys = new Map<string, Promise<void>>();
  #waiting: Call[] = [];
  #waitingBytes = 0;
  /** Wakes the writer that waits for enough to write ahead. */
  #onEnough: (() => void) | undefined;
  #running: Promise<void> | undefined;
  /** The sync of the group before; undefined when none is under way. Never rejects. */
  #syncing: Promise<void> | undefined;
  /** The entering of all groups before. Never rejects. */
  #entering: Promise<void> = Promise.resolve();
  /** How far the packs will be indexed when all that is planned is durable; undefined: as far as they are. */
  #plannedEnd: PackEnd | undefined;
  /** Durable in the packs, not yet in the index. */
  readonly #placed = new Map<string, ChunkEntry>();
  /** Placed entries whose change of the index failed. */
  #owed: Entering | undefined;
  /** The last failure: a group that was on its way when it happened has failed too. */
  #failure: { readonly error: unknown } | undefined;

  constructor(options: PutQueueOptions) {
    this.#options = options;
  }

  /** Settles when the chunk is durable, or its put has failed; undefined when no put of it is under way. */
  underWay(key: string): Promise<void> | undefined {
    return this.#keys.get(key);
  }

  /** Somebody is putting it, or its entry is not yet durable: not to be removed. */
  isUnderWay(key: string): boolean {
    return this.#keys.has(key) || this.#placed.has(key);
  }

  /** Of a chunk that is durable and whose entry in the index is not yet; goes before what the index has. */
  placed(key: string): ChunkEntry | undefined {
    return this.#placed.get(key);
  }

  /** Waits until the index has all that was placed before; what cannot be entered now stays owed. */
  async entered(): Promise<void> {
    await this.#entering;
    if (this.#owed !== undefined) await this.#begin([], undefined);
  }

  /**
   * Chunks that are not here (or here only as damaged records: `replaced`) and not under way, each key once. Resolves when they are
   * durable.
   */
  put(
    chunks: ReadonlyArray<readonly [key: string, chunk: ChunkPut]>,
    replaced: ReadonlySet<string>,
  ): Promise<void> {
    // Checksums are made here, while the group before is on the disk.
    const encoded = chunks.map(([key, chunk]) => {
      return { key, header: encodeRecordHeader(chunk), bytes: chunk.bytes, plainBytes: chunk.plainBytes };
    });
    const sizeBytes = encoded.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ chunks: encoded, replaced, sizeBytes, resolve, reject });
    });
    for (const [key] of chunks) this.#keys.set(key, done);
    const forget = () => {
      for (const [key] of chunks) this.#keys.delete(key);
    };
    done.then(forget, forget);
    this.#waitingBytes += sizeBytes;
    if (this.#waitingBytes >= WRITE_AHEAD_BYTES) this.#onEnough?.();
    this.#running ??= this.#run();
    return done;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // All that arrive in this turn of the event loop share the sync.
      await new Promise<void>((resolve) => setImmediate(resolve));
      await this.#untilWorthWriting();
      await this.#write(this.#takeGroup());
    }
    this.#running = undefined;
  }

  async #untilWorthWriting(): Promise<void> {
    if (this.#syncing === undefined || this.#waitingBytes >= WRITE_AHEAD_BYTES) return;
    const enough = new Promise<void>((resolve) => {
      this.#onEnough = resolve;
    });
    await Promise.race([this.#syncing, enough]);
    this.#onEnough = undefined;
  }

  #takeGroup(): readonly Call[] {
    let count = 0;
    let sizeBytes = 0;
    let chunkCount = 0;
    for (const call of this.#waiting) {
      if (sizeBytes >= GROUP_BYTES || chunkCount >= GROUP_CHUNKS) break;
      sizeBytes += call.sizeBytes;
      chunkCount += call.chunks.length;
      count += 1;
    }
    this.#waitingBytes -= sizeBytes;
    return this.#waiting.splice(0, count);
  }

  /** Returns when the group is written and its sync has begun. */
  async #write(group: readonly Call[]): Promise<void> {
    const failureBefore = this.#failure;
    try {
      const written = await this.#options.files.write(group.flatMap((call) => call.chunks));
      await this.#syncing;
      const syncing = this.#sync(group, written, failureBefore).finally(() => {
        if (this.#syncing === syncing) this.#syncing = undefined;
      });
      this.#syncing = syncing;
    } catch (error) {
      await this.#syncing;
      await this.#entering;
      this.#fail(group, error);
    }
  }

  /** Returns when the group is durable and its entering has begun. */
  async #sync(group: readonly Call[], written: WrittenRecords, failureBefore: unknown): Promise<void> {
    try {
      await written.sync();
      if (this.#placed.size >= PLACED_MAX) await this.#entering;
      if (this.#failure !== undefined && this.#failure !== failureBefore) throw this.#failure.error;
      this.#begin(group, this.#enteringOf(group, written));
    } catch (error) {
      await this.#entering;
      this.#fail(group, error);
    }
  }

  #enteringOf(group: readonly Call[], { places, packNumber, endOffset }: WrittenRecords): Entering {
    const { index, clock, claimAheadMs } = this.#options;
    const claimedUntilMs = clock.wallMs() + claimAheadMs;
    const chunks = group.flatMap((call) => call.chunks);
    const behind = this.#plannedEnd ?? {
      packNumber: index.state.packNumber,
      endOffset: index.state.endOffset,
    };
    return {
      entries: chunks.map(({ key, plainBytes }, at): readonly [string, ChunkEntry] => [
        key,
        { ...(places[at] as RecordPlace), plainBytes, claimedUntilMs },
      ]),
      replaced: new Set(group.flatMap((call) => [...call.replaced])),
      behind,
      end: { packNumber, endOffset },
    };
  }

  #begin(group: readonly Call[], added: Entering | undefined): Promise<void> {
    const before = this.#entering;
    const entering = this.#enter(group, added);
    this.#entering = entering.then(() => before);
    return this.#entering;
  }

  /** Enters what is owed and a group behind it. Never rejects. */
  async #enter(group: readonly Call[], added: Entering | undefined): Promise<void> {
    const entering = joined(this.#owed, added);
    if (entering === undefined) return;
    let isPlanned = false;
    const onPlanned = () => {
      isPlanned = true;
      this.#owed = undefined;
      this.#plannedEnd = entering.end;
      for (const [key, entry] of added?.entries ?? []) this.#placed.set(key, entry);
      for (const call of group) call.resolve();
    };
    try {
      const { entries, end, replaced, behind } = entering;
      await this.#options.index.add(entries, end, { replaced, behind, onPlanned });
    } catch (error) {
      if (isPlanned) {
        this.#owed = joined(this.#owed, entering);
        this.#plannedEnd = undefined;
      } else this.#fail(group, error);
      return;
    }
    for (const [key, entry] of entering.entries) {
      if (this.#placed.get(key) === entry) this.#placed.delete(key);
    }
  }

  #fail(group: readonly Call[], error: unknown): void {
    this.#failure = { error };
    this.#waitingBytes = 0;
    for (const call of [...group, ...this.#waiting.splice(0)]) call.reject(error);
  }
}

function joined(first: Entering | undefined, then: Entering | undefined): Entering | undefined {
  if (first === undefined || then === undefined) return first ?? then;
  return {
    entries: [...first.entries, ...then.entries],
    replaced: new Set([...first.replaced, ...then.replaced]),
    behind: first.behind,
    end: then.end,
  };
}
