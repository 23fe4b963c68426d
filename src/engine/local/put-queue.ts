/**
 * New chunks on their way into the packs. Stage 1 appends and syncs, stage 2 enters them in the index; each stage takes
 * one group at a time, in the order of the calls.
 *
 * A group that fails takes with it every call that was made before it failed: else a chunk could be kept although one
 * that was put before it was not (the prefix invariant of chunk-store.ts).
 */
import type { Clock } from "../../base/clock.ts";
import type { ChunkPut } from "../chunk-store.ts";
import { PUT_BYTES_MAX } from "../limits.ts";
import type { ChunkEntry, RecordPlace } from "./chunk-entry.ts";
import type { ChunkIndex } from "./chunk-index.ts";
import type { PackFiles } from "./pack-files.ts";

/** A group takes waiting calls until it holds this much. */
const GROUP_BYTES = PUT_BYTES_MAX;
const GROUP_CHUNKS = 16 * 1024;

export interface PutQueueOptions {
  readonly index: ChunkIndex;
  readonly files: PackFiles;
  readonly clock: Clock;
  readonly claimAheadMs: number;
}

interface Call {
  readonly chunks: ReadonlyArray<readonly [key: string, chunk: ChunkPut]>;
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
  #running: Promise<void> | undefined;
  /** Stage 2 of the group before. */
  #entering: Promise<void> = Promise.resolve();
  /** The last failure: a group that was being written when it happened has failed too. */
  #failure: { readonly error: unknown } | undefined;

  constructor(options: PutQueueOptions) {
    this.#options = options;
  }

  /** Settles when the chunk is durable, or its put has failed; undefined when no put of it is under way. */
  underWay(key: string): Promise<void> | undefined {
    return this.#keys.get(key);
  }

  /**
   * Chunks that are not here (or here only as damaged records: `replaced`) and not under way, each key once. Resolves when they are
   * durable and indexed.
   */
  put(
    chunks: ReadonlyArray<readonly [key: string, chunk: ChunkPut]>,
    replaced: ReadonlySet<string>,
  ): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      const sizeBytes = chunks.reduce((sum, [, chunk]) => sum + chunk.bytes.length, 0);
      this.#waiting.push({ chunks, replaced, sizeBytes, resolve, reject });
    });
    for (const [key] of chunks) this.#keys.set(key, done);
    const forget = () => {
      for (const [key] of chunks) this.#keys.delete(key);
    };
    done.then(forget, forget);
    this.#running ??= this.#run();
    return done;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // All that arrive in this turn of the event loop share the sync.
      await new Promise<void>((resolve) => setImmediate(resolve));
      await this.#write(this.#takeGroup());
    }
    this.#running = undefined;
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
    return this.#waiting.splice(0, count);
  }

  /** Stage 1, then hands the group to stage 2 once that is free. */
  async #write(group: readonly Call[]): Promise<void> {
    const { files } = this.#options;
    const failureBefore = this.#failure;
    try {
      const chunks = group.flatMap((call) => call.chunks);
      const places = await files.append(chunks.map(([, chunk]) => chunk));
      const end = { packNumber: files.packNumber, endOffset: files.endOffset };
      await this.#entering;
      if (this.#failure !== undefined && this.#failure !== failureBefore) throw this.#failure.error;
      this.#entering = this.#enter(group, chunks, places, end);
    } catch (error) {
      await this.#entering;
      this.#fail(group, error);
    }
  }

  async #enter(
    group: readonly Call[],
    chunks: Call["chunks"],
    places: readonly RecordPlace[],
    end: { readonly packNumber: number; readonly endOffset: number },
  ): Promise<void> {
    const { index, clock, claimAheadMs } = this.#options;
    const claimedUntilMs = clock.wallMs() + claimAheadMs;
    const entries = chunks.map(([key, { plainBytes }], at): readonly [string, ChunkEntry] => [
      key,
      { ...(places[at] as RecordPlace), plainBytes, claimedUntilMs },
    ]);
    try {
      await index.add(entries, end, new Set(group.flatMap((call) => [...call.replaced])));
    } catch (error) {
      this.#fail(group, error);
      return;
    }
    for (const call of group) call.resolve();
  }

  #fail(group: readonly Call[], error: unknown): void {
    this.#failure = { error };
    for (const call of [...group, ...this.#waiting.splice(0)]) call.reject(error);
  }
}
