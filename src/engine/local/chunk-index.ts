/**
 * Which chunks are here, where, and until when they were claimed: table `c` of the durable map, and one record of
 * table `m` that says how far the packs are indexed. All decisions that must not race (is it here, may it go) are made
 * in one turn of the event loop, against the map and the keys that are under way.
 */
import { byteText } from "../../base/byte-text.ts";
import { EfsError } from "../../base/errors.ts";
import type { ChunkKey } from "../chunk-store.ts";
import {
  type ChunkEntry,
  decodeEntry,
  decodeState,
  encodeEntry,
  encodeState,
  type PackState,
} from "./chunk-entry.ts";
import type { DurableMap, PlanView } from "./durable-map.ts";

const CHUNKS = "c";
const AFTER_CHUNKS = "d";
const STATE_KEY = "mpacks";
/** There, with any value, once a pack was found damaged. */
const DAMAGED_KEY = "mdamaged";

export class ChunkIndex {
  readonly #map: DurableMap;
  #state: PackState;
  #isDamaged: boolean;

  constructor(map: DurableMap) {
    this.#map = map;
    this.#isDamaged = map.get(DAMAGED_KEY) !== undefined;
    const bytes = map.get(STATE_KEY);
    this.#state = bytes === undefined ? EMPTY : decodeState(STATE_KEY, bytes);
  }

  /** With all changes that are on their way to the disk. */
  get state(): PackState {
    return this.#state;
  }

  /** True once a pack was found damaged: an entry alone does not prove that its record can be read. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** True for everyone at once, durable when it resolves. */
  async noteDamage(): Promise<void> {
    this.#isDamaged = true;
    await this.#map.commit((view) => view.set(DAMAGED_KEY, new Uint8Array([1])));
  }

  /** @throws RECORD_CORRUPT */
  get(key: string): ChunkEntry | undefined {
    const bytes = this.#map.get(CHUNKS + key);
    return bytes && decodeEntry(CHUNKS + key, bytes);
  }

  /** Entries in order of their keys, those above `after`, at most `limit`. @throws RECORD_CORRUPT */
  list(after: ChunkKey | undefined, limit: number): ReadonlyArray<readonly [key: string, entry: ChunkEntry]> {
    const from = after === undefined ? CHUNKS : `${CHUNKS}${byteText(after)}\0`;
    const entries: Array<readonly [string, ChunkEntry]> = [];
    for (const [key, bytes] of this.#map.range({ from, to: AFTER_CHUNKS, isBackward: false })) {
      if (entries.length >= limit) break;
      entries.push([key.slice(1), decodeEntry(key, bytes)]);
    }
    return entries;
  }

  /**
   * Enters records that are durable in their pack, and that the packs are indexed up to `end`. What is here keeps its first bytes,
   * but for `replaced`: keys whose records are damaged. Calls `onPlanned` before it returns, once every later change of the map comes
   * behind this one; a failure before that changes nothing. @throws BUSY: the packs are not indexed up to `behind`
   */
  add(
    entries: ReadonlyArray<readonly [key: string, entry: ChunkEntry]>,
    end: PackEnd,
    { replaced = NONE, behind, onPlanned }: AddOptions = {},
  ): Promise<void> {
    return this.#change((view, state) => {
      let { chunkCount, storedBytes } = state;
      if (behind !== undefined && !isSameEnd(behind, state)) {
        throw new EfsError("BUSY", "what was put before could not be indexed");
      }
      for (const [key, entry] of entries) {
        const bytes = view.get(CHUNKS + key);
        // A removal before this may have failed.
        if (bytes !== undefined && !replaced.has(key)) continue;
        if (bytes === undefined) chunkCount += 1;
        else storedBytes -= decodeEntry(CHUNKS + key, bytes).storedBytes;
        storedBytes += entry.storedBytes;
        view.set(CHUNKS + key, encodeEntry(entry));
      }
      return { packNumber: end.packNumber, endOffset: end.endOffset, chunkCount, storedBytes };
    }, onPlanned);
  }

  /** Notes that these were claimed; those that are gone stay gone. */
  touch(keys: readonly string[], claimedUntilMs: number): Promise<void> {
    return this.#map.commit((view) => {
      for (const key of keys) {
        const bytes = view.get(CHUNKS + key);
        if (bytes === undefined) continue;
        view.set(CHUNKS + key, encodeEntry({ ...decodeEntry(CHUNKS + key, bytes), claimedUntilMs }));
      }
    });
  }

  remove(keys: readonly string[]): Promise<void> {
    return this.#change((view, state) => {
      let { chunkCount, storedBytes } = state;
      for (const key of keys) {
        const bytes = view.get(CHUNKS + key);
        if (bytes === undefined) continue;
        chunkCount -= 1;
        storedBytes -= decodeEntry(CHUNKS + key, bytes).storedBytes;
        view.set(CHUNKS + key, undefined);
      }
      return { ...state, chunkCount, storedBytes };
    });
  }

  async #change(
    change: (view: PlanView, state: PackState) => PackState,
    onPlanned?: () => void,
  ): Promise<void> {
    let isPlanned = false;
    const durable = this.#map.commit((view) => {
      const bytes = view.get(STATE_KEY);
      const state = change(view, bytes === undefined ? EMPTY : decodeState(STATE_KEY, bytes));
      view.set(STATE_KEY, encodeState(state));
      this.#state = state;
      isPlanned = true;
    });
    // A commit runs its plan before it returns.
    if (isPlanned) onPlanned?.();
    try {
      await durable;
    } catch (error) {
      const bytes = this.#map.get(STATE_KEY);
      this.#state = bytes === undefined ? EMPTY : decodeState(STATE_KEY, bytes);
      throw error;
    }
  }
}

export type PackEnd = Pick<PackState, "packNumber" | "endOffset">;

interface AddOptions {
  readonly replaced?: ReadonlySet<string> | undefined;
  readonly behind?: PackEnd | undefined;
  readonly onPlanned?: (() => void) | undefined;
}

function isSameEnd(left: PackEnd, right: PackEnd): boolean {
  return left.packNumber === right.packNumber && left.endOffset === right.endOffset;
}

const NONE: ReadonlySet<string> = new Set();
const EMPTY: PackState = { packNumber: 0, endOffset: 0, chunkCount: 0, storedBytes: 0 };
