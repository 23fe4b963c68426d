/** Chunks in memory: the oracle of the conformance suite, and the store of tests. Bytes are copied in and out. */
import { bytesOfText, byteText } from "../../base/byte-text.ts";
import type { Clock } from "../../base/clock.ts";
import { EfsError } from "../../base/errors.ts";
import type {
  ChunkKey,
  ChunkListing,
  ChunkPut,
  ChunkStore,
  ChunkStoreStats,
  PutOutcome,
  StoredChunk,
} from "../chunk-store.ts";
import { CLAIM_KEYS_MAX, checkChunkKeys, checkPuts, GET_CHUNKS_MAX, LIST_CHUNKS_MAX } from "../limits.ts";
import { OrderedMap } from "../ordered-map.ts";

interface MemoryChunk {
  readonly chunk: StoredChunk;
  touchedMs: number;
}

export class MemoryChunkStore implements ChunkStore {
  readonly #clock: Clock;
  readonly #chunks = new OrderedMap<MemoryChunk>();
  #storedBytes = 0;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async putMany(chunks: readonly ChunkPut[]): Promise<PutOutcome> {
    this.#checkOpen();
    checkPuts(chunks);
    const nowMs = this.#clock.wallMs();
    const isNew = chunks.map((put) => {
      const key = byteText(put.key);
      const held = this.#chunks.get(key);
      if (held !== undefined) {
        held.touchedMs = Math.max(held.touchedMs, nowMs);
        return false;
      }
      const { codec, keyId, plainBytes } = put;
      const chunk = { codec, keyId, plainBytes, bytes: put.bytes.slice() };
      this.#chunks.set(key, { chunk, touchedMs: nowMs });
      this.#storedBytes += put.bytes.length;
      return true;
    });
    return { isNew };
  }

  async get(key: ChunkKey): Promise<StoredChunk | undefined> {
    return (await this.getMany([key]))[0];
  }

  async getMany(keys: readonly ChunkKey[]): Promise<ReadonlyArray<StoredChunk | undefined>> {
    this.#checkOpen();
    checkChunkKeys(keys, GET_CHUNKS_MAX);
    return keys.map((key) => {
      const chunk = this.#chunks.get(byteText(key))?.chunk;
      return chunk && { ...chunk, bytes: chunk.bytes.slice() };
    });
  }

  async claim(keys: readonly ChunkKey[]): Promise<readonly boolean[]> {
    this.#checkOpen();
    checkChunkKeys(keys, CLAIM_KEYS_MAX);
    const nowMs = this.#clock.wallMs();
    return keys.map((key) => {
      const held = this.#chunks.get(byteText(key));
      if (held !== undefined) held.touchedMs = Math.max(held.touchedMs, nowMs);
      return held !== undefined;
    });
  }

  async deleteUnclaimed(keys: readonly ChunkKey[], beforeWallMs: number): Promise<number> {
    this.#checkOpen();
    checkChunkKeys(keys, CLAIM_KEYS_MAX);
    let removedCount = 0;
    for (const key of keys) {
      const held = this.#chunks.get(byteText(key));
      if (held === undefined || held.touchedMs >= beforeWallMs) continue;
      this.#chunks.delete(byteText(key));
      this.#storedBytes -= held.chunk.bytes.length;
      removedCount += 1;
    }
    return removedCount;
  }

  async list(after: ChunkKey | undefined, limit: number): Promise<readonly ChunkListing[]> {
    this.#checkOpen();
    const listings: ChunkListing[] = [];
    const afterText = after === undefined ? undefined : byteText(after);
    for (const [key, { chunk }] of this.#chunks.forward({ from: afterText })) {
      if (listings.length >= Math.min(limit, LIST_CHUNKS_MAX)) break;
      if (key === afterText) continue;
      listings.push({ key: bytesOfText(key), storedBytes: chunk.bytes.length, plainBytes: chunk.plainBytes });
    }
    return listings;
  }

  stats(): ChunkStoreStats {
    return { chunkCount: this.#chunks.size, storedBytes: this.#storedBytes, syncCount: 0 };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  /** Replaces the stored bytes behind the store's back; for tests that damage data. */
  overwrite(key: ChunkKey, bytes: Uint8Array): void {
    const held = this.#chunks.get(byteText(key));
    if (held === undefined) return;
    this.#chunks.set(byteText(key), { ...held, chunk: { ...held.chunk, bytes: bytes.slice() } });
  }

  /** Loses a chunk behind the store's back; for tests that damage data. */
  lose(key: ChunkKey): void {
    const held = this.#chunks.get(byteText(key));
    if (held !== undefined) this.#storedBytes -= held.chunk.bytes.length;
    this.#chunks.delete(byteText(key));
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new EfsError("SHUTTING_DOWN", "the chunk store is closed");
  }
}
