/**
 * Decides whether writes are taken: refuses them when free space is low or a sync failed. Reads and deletes go on when
 * space is low. Owns the last known free space; asks the engine again at most once a second, or sooner when much was written.
 */
import type { Clock } from "../../base/clock.ts";
import { EfsError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { formatSize } from "../../base/units.ts";
import type { ChunkPut, PutOutcome } from "../../engine/chunk-store.ts";
import type { Engine, EngineSpace } from "../../engine/engine.ts";
import type { Batch, CommitOutcome, MetaStore } from "../../engine/meta-store.ts";

const REFRESH_MS = 1000;
const REFRESH_BYTES = 64 * 1024 * 1024;
const FREE_BYTES_MIN = 2 ** 30;
const FREE_SHARE_MIN = 0.02;

export interface SpaceGuardOptions {
  readonly engine: Engine;
  /** Where commits go. */
  readonly records: MetaStore;
  readonly clock: Clock;
  readonly log: Log;
  /** undefined: the lesser of 2 % of the file system and 1 GiB. */
  readonly freeBytesMin: number | undefined;
}

export class SpaceGuard {
  readonly #options: SpaceGuardOptions;
  #space: EngineSpace | undefined;
  #isReadOnly = false;
  #refreshedMs = Number.NEGATIVE_INFINITY;
  #writtenBytes = 0;
  #refreshing: Promise<void> | undefined;

  private constructor(options: SpaceGuardOptions) {
    this.#options = options;
  }

  static async open(options: SpaceGuardOptions): Promise<SpaceGuard> {
    const guard = new SpaceGuard(options);
    await guard.refresh();
    return guard;
  }

  get space(): EngineSpace | undefined {
    return this.#space;
  }

  get isWritable(): boolean {
    return !this.#isReadOnly && !this.#isFull();
  }

  /**
   * To be awaited before `sizeBytes` are written; undefined (nothing to wait for) nearly always.
   * @throws NO_SPACE, READ_ONLY
   */
  admit(sizeBytes: number): Promise<void> | undefined {
    this.assertNotReadOnly();
    this.#writtenBytes += sizeBytes;
    if (this.#isFull()) return this.#admitWhenFreed();
    const isStale = this.#options.clock.monotonicMs() - this.#refreshedMs > REFRESH_MS;
    // In the background: a failure to ask leaves the last answer standing.
    if (isStale || this.#writtenBytes > REFRESH_BYTES) this.refresh().catch(() => undefined);
    return undefined;
  }

  /** @throws READ_ONLY */
  assertNotReadOnly(): void {
    if (this.#isReadOnly) {
      throw new EfsError("READ_ONLY", "the segment is read-only since a write to its disk failed", {
        hint: "check the disk, then restart efsd",
      });
    }
  }

  refresh(): Promise<void> {
    this.#refreshing ??= this.#ask().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** The engine's commit, watched for failures that end writing. */
  async commit(batch: Batch): Promise<CommitOutcome> {
    try {
      return await this.#options.records.commit(batch);
    } catch (thrown) {
      throw this.#judged(thrown);
    }
  }

  /** The engine's putMany, watched likewise. */
  async putMany(chunks: readonly ChunkPut[]): Promise<PutOutcome> {
    try {
      return await this.#options.engine.chunks.putMany(chunks);
    } catch (thrown) {
      throw this.#judged(thrown);
    }
  }

  #isFull(): boolean {
    if (this.#space === undefined) return false;
    const { totalBytes, freeBytes } = this.#space;
    return freeBytes < (this.#options.freeBytesMin ?? Math.min(FREE_BYTES_MIN, totalBytes * FREE_SHARE_MIN));
  }

  async #admitWhenFreed(): Promise<void> {
    await this.refresh();
    if (!this.#isFull()) return;
    throw new EfsError("NO_SPACE", `only ${formatSize(this.#space?.freeBytes ?? 0)} of disk space is free`, {
      hint: "free some space on the disk of the data directory; reads and deletes go on meanwhile",
    });
  }

  async #ask(): Promise<void> {
    this.#writtenBytes = 0;
    this.#refreshedMs = this.#options.clock.monotonicMs();
    this.#space = await this.#options.engine.space();
  }

  #judged(thrown: unknown): unknown {
    if (!(thrown instanceof EfsError)) return thrown;
    if (thrown.code === "NO_SPACE") this.#refreshedMs = Number.NEGATIVE_INFINITY;
    if (thrown.code === "READ_ONLY" || thrown.code === "IO") {
      if (!this.#isReadOnly) this.#options.log.error({ code: thrown.code }, "the segment is read-only now");
      this.#isReadOnly = true;
    }
    return thrown;
  }
}
