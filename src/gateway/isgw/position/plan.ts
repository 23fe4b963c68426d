/**
 * What a sender does for a bucket, decided from the receiver's mark, the sender's own log and the way of replicating.
 * The receiver's mark rules; a mark that does not match the log means a full compare.
 */
import type { ObjectName } from "../../../model/names.ts";
import type { Replication } from "../settings.ts";
import type { LogPoint, Mark } from "./mark.ts";

export type Plan =
  /** All kept versions, names above `after`, then `following` at `head`. */
  | { readonly kind: "walk"; readonly head: LogPoint; readonly after: ObjectName | undefined }
  /** The log above `from`. `resets`: the receiver's mark is of no use and has to be taken back first. */
  | {
      readonly kind: "follow";
      readonly from: LogPoint;
      readonly isEverything: boolean;
      readonly resets: boolean;
    }
  /** One pass was wanted and is done. */
  | { readonly kind: "done"; readonly at: LogPoint };

export interface LogView {
  readonly head: LogPoint;
  /** Where the log stood when the service first served the bucket. */
  readonly marker: LogPoint;
  /** The version id at a position; undefined when there is no such entry. */
  uvidAt(position: bigint): Promise<string | undefined>;
}

export async function planFrom(
  log: LogView,
  mark: Mark | undefined,
  replication: Replication,
): Promise<Plan> {
  const isTrue = mark !== undefined && (await matches(log, mark.kind === "walking" ? mark.head : mark.at));
  if (replication === "continuous") {
    if (isTrue && mark.kind === "following") {
      return { kind: "follow", from: mark.at, isEverything: mark.isEverything, resets: false };
    }
    return { kind: "follow", from: log.marker, isEverything: false, resets: mark !== undefined };
  }
  if (isTrue && mark.kind === "walking") {
    return { kind: "walk", head: mark.head, after: mark.name === "" ? undefined : (mark.name as ObjectName) };
  }
  if (isTrue && mark.kind === "following" && mark.isEverything) {
    if (replication === "initial") return { kind: "done", at: mark.at };
    return { kind: "follow", from: mark.at, isEverything: true, resets: false };
  }
  return { kind: "walk", head: log.head, after: undefined };
}

async function matches(log: LogView, point: LogPoint): Promise<boolean> {
  if (point.position === 0n) return true;
  if (point.position > log.head.position) return false;
  return (await log.uvidAt(point.position)) === point.uvid;
}
