/**
 * Brings what the journal holds to rest in the tree, in rounds: all of the overlay in order of its keys, in small
 * transactions, the last of which says up to which frame the tree is complete. Then the journal's room is free again.
 */
import { bytesOfText } from "../../base/byte-text.ts";
import { EfsError } from "../../base/errors.ts";
import { type Health, isNoSpace, noSpace } from "./health.ts";
import type { Journal } from "./journal.ts";
import type { Overlaid, Overlay } from "./overlay.ts";
import { recordCorrupt, sealed, unsealed } from "./record-seal.ts";
import type { Tree } from "./tree.ts";

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
  readonly overlay: Overlay;
  readonly health: Health;
}

export class Settler {
  readonly #options: SettlerOptions;
  #round: Promise<void> | undefined;
  #gatheredBytes = 0;
  /** The last frame whose changes are in the overlay. */
  #overlaid: bigint;
  /** The last frame whose changes are in the older generation, which is on its way. */
  #sequence = 0n;

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
    for (let round = 0; round < 2 && !this.#hasRoom(payloadBytes); round += 1) await this.#begin();
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
    let changes = overlay.older;
    if (changes === undefined) {
      changes = overlay.age();
      this.#sequence = this.#overlaid;
      this.#gatheredBytes = 0;
    }
    const keys = [...changes.forward({})];
    for (let first = 0; first === 0 || first < keys.length; first += TRANSACTION_KEYS_MAX) {
      const isLast = first + TRANSACTION_KEYS_MAX >= keys.length;
      await this.#settleSome(keys.slice(first, first + TRANSACTION_KEYS_MAX), isLast);
    }
    overlay.dropOlder();
    journal.release(this.#sequence);
  }

  async #settleSome(
    changes: ReadonlyArray<readonly [key: string, value: Overlaid]>,
    isLast: boolean,
  ): Promise<void> {
    const { tree, health } = this.#options;
    const entries = changes.map(([key, value]) => sealed(key, value === "removed" ? undefined : value));
    if (isLast) entries.push(sealed(APPLIED_KEY, u64(this.#sequence)));
    try {
      await tree.apply(entries);
    } catch (error) {
      if (isNoSpace(error)) throw noSpace(error);
      throw error instanceof EfsError ? error : health.fail("committing the index", error);
    }
  }
}

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}
