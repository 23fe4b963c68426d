/** What a segment needs to rest on: one ChunkStore, one MetaStore, and the room that is left. */
import type { ChunkStore } from "./chunk-store.ts";
import type { MetaStore } from "./meta-store.ts";

export interface Engine {
  readonly chunks: ChunkStore;
  readonly records: MetaStore;
  /** Room of the file system, in bytes; undefined where that has no meaning. */
  space(): Promise<EngineSpace | undefined>;
  /** Closes both stores and gives up the lock. */
  close(): Promise<void>;
}

export interface EngineSpace {
  readonly totalBytes: number;
  readonly freeBytes: number;
}
