/**
 * Counters of a link, for each bucket: counted in memory, written down now and then and at the end, taken up again at a
 * start. A kill loses at most the last few seconds of counting, never a position. Rates are of the last few seconds.
 */
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import type { LinkCounters } from "../../model/link-status.ts";
import type { ServiceName } from "../../model/names.ts";
import type { ServiceStore } from "../../segment/services.ts";

const KEY_PREFIX = "counters/";
const RATE_SECONDS = 4;

export const ZERO_COUNTERS: LinkCounters = {
  requests: 0,
  versionManifests: 0,
  chunkManifests: 0,
  dataChunksSent: 0,
  dataChunksReceived: 0,
  snapviews: 0,
  bytesSent: 0,
  bytesReceived: 0,
  networkErrors: 0,
  localIoErrors: 0,
  remoteIoErrors: 0,
  alreadyThereVersions: 0,
  alreadyThereChunks: 0,
  alreadyThereBytes: 0,
  annotations: 0,
  expunges: 0,
  refusedExpunges: 0,
  controlBytes: 0,
  payloadBytes: 0,
};
export type CounterName = keyof LinkCounters;
const NAMES = Object.keys(ZERO_COUNTERS) as readonly CounterName[];

/** The counters of one bucket. */
export class BucketCounters {
  readonly #values: Record<CounterName, number>;
  readonly #sent: Rate;
  readonly #received: Rate;
  isDirty = false;
  writtenMs: number;

  constructor(values: LinkCounters, writtenMs: number, clock: Clock) {
    this.#values = { ...values };
    this.writtenMs = writtenMs;
    this.#sent = new Rate(clock);
    this.#received = new Rate(clock);
  }

  add(name: CounterName, count: number): void {
    if (count === 0) return;
    this.#values[name] += count;
    this.isDirty = true;
    if (name === "bytesSent") this.#sent.add(count);
    if (name === "bytesReceived") this.#received.add(count);
  }

  get values(): LinkCounters {
    return { ...this.#values };
  }

  get sendBytesPerSecond(): number {
    return this.#sent.perSecond;
  }

  get receiveBytesPerSecond(): number {
    return this.#received.perSecond;
  }
}

/** Bytes in one-second cells of the last few seconds. */
class Rate {
  readonly #clock: Clock;
  readonly #cells = new Map<number, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(sizeBytes: number): void {
    const second = Math.floor(this.#clock.monotonicMs() / 1000);
    this.#cells.set(second, (this.#cells.get(second) ?? 0) + sizeBytes);
    for (const cell of this.#cells.keys()) {
      if (cell > second - RATE_SECONDS) break;
      this.#cells.delete(cell);
    }
  }

  get perSecond(): number {
    const second = Math.floor(this.#clock.monotonicMs() / 1000);
    let sizeBytes = 0;
    for (const [cell, bytes] of this.#cells) if (cell > second - RATE_SECONDS) sizeBytes += bytes;
    return Math.round(sizeBytes / RATE_SECONDS);
  }
}

export interface LedgerOptions {
  readonly services: ServiceStore;
  readonly service: ServiceName;
  readonly clock: Clock;
}

/** The counters of all buckets of one service. */
export class CounterLedger {
  readonly #options: LedgerOptions;
  readonly #buckets: Map<string, BucketCounters>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(options: LedgerOptions, buckets: Map<string, BucketCounters>) {
    this.#options = options;
    this.#buckets = buckets;
  }

  /** With what earlier runs counted. */
  static async open(options: LedgerOptions): Promise<CounterLedger> {
    const buckets = new Map<string, BucketCounters>();
    for (const { key, value } of await options.services.listState(options.service, KEY_PREFIX)) {
      const stored = parseStored(value);
      const path = key.slice(KEY_PREFIX.length);
      buckets.set(path, new BucketCounters(stored.counters, stored.writtenMs, options.clock));
    }
    return new CounterLedger(options, buckets);
  }

  get paths(): readonly string[] {
    return [...this.#buckets.keys()];
  }

  /** The counters of a bucket, made when there are none. */
  of(path: string): BucketCounters {
    const known = this.#buckets.get(path);
    if (known !== undefined) return known;
    const made = new BucketCounters(ZERO_COUNTERS, this.#options.clock.wallMs(), this.#options.clock);
    this.#buckets.set(path, made);
    return made;
  }

  /** Writes down what changed. One at a time. */
  write(): Promise<void> {
    const turn = this.#writing.then(() => this.#write());
    this.#writing = turn.catch(() => undefined);
    return turn;
  }

  async #write(): Promise<void> {
    const { services, service, clock } = this.#options;
    for (const [path, counters] of this.#buckets) {
      if (!counters.isDirty) continue;
      counters.isDirty = false;
      const writtenMs = clock.wallMs();
      const text = JSON.stringify({ version: 1, writtenMs, counters: counters.values });
      try {
        await services.putState(service, `${KEY_PREFIX}${path}`, utf8(text));
      } catch (thrown) {
        counters.isDirty = true;
        throw thrown;
      }
      counters.writtenMs = writtenMs;
    }
  }
}

/** What cannot be read counts from 0 again: counters are never worth a failed start. */
function parseStored(value: Uint8Array): { counters: LinkCounters; writtenMs: number } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(fromUtf8(value) ?? "null");
  } catch {
    parsed = null;
  }
  const fields = record(parsed);
  const stored = record(fields.counters);
  const counters = Object.fromEntries(NAMES.map((name) => [name, count(stored[name])])) as Record<
    CounterName,
    number
  >;
  return { counters, writtenMs: count(fields.writtenMs) };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : 0;
}
