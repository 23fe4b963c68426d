/** Content that cannot be read here: the version is left out at the receiver, on record as owed, and shown. */
import { EfsError } from "../../../base/errors.ts";
import type { Log } from "../../../base/log.ts";
import { escapeName, formatBucketPath } from "../../../model/names.ts";
import type { Replication } from "../../../segment/replication.ts";
import type { StateStore } from "../state-store.ts";
import type { LinkBoard } from "../status.ts";
import type { BatchVersion } from "../wire/batch.ts";
import type { OpenBatch } from "./supply.ts";

export interface AbsentTools {
  readonly replication: Replication;
  readonly states: StateStore;
  readonly board: LinkBoard;
  readonly log: Log;
}

/**
 * Durable before the receiver hears of it, so that a crash loses no version for good. A version that is no longer kept needs
 * no record: a later one stands for it.
 */
export async function recordAbsent(
  { replication, states, board, log }: AbsentTools,
  {
    batch,
    version,
    error,
  }: { readonly batch: OpenBatch; readonly version: BatchVersion; readonly error: EfsError },
): Promise<void> {
  const path = formatBucketPath(batch.bucket);
  const { object, uvid } = version.version;
  const [kept] = await replication.getVersions(batch.bucket, [{ object, uvid }]);
  if (kept === undefined) return;
  const { logId } = await replication.logHead(batch.bucket);
  await states.owe(logId, { object, uvid });
  const row = board.bucket(path);
  row.problem = error;
  row.counters.add("localIoErrors", 1);
  const shown = `${escapeName(path)}/${escapeName(object)}`;
  const message = `${shown} cannot be read here and was left out: ${error.message}`;
  board.fail(
    new EfsError(error.code, message, { details: { object, version: uvid } }),
    `efscli object put FILE ${shown}`,
  );
  log.error(
    { bucket: path, object, version: uvid, code: error.code },
    "content cannot be read, version left out",
  );
}
