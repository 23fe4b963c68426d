/**
 * Upkeep of buckets: lifecycle rules are acted by, and uploads that nobody completes end. A pass walks all buckets one after another, at a bounded
 * rate; it keeps no place, because what it did not come to is found by the next one. Works through the segment's front door alone.
 */
import type { Clock } from "../base/clock.ts";
import { type EfsError, toEfsError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { parseLifecycle } from "../model/lifecycle.ts";
import { type BucketPath, formatBucketPath } from "../model/names.ts";
import type { BucketOptions } from "../model/namespace.ts";
import type { Listing, ListOptions } from "./namespace.ts";
import type { Segment } from "./segment.ts";
import { expireUploads } from "./upkeep/expire-uploads.ts";
import { expireVersions } from "./upkeep/expire-versions.ts";
import { isEnding, newCounts, type UpkeepCounts, type UpkeepSite } from "./upkeep/upkeep-site.ts";

/** Days without a new part after which an upload ends, where no rule is about uploads. */
export const IDLE_UPLOAD_DAYS = 7;

const INTERVAL_MS = 3_600_000;

export interface UpkeepOptions {
  readonly segment: Segment;
  readonly clock: Clock;
  readonly log: Log;
  /** undefined: IDLE_UPLOAD_DAYS; 0: uploads stay. */
  readonly idleUploadDays?: number | undefined;
}

export interface Upkeep {
  /** Resolves when the pass under way has ended. */
  stop(): Promise<void>;
}

/** A pass at once, then one every hour. */
export function startUpkeep(options: UpkeepOptions): Upkeep {
  const stopping = new AbortController();
  const running = runNowAndThen(options, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function runNowAndThen(options: UpkeepOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await runUpkeep(options, signal);
    } catch (thrown) {
      const { code, message } = toEfsError(thrown);
      if (!signal.aborted)
        options.log.warn({ code }, `upkeep ended early, the next pass goes on: ${message}`);
    }
    await options.clock.sleep(INTERVAL_MS, signal);
  }
}

/** One pass over all buckets. @throws READ_ONLY, SHUTTING_DOWN */
export async function runUpkeep(
  { segment, clock, log, idleUploadDays = IDLE_UPLOAD_DAYS }: UpkeepOptions,
  signal: AbortSignal,
): Promise<void> {
  const site: UpkeepSite = { segment, clock, signal };
  for await (const { path, options } of allBuckets(segment)) {
    if (signal.aborted) return;
    const bucket = formatBucketPath(path);
    const counts = newCounts();
    let failure: EfsError | undefined;
    const onFailure = (thrown: unknown) => {
      failure ??= toEfsError(thrown);
    };
    try {
      await keepBucket(site, { bucket: path, options, idleDays: idleUploadDays, counts, onFailure });
    } catch (thrown) {
      const error = toEfsError(thrown);
      if (isEnding(error) && error.code !== "BUCKET_NOT_FOUND") throw error;
      if (error.code !== "BUCKET_NOT_FOUND") onFailure(error);
    }
    if (Object.values(counts).some((count) => count > 0))
      log.info({ bucket, ...counts }, "upkeep of a bucket");
    if (failure !== undefined) {
      log.warn(
        { bucket, code: failure.code },
        `not all of a bucket's upkeep could be done: ${failure.message}`,
      );
    }
  }
}

interface KeepBucket {
  readonly bucket: BucketPath;
  readonly options: BucketOptions;
  readonly idleDays: number;
  readonly counts: UpkeepCounts;
  readonly onFailure: (error: unknown) => void;
}

async function keepBucket(site: UpkeepSite, { options, idleDays, ...plan }: KeepBucket): Promise<void> {
  const text = await site.segment.namespace.getConfig(plan.bucket, "lifecycle");
  const rules = text === undefined ? [] : parseLifecycle(text);
  await expireUploads(site, { ...plan, rules, idleDays });
  await expireVersions(site, { ...plan, rules, versioning: options.versioning });
}

async function* allBuckets({
  namespace,
}: Segment): AsyncGenerator<{ readonly path: BucketPath; readonly options: BucketOptions }> {
  for await (const cluster of pages((options) => namespace.listClusters(options))) {
    for await (const tenant of pages((options) => namespace.listTenants(cluster.name, options))) {
      const path = { cluster: cluster.name, tenant: tenant.name };
      for await (const bucket of pages((options) => namespace.listBuckets(path, options))) {
        yield { path: { ...path, bucket: bucket.name }, options: bucket.options };
      }
    }
  }
}

/** All items of a listing; a container that goes meanwhile ends it. */
async function* pages<Item>(list: (options: ListOptions) => Promise<Listing<Item>>): AsyncGenerator<Item> {
  for (let after: string | undefined, isMore = true; isMore; ) {
    let page: Listing<Item>;
    try {
      page = await list({ after });
    } catch (thrown) {
      if (toEfsError(thrown).kind === "not_found") return;
      throw thrown;
    }
    yield* page.items;
    after = page.next;
    isMore = after !== undefined;
  }
}
