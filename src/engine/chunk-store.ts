/**
 * The seam under which immutable byte strings rest. An engine never sees a manifest, never checks a hash, never knows
 * a bucket. One suite (`test/engine/suite.ts`) is the contract; every engine passes it.
 *
 * Invariants:
 * - Resolved means durable: after a crash every chunk whose `putMany` or `claim` resolved is there, byte for byte.
 * - Prefix: when a chunk survives a crash, so does every chunk before it in the same call and every chunk of calls
 *   that were made and not yet resolved before this one was made. (A tree node is put after what it names.)
 * - A key that is there is never overwritten: a second put of it keeps the first bytes and counts as a claim. Once damage was noticed
 *   (a read met it, or opening did), a chunk whose record is damaged counts as not here, so that a put brings it back.
 * - After a failed sync the store is read-only (READ_ONLY) until it is opened anew; the sync is not tried again.
 */

/** 32 bytes derived from the content by the caller; opaque here. */
export type ChunkKey = Uint8Array;
export const CHUNK_KEY_BYTES = 32;

/** How the stored bytes were made from the plain ones. Kept with the chunk; opaque to the engine. */
export interface StoredChunk {
  /** 0 plain, 1 brotli; 0 to 255. */
  readonly codec: number;
  /** Which encryption key was used; 0 is none. */
  readonly keyId: number;
  /** Length of the plain bytes before codec and encryption. */
  readonly plainBytes: number;
  /** The bytes as they are stored. */
  readonly bytes: Uint8Array;
}

export interface ChunkPut extends StoredChunk {
  readonly key: ChunkKey;
}

export interface PutOutcome {
  /** For each chunk of the call, in order: true when it was new, false when it was there already. */
  readonly isNew: readonly boolean[];
}

export interface ChunkListing {
  readonly key: ChunkKey;
  readonly storedBytes: number;
  readonly plainBytes: number;
}

export interface ChunkStoreStats {
  readonly chunkCount: number;
  readonly storedBytes: number;
  /** Calls of fsync and fdatasync since the store was opened, its index's commits included. */
  readonly syncCount: number;
}

export interface ChunkStore {
  /**
   * Stores chunks in the order given; resolves when all are durable. At most 1,024 chunks and 16 MiB a call, each at
   * most 1 MiB, and 64 bytes more for each, which sealing may add. The store owns the byte arrays until it resolves.
   * @throws NO_SPACE, READ_ONLY, IO
   */
  putMany(chunks: readonly ChunkPut[]): Promise<PutOutcome>;

  /** The stored chunk, or undefined when it is not here. @throws RECORD_CORRUPT when its record is damaged. */
  get(key: ChunkKey): Promise<StoredChunk | undefined>;

  /** As `get` for many keys at once, in the order given. At most 1,024 keys. */
  getMany(keys: readonly ChunkKey[]): Promise<ReadonlyArray<StoredChunk | undefined>>;

  /**
   * Which of the keys are here, in order; those that are here are safe from collection for the grace period. Durable.
   * At most 10,000 keys.
   */
  claim(keys: readonly ChunkKey[]): Promise<readonly boolean[]>;

  /**
   * Removes those of the keys that nobody claimed or put at or after `beforeWallMs`; atomic against `claim` and
   * `putMany`. Resolves to how many were removed.
   */
  deleteUnclaimed(keys: readonly ChunkKey[], beforeWallMs: number): Promise<number>;

  /** Chunks in order of their keys, those above `after` (from the start when undefined), at most `limit`. */
  list(after: ChunkKey | undefined, limit: number): Promise<readonly ChunkListing[]>;

  stats(): ChunkStoreStats;

  /** Waits for what is under way and releases everything. */
  close(): Promise<void>;
}
