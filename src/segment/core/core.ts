/** What the features of a segment share: the stores, the clocks, the guard of free space, the buckets in use. */
import type { Clock } from "../../base/clock.ts";
import { EfsError } from "../../base/errors.ts";
import type { KeyedMutex, Limiter } from "../../base/limiter.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { ChunkStore } from "../../engine/chunk-store.ts";
import type { MetaRecord, MetaStore, ScanOptions } from "../../engine/meta-store.ts";
import type { SegmentId } from "../../model/ids.ts";
import type { ChunkPool } from "../chunk/pool.ts";
import type { ReadAhead } from "../chunk/read-ahead.ts";
import type { ContentLengths } from "../content/content-lengths.ts";
import type { Vault } from "../vault/vault.ts";
import type { Vaults } from "../vault/vaults.ts";
import type { Buckets } from "./buckets.ts";
import type { HybridClock } from "./hybrid-clock.ts";
import type { InFlight } from "./in-flight.ts";
import type { Quotas } from "./quotas.ts";
import type { SpaceGuard } from "./space-guard.ts";

export interface Core {
  readonly id: SegmentId;
  /** For reading; commits go through `guard`. Values of encrypted buckets come opened. */
  readonly records: MetaStore;
  /** As they rest: for who wants keys only. */
  readonly restingRecords: MetaStore;
  /** For reading and claims; `putMany` goes through `guard`. */
  readonly chunks: ChunkStore;
  readonly guard: SpaceGuard;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly hybridClock: HybridClock;
  readonly buckets: Buckets;
  /** One writer at a time for each object, by log id and name; saves retries, the checks of the batch decide. */
  readonly objectLocks: KeyedMutex;
  readonly content: ChunkPool;
  readonly lengths: ContentLengths;
  readonly vaults: Vaults;
  /** Of the bucket whose content is stored or read (vault/in-vault.ts); undefined: a plain one. */
  readonly vault: Vault | undefined;
  /** Large calls of putMany under way, over all puts. */
  readonly largePuts: Limiter;
  /** Shared by all who read contents. */
  readonly readAhead: ReadAhead;
  readonly quotas: Quotas;
  /** Every call of the front door runs in it. */
  readonly inFlight: InFlight;
}

/** The wall clock in whole milliseconds, as records keep it. */
export function nowMs(core: Core): number {
  return Math.max(0, Math.floor(core.clock.wallMs()));
}

/** How often a commit whose check failed is prepared anew. */
export const COMMIT_ATTEMPTS_MAX = 50;

export function contended(what: string): EfsError {
  return new EfsError("BUSY", `${what} was changed by others ${COMMIT_ATTEMPTS_MAX} times meanwhile`, {
    hint: "try again",
  });
}

const PAGE_RECORDS = 1000;

/** All records of a range, page after page; sees each page at one moment. */
export async function* scanAll(
  records: MetaStore,
  range: Pick<ScanOptions, "from" | "to">,
  pageRecords = PAGE_RECORDS,
): AsyncGenerator<MetaRecord> {
  let from = range.from;
  for (;;) {
    const page = await records.scan({ from, to: range.to, limit: pageRecords });
    yield* page.records;
    const last = page.records.at(-1);
    if (!page.isTruncated || last === undefined) return;
    from = new Uint8Array(last.key.length + 1);
    from.set(last.key);
  }
}

/** The value of a counter of the engine. @throws RECORD_CORRUPT */
export function counterOf(value: Uint8Array | undefined): number {
  if (value === undefined) return 0;
  if (value.length !== 8) throw new EfsError("RECORD_CORRUPT", "a counter has a wrong length");
  return Number(new DataView(value.buffer, value.byteOffset, 8).getBigInt64(0));
}
