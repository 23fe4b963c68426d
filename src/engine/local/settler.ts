/**
 * Brings what the journal holds to rest in the tree, in rounds: a whole generation of the overlay at once, so that there
 * are few runs. Then the journal's room is free again.
 */
import { toEfsError } from "../../base/errors.ts";
import { type Health, isBusy, isNoSpace, noSpace } from "./health.ts";
import type { Journal } from "./journal.ts";
import type { Overlay } from "./overlay.ts";
import type { Tree } from "./tree.ts";

/** A round begins when this much has gathered: large enough that runs are few. */
const ROUND_KEYS = 24_000;
const ROUND_BYTES = 16 * 1024 * 1024;
/** Commits wait when the tree is this far behind. */
const OVERLAY_KEYS_MAX = 100_000;

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

  /** To be told of every group that became durable and is in the overlay. Begins a round when it is time. */
  added(sizeBytes: number, sequence: bigint): void {
    this.#overlaid = sequence;
    this.#gatheredBytes += sizeBytes;
    const { overlay, journal } = this.#options;
    const isTime = this.#gatheredBytes >= ROUND_BYTES || overlay.size >= ROUND_KEYS || journal.isHalfFull;
    if (isTime) this.#begin();
  }

  /** Waits until journal and memory have room for a frame. @throws NO_SPACE, BUSY, IO */
  async makeRoom(payloadBytes: number): Promise<void> {
    if (this.#hasRoom(payloadBytes)) return;
    await this.idle();
    for (let round = 0; round < 2 && !this.#hasRoom(payloadBytes); round += 1) await this.#begin();
  }

  #hasRoom(payloadBytes: number): boolean {
    const { overlay, journal } = this.#options;
    return overlay.size < OVERLAY_KEYS_MAX && journal.hasRoom(payloadBytes);
  }

  /** Waits for a round that is under way. */
  async idle(): Promise<void> {
    await this.#round?.catch(() => {});
  }

  /** A last round; what cannot rest stays in the journal. */
  async close(): Promise<void> {
    await this.idle();
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
    const { overlay, journal, tree, health } = this.#options;
    health.checkWritable();
    let changes = overlay.older;
    if (changes === undefined) {
      changes = overlay.age();
      this.#sequence = this.#overlaid;
      this.#gatheredBytes = 0;
    }
    try {
      await tree.settle(changes, this.#sequence);
    } catch (error) {
      if (isNoSpace(error)) throw noSpace(error);
      if (isBusy(error)) throw toEfsError(error);
      throw health.fail("committing the index", error);
    }
    overlay.dropOlder();
    journal.release(this.#sequence);
  }
}
