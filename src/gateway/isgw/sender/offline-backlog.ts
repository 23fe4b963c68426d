/** Counts what waits while there is no connection, from the durable log and what the receiver acknowledged last. */
import type { Clock } from "../../../base/clock.ts";
import { toEfsError } from "../../../base/errors.ts";
import type { Log } from "../../../base/log.ts";
import { formatBucketPath } from "../../../model/names.ts";
import type { Replication } from "../../../segment/replication.ts";
import type { LogPoint, Mark } from "../position/mark.ts";
import { type FoundBucket, findBuckets } from "../position/marker.ts";
import type { SenderSettings } from "../settings.ts";
import type { StateStore } from "../state-store.ts";
import type { LinkBoard } from "../status.ts";
import { BacklogCount } from "./backlog-count.ts";

const LOOK_MS = 1000;

export interface OfflineBacklogOptions {
  readonly replication: Replication;
  readonly states: StateStore;
  readonly settings: SenderSettings;
  readonly board: LinkBoard;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether a connection counts for itself now. */
  isOnline(): boolean;
}

/** Until `signal` aborts. */
export async function watchOffline(options: OfflineBacklogOptions, signal: AbortSignal): Promise<void> {
  const counts = new Map<string, BacklogCount>();
  while (!signal.aborted) {
    try {
      if (!options.isOnline()) await lookAtAll(options, counts);
    } catch (thrown) {
      // A bucket may go at any moment; the next look sees what is.
      options.log.debug({ error: toEfsError(thrown).message }, "what waits could not be counted");
    }
    await options.clock.sleep(LOOK_MS, signal);
  }
}

async function lookAtAll(options: OfflineBacklogOptions, counts: Map<string, BacklogCount>): Promise<void> {
  for (const served of options.settings.served) {
    for (const bucket of await findBuckets(options.replication, options.states, served)) {
      if (options.isOnline()) return;
      await lookAt(options, bucket, counts);
    }
  }
}

async function lookAt(
  options: OfflineBacklogOptions,
  bucket: FoundBucket,
  counts: Map<string, BacklogCount>,
): Promise<void> {
  const { replication, states, board, settings } = options;
  const { logId } = bucket.record;
  let count = counts.get(logId);
  if (count === undefined) {
    count = new BacklogCount(replication, bucket.path);
    counts.set(logId, count);
  }
  const acked = await states.acked(logId);
  const marker = settings.replication === "continuous" ? await states.marker(logId) : undefined;
  const from = acked === undefined ? marker : pointOf(acked);
  const waiting = await count.look(from?.position ?? 0n);
  if (options.isOnline()) return;
  const row = board.bucket(formatBucketPath(bucket.path));
  row.backlog = { versions: waiting.versions, bytes: waiting.bytes };
  row.oldestWaitingMs = waiting.oldestLoggedMs;
}

function pointOf(mark: Mark): LogPoint {
  return mark.kind === "following" ? mark.at : mark.head;
}
