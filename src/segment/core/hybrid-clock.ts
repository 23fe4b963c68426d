/**
 * The hybrid logical clock that gives UVIDs. Owns the persisted ceiling: no UVID is given at or above it, and a restart
 * begins at it, so that the clock resumes above every UVID that was ever given or observed here, however the wall clock
 * steps. Invariant: UVIDs of one HybridClock strictly increase.
 */

import type { Clock } from "../../base/clock.ts";
import { EfsError } from "../../base/errors.ts";
import type { MetaStore } from "../../engine/meta-store.ts";
import type { SegmentId, WriterId } from "../../model/ids.ts";
import type { Uvid } from "../../model/uvid.ts";
import { CLOCK_KEY } from "../keys.ts";

/** How far ahead of the clock the ceiling is written; a crash moves the clock ahead by at most this. */
const RESERVE_MS = 1000;
/** A received UVID further ahead of the wall clock than this does not move our clock (generations still order versions). */
export const CLOCK_AHEAD_TRUSTED_MS = 5 * 60_000;
const COUNT_MAX = 0xffff;
const WALL_MS_MAX = 2 ** 48 - 1;
const EXTEND_ATTEMPTS_MAX = 10;

export interface HybridClockOptions {
  readonly records: MetaStore;
  readonly clock: Clock;
  readonly segment: SegmentId;
  readonly writer: WriterId;
}

export class HybridClock {
  readonly #records: MetaStore;
  readonly #clock: Clock;
  readonly #suffix: string;
  #wallMs: number;
  #count = 0;
  /** Durable: wall milliseconds, not included. */
  #ceilingMs: number;
  #extension: Promise<void> | undefined;

  private constructor(options: HybridClockOptions, ceilingMs: number) {
    this.#records = options.records;
    this.#clock = options.clock;
    this.#suffix = `${options.segment}${options.writer}`;
    this.#wallMs = ceilingMs;
    this.#ceilingMs = ceilingMs;
  }

  static async open(options: HybridClockOptions): Promise<HybridClock> {
    return new HybridClock(options, ceilingOf(await options.records.get(CLOCK_KEY)));
  }

  /** A UVID above all that were given or observed. Writes the ceiling first where it is reached (seldom). */
  async next(): Promise<Uvid> {
    this.#advance();
    while (this.#wallMs >= this.#ceilingMs) {
      await this.#extend();
      // Others may have been given this moment meanwhile.
      this.#advance();
    }
    if (this.#ceilingMs - this.#wallMs < RESERVE_MS / 2) this.#extendAhead();
    const word = this.#wallMs.toString(16).padStart(12, "0") + this.#count.toString(16).padStart(4, "0");
    return (word.toUpperCase() + this.#suffix) as Uvid;
  }

  /**
   * Moves the clock to a received UVID, durable before this resolves, so that later local UVIDs are above it. False when it is
   * too far ahead to be trusted; then nothing moved.
   */
  async observe(uvid: Uvid): Promise<boolean> {
    const wallMs = Number.parseInt(uvid.slice(0, 12), 16);
    const count = Number.parseInt(uvid.slice(12, 16), 16);
    if (wallMs < this.#wallMs || (wallMs === this.#wallMs && count <= this.#count)) return true;
    if (wallMs > this.#clock.wallMs() + CLOCK_AHEAD_TRUSTED_MS) return false;
    this.#wallMs = wallMs;
    this.#count = count;
    while (wallMs >= this.#ceilingMs) await this.#extend();
    return true;
  }

  /** Brings the ceiling down to what was given, so that a clean restart does not move the clock ahead. */
  async close(): Promise<void> {
    await this.#extension?.catch(() => undefined);
    if (this.#ceilingMs <= this.#wallMs + 1) return;
    await this.#records.commit({
      checks: [{ key: CLOCK_KEY, expected: wordOf(this.#ceilingMs) }],
      writes: [{ key: CLOCK_KEY, value: wordOf(this.#wallMs + 1) }],
    });
  }

  #advance(): void {
    const nowMs = Math.min(Math.max(0, Math.floor(this.#clock.wallMs())), WALL_MS_MAX);
    if (nowMs > this.#wallMs) {
      this.#wallMs = nowMs;
      this.#count = 0;
    } else if (this.#count < COUNT_MAX) {
      this.#count += 1;
    } else {
      this.#wallMs += 1;
      this.#count = 0;
    }
    if (this.#wallMs > WALL_MS_MAX) throw new EfsError("LIMIT", "the clock has reached its end");
  }

  #extendAhead(): void {
    // A failure is met again, and reported, by the write that finds the ceiling reached.
    this.#extend().catch(() => undefined);
  }

  #extend(): Promise<void> {
    this.#extension ??= this.#writeCeiling().finally(() => {
      this.#extension = undefined;
    });
    return this.#extension;
  }

  async #writeCeiling(): Promise<void> {
    for (let attempt = 0; attempt < EXTEND_ATTEMPTS_MAX; attempt += 1) {
      const stored = await this.#records.get(CLOCK_KEY);
      const ceilingMs = Math.max(this.#wallMs + RESERVE_MS, ceilingOf(stored) + 1);
      const outcome = await this.#records.commit({
        checks: [{ key: CLOCK_KEY, expected: stored }],
        writes: [{ key: CLOCK_KEY, value: wordOf(ceilingMs) }],
      });
      if (!outcome.isCommitted) continue;
      this.#ceilingMs = ceilingMs;
      return;
    }
    throw new EfsError("BUSY", "the clock's ceiling is contended");
  }
}

function wordOf(wallMs: number): Uint8Array {
  const word = new Uint8Array(8);
  new DataView(word.buffer).setBigUint64(0, BigInt(wallMs));
  return word;
}

function ceilingOf(stored: Uint8Array | undefined): number {
  if (stored === undefined) return 0;
  if (stored.length !== 8) throw new EfsError("RECORD_CORRUPT", "the record of the clock has a wrong length");
  const ceilingMs = Number(new DataView(stored.buffer, stored.byteOffset, 8).getBigUint64(0));
  if (ceilingMs > WALL_MS_MAX)
    throw new EfsError("RECORD_CORRUPT", "the record of the clock is out of range");
  return ceilingMs;
}
