/** An engine that forgets everything when it is dropped: for tests, and the oracle of the conformance suite. */
import type { Clock } from "../../base/clock.ts";
import type { Engine, EngineSpace } from "../engine.ts";
import { MemoryChunkStore } from "./memory-chunk-store.ts";
import { MemoryMetaStore } from "./memory-meta-store.ts";

export interface MemoryEngineOptions {
  readonly clock: Clock;
  /** True: commits of records wait for `records.sync()`. */
  readonly isHolding?: boolean | undefined;
  /** What `space` answers; undefined: no limit. */
  readonly space?: (() => EngineSpace | undefined) | undefined;
}

export interface MemoryEngine extends Engine {
  readonly chunks: MemoryChunkStore;
  readonly records: MemoryMetaStore;
}

export function openMemoryEngine(options: MemoryEngineOptions): MemoryEngine {
  const chunks = new MemoryChunkStore(options.clock);
  const records = new MemoryMetaStore({ isHolding: options.isHolding });
  return {
    chunks,
    records,
    space: async () => options.space?.(),
    close: async () => {
      await chunks.close();
      await records.close();
    },
  };
}
