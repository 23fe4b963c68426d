/**
 * Brings what the journal holds to rest in the tree, in rounds: all of the overlay in order of its keys, in small
 * transactions, the last of which says up to which frame the tree is complete. Then the journal's room is free again.
 */
import { bytesOfText } from "../../base/byte-text.ts";
import { EfsError } from "../../base/errors.ts";
import type { OrderedMap } from "../ordered-map.ts";
import { type Health, isNoSpace, noSpace } from "./health.ts";
import type { Journal } from "./journal.ts";
import type { Overlaid } from "./merged-range.ts";
import { recordCorrupt, sealed, unsealed } from "./record-seal.ts";
import type { Tree, TreeEntry } from "./tree.ts";

/** More random keys than this in one LMDB transaction make every later one slow. */
const TRANSACTION_KEYS_MAX = 1000;
/** A round begins when this much has gathered: large enough that keys fall together in pages. */
const ROUND_KEYS = 8000;
const ROUND_BYTES = 8 * 1024 * 1024;
/** Commits wait when the tree is this far behind. */
const OVERLAY_KEYS_MAX = 64_000;
const APPLIED_KEY = "mapplied";

export interface SettlerOptions {
  readonly tree: Tree;
  readonly journal: Journal;
  readonly overlay: OrderedMap<Overlaid>;
  readonly health: Health;
}

export class Settler {
  readonly #options: SettlerOptions;
  #round: Promise<void> | undefined;
  #gatheredBytes = 0;
  /** The last frame whose changes are in the overlay. */
  #overlaid: bigint;

  constructor(options: SettlerOptions) {
    this.#options = options;
    this.#overlaid = options.journal.sequence;
  }

  /** The last frame that the tree holds; 0n for a new one. @throws RECORD_CORRUPT */
  static applied(tree: Tree): bigint {
    const key = bytesOfText(APPLIED_KEY);
    const bytes = tree.get(key);
    if (bytes === undefined) return 0n;
    const value = unsealed(key, bytes);
    if (value.length !== 8) throw recordCorrupt(key, "the tree's last frame is not a number");
    return new DataView(value.buffer, value.byteOffset).getBigUint64(0);
  }

  /** To be told of every group that became durable and is in the overlay. Begins a round when it is time. */
  added(sizeBytes: number, sequence: bigint): void {
    this.#overlaid = sequence;
    this.#gatheredBytes += sizeBytes;
    const { overlay, journal } = this.#options;
    const isTime = this.#gatheredBytes >= ROUND_BYTES || overlay.size >= ROUND_KEYS || journal.isHalfFull;
    if (isTime) this.#begin();
  }

  /** Waits until journal and memory have room for a frame. @throws NO_SPACE, IO */
  async makeRoom(payloadBytes: number): Promise<void> {
    if (this.#hasRoom(payloadBytes)) return;
    await this.#round?.catch(() => {});
    if (!this.#hasRoom(payloadBytes)) await this.#begin();
  }

  #hasRoom(payloadBytes: number): boolean {
    const { overlay, journal } = this.#options;
    return overlay.size < OVERLAY_KEYS_MAX && journal.hasRoom(payloadBytes);
  }

  /** A last round; what cannot rest stays in the journal. */
  async close(): Promise<void> {
    await this.#round?.catch(() => {});
    if (this.#options.overlay.size > 0 && this.#options.health.isWritable)
      await this.#begin().catch(() => {});
  }

  #begin(): Promise<void> {
    this.#round ??= this.#settle().finally(() => {
      this.#round = undefined;
    });
    // A round that nobody waits for reports by health or is tried again.
    this.#round.catch(() => {});
    return this.#round;
  }

  async #settle(): Promise<void> {
    const { overlay, journal, health } = this.#options;
    health.checkWritable();
    const sequence = this.#overlaid;
    this.#gatheredBytes = 0;
    const keys = [...overlay.forward({})].map(([key]) => key);
    for (let first = 0; first === 0 || first < keys.length; first += TRANSACTION_KEYS_MAX) {
      const isLast = first + TRANSACTION_KEYS_MAX >= keys.length;
      await this.#settleSome(keys.slice(first, first + TRANSACTION_KEYS_MAX), isLast ? sequence : undefined);
    }
    journal.release(sequence);
  }

  async #settleSome(keys: readonly string[], applied: bigint | undefined): Promise<void> {
    const { tree, overlay, health } = this.#options;
    const taken: Array<readonly [key: string, overlaid: Overlaid]> = [];
    const entries: TreeEntry[] = [];
    for (const key of keys) {
      const overlaid = overlay.get(key);
      if (overlaid === undefined) continue;
      taken.push([key, overlaid]);
      entries.push(treeEntry(key, overlaid.value));
    }
    if (applied !== undefined) entries.push(treeEntry(APPLIED_KEY, u64(applied)));
    try {
      await tree.apply(entries);
    } catch (error) {
      if (isNoSpace(error)) throw noSpace(error);
      throw error instanceof EfsError ? error : health.fail("committing the index", error);
    }
    for (const [key, overlaid] of taken) {
      if (overlay.get(key) === overlaid) overlay.delete(key);
    }
  }
}

function treeEntry(key: string, value: Uint8Array | undefined): TreeEntry {
  const keyBytes = bytesOfText(key);
  return { key: keyBytes, value: value && sealed(keyBytes, value) };
}

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}
