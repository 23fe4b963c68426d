/** What received items change, gathered into as few batches as they fit into. */
import { BATCH_BYTES_MAX, BATCH_OPERATIONS_MAX, type Check, type Write } from "../../engine/meta-store.ts";
import type { Change } from "../object/change.ts";
import type { Item } from "./plan-received.ts";

/** Room that a batch leaves for the bucket's check, its counters and the state. */
const BATCH_SLACK_BYTES = 256 * 1024;
const BATCH_SLACK_OPERATIONS = 8;

export interface Planned {
  readonly item: Item;
  /** Of the object; undefined: only records beside it. */
  readonly change: Change | undefined;
  readonly checks: readonly Check[];
  readonly writes: readonly Write[];
  readonly entry: Uint8Array;
}

export function groupsOf(planned: readonly Planned[]): ReadonlyArray<readonly Planned[]> {
  const groups: Planned[][] = [];
  let [operations, sizeBytes] = [Number.POSITIVE_INFINITY, 0];
  for (const item of planned) {
    const cost = costOf(item);
    const isFull =
      operations + cost.operations > BATCH_OPERATIONS_MAX - BATCH_SLACK_OPERATIONS ||
      sizeBytes + cost.sizeBytes > BATCH_BYTES_MAX - BATCH_SLACK_BYTES;
    if (isFull) {
      groups.push([]);
      [operations, sizeBytes] = [0, 0];
    }
    groups.at(-1)?.push(item);
    operations += cost.operations;
    sizeBytes += cost.sizeBytes;
  }
  return groups;
}

function costOf({ change, checks, writes, entry }: Planned): { operations: number; sizeBytes: number } {
  const allChecks = [...(change?.checks ?? []), ...checks];
  const allWrites = [...(change?.writes ?? []), ...writes];
  let sizeBytes = entry.length;
  for (const { key, expected } of allChecks) sizeBytes += key.length + (expected?.length ?? 0);
  for (const { key, value } of allWrites) sizeBytes += key.length + (value?.length ?? 0);
  return { operations: allChecks.length + allWrites.length + 1, sizeBytes };
}
