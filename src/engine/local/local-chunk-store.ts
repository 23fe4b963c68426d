/**
 * Chunks in packs, found by the chunk index. Calls of `putMany` go through two stages in order: their records are
 * appended to the pack and synced (what waits shares one sync), then they resolve and are entered in the index.
 * While one group is being entered, the next is already being written.
 */
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
import type { ChunkIndex } from "./chunk-index.ts";
import type { Damage } from "./damage.ts";
import type { Health } from "./health.ts";
import { KeysInUse } from "./keys-in-use.ts";
import type { PackFiles, WantedRecord } from "./pack-files.ts";
import { PutQueue } from "./put-queue.ts";

/** Keys looked up in one turn of the event loop. */
const LOOKUPS_A_TURN = 1000;

export interface LocalChunkStoreOptions {
  readonly index: ChunkIndex;
  readonly files: PackFiles;
  readonly damage: Damage;
  readonly health: Health;
  readonly clock: Clock;
  readonly indexSyncCount: () => number;
  /** How far ahead a claim is noted: claims within it cost nothing, and a chunk may stay that much longer. */
  readonly claimAheadMs: number;
}

export class LocalChunkStore implements ChunkStore {
  readonly #options: LocalChunkStoreOptions;
  readonly #queue: PutQueue;
  /** Keys that a claim or a repeated put found here and has not answered yet: these stay. */
  readonly #held = new KeysInUse();
  /** Keys on their way out: to everyone else they are gone. */
  readonly #leaving = new Set<string>();
  readonly #underWay = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(options: LocalChunkStoreOptions) {
    this.#options = options;
    this.#queue = new PutQueue(options);
  }

  async putMany(chunks: readonly ChunkPut[]): Promise<PutOutcome> {
    this.#checkOpen();
    checkPuts(chunks);
    this.#options.health.checkWritable();
    return this.#track(this.#put(chunks));
  }

  async get(key: ChunkKey): Promise<StoredChunk | undefined> {
    return (await this.getMany([key]))[0];
  }

  async getMany(keys: readonly ChunkKey[]): Promise<ReadonlyArray<StoredChunk | undefined>> {
    this.#checkOpen();
    checkChunkKeys(keys, GET_CHUNKS_MAX);
    return this.#track(this.#get(keys));
  }

  async claim(keys: readonly ChunkKey[]): Promise<readonly boolean[]> {
    this.#checkOpen();
    checkChunkKeys(keys, CLAIM_KEYS_MAX);
    return this.#track(this.#claim(keys));
  }

  async deleteUnclaimed(keys: readonly ChunkKey[], beforeWallMs: number): Promise<number> {
    this.#checkOpen();
    checkChunkKeys(keys, CLAIM_KEYS_MAX);
    this.#options.health.checkWritable();
    return this.#track(this.#delete(keys.map(byteText), beforeWallMs));
  }

  async list(after: ChunkKey | undefined, limit: number): Promise<readonly ChunkListing[]> {
    this.#checkOpen();
    await this.#queue.entered();
    const entries = this.#options.index.list(after, Math.min(limit, LIST_CHUNKS_MAX));
    return entries.map(([key, { storedBytes, plainBytes }]) => ({
      key: bytesOfText(key),
      storedBytes,
      plainBytes,
    }));
  }

  stats(): ChunkStoreStats {
    const { index, files, indexSyncCount } = this.#options;
    const { chunkCount, storedBytes } = index.state;
    return { chunkCount, storedBytes, syncCount: files.syncCount + indexSyncCount() };
  }

  /** Waits for what is under way; the index is closed by the engine, afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#underWay);
    await this.#queue.entered();
    await this.#options.files.close();
  }

  async #put(chunks: readonly ChunkPut[]): Promise<PutOutcome> {
    const { index } = this.#options;
    const damaged = index.isDamaged
      ? await this.#damagedOf(chunks.map(({ key }) => byteText(key)))
      : undefined;
    const replaced = new Set<string>();
    const own = new Set<string>();
    const fresh: Array<readonly [key: string, chunk: ChunkPut]> = [];
    const stale: string[] = [];
    const others = new Set<Promise<void>>();
    const nowMs = this.#options.clock.wallMs();
    const isNew = chunks.map((chunk) => {
      const key = byteText(chunk.key);
      if (own.has(key)) return false;
      own.add(key);
      const other = this.#queue.underWay(key);
      if (other !== undefined) {
        others.add(other);
        return false;
      }
      const found = this.#find(key);
      if (found !== undefined && damaged?.has(key)) replaced.add(key);
      const entry = replaced.has(key) ? undefined : found;
      if (entry === undefined) fresh.push([key, chunk]);
      else if (entry.claimedUntilMs < nowMs) stale.push(key);
      return entry === undefined;
    });
    const waits = [...others, this.#touch(stale, nowMs)];
    if (fresh.length > 0) waits.push(this.#queue.put(fresh, replaced));
    await allDone(waits);
    return { isNew };
  }

  async #get(keys: readonly ChunkKey[]): Promise<ReadonlyArray<StoredChunk | undefined>> {
    const { files, damage } = this.#options;
    const wanted: WantedRecord[] = [];
    const places = keys.map((key) => {
      const place = this.#entry(byteText(key));
      return place === undefined ? undefined : wanted.push({ key, place }) - 1;
    });
    const chunks = await damage.watch(files.read(wanted));
    return places.map((at) => (at === undefined ? undefined : chunks[at]));
  }

  async #claim(keys: readonly ChunkKey[]): Promise<readonly boolean[]> {
    const { index: entries } = this.#options;
    const damaged = entries.isDamaged ? await this.#damagedOf(keys.map(byteText)) : undefined;
    const nowMs = this.#options.clock.wallMs();
    const answers: Array<boolean | Promise<boolean>> = [];
    const stale: string[] = [];
    const releases: Array<() => void> = [];
    try {
      for (const [index, key] of keys.map(byteText).entries()) {
        // Many lookups must not hold up everyone else; what is stale is held until its touch is durable.
        if (index % LOOKUPS_A_TURN === LOOKUPS_A_TURN - 1) await nextTurn();
        const entry = damaged?.has(key) ? undefined : this.#find(key);
        answers.push(entry !== undefined || this.#whenPut(key));
        if (entry === undefined || entry.claimedUntilMs >= nowMs) continue;
        stale.push(key);
        releases.push(this.#held.hold([key]));
      }
      await this.#touch(stale, nowMs);
      return await Promise.all(answers);
    } finally {
      for (const release of releases) release();
    }
  }

  /** Whether a put that is under way brings the chunk here. */
  #whenPut(key: string): boolean | Promise<boolean> {
    const put = this.#queue.underWay(key);
    return (
      put?.then(
        () => true,
        () => false,
      ) ?? false
    );
  }

  /** Decides in one turn: nothing can be claimed or put between the decision and the removal's place in the journal. */
  async #delete(keys: readonly string[], beforeWallMs: number): Promise<number> {
    await this.#queue.entered();
    const leaving = [...new Set(keys)].filter((key) => {
      if (this.#held.has(key) || this.#queue.isUnderWay(key)) return false;
      const entry = this.#find(key);
      return entry !== undefined && entry.claimedUntilMs < beforeWallMs;
    });
    if (leaving.length === 0) return 0;
    for (const key of leaving) this.#leaving.add(key);
    try {
      await this.#options.index.remove(leaving);
    } finally {
      for (const key of leaving) this.#leaving.delete(key);
    }
    return leaving.length;
  }

  async #touch(keys: readonly string[], nowMs: number): Promise<void> {
    if (keys.length === 0) return;
    this.#options.health.checkWritable();
    const release = this.#held.hold(keys);
    try {
      await this.#options.index.touch(keys, nowMs + this.#options.claimAheadMs);
    } finally {
      release();
    }
  }

  #find(key: string) {
    return this.#leaving.has(key) ? undefined : this.#entry(key);
  }

  /** By what the index says when it has all that was put. */
  async #damagedOf(keys: readonly string[]): Promise<ReadonlySet<string> | undefined> {
    await this.#queue.entered();
    return this.#options.damage.among(keys);
  }

  #entry(key: string) {
    return this.#queue.placed(key) ?? this.#options.index.get(key);
  }

  async #track<T>(task: Promise<T>): Promise<T> {
    this.#underWay.add(task);
    try {
      return await task;
    } finally {
      this.#underWay.delete(task);
    }
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new EfsError("SHUTTING_DOWN", "the chunk store is closed");
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Waits for all, also when one fails; then fails with the first failure. */
async function allDone(tasks: ReadonlyArray<Promise<unknown>>): Promise<void> {
  for (const outcome of await Promise.allSettled(tasks)) {
    if (outcome.status === "rejected") throw outcome.reason;
  }
}
