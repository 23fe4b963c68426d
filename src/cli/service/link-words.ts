/** Words of link states: which of them are faults, and what mends each. */
import type { LinkState } from "../../model/link-status.ts";

const FAULTS: ReadonlySet<string> = new Set<LinkState>([
  "no answer",
  "refused",
  "same segment",
  "cloned segment",
  "wrong key",
  "directions do not pair",
  "path refused",
  "protocol version",
  "clocks apart",
  "error",
]);

/** True when the link does not work and somebody should look. */
export function isFault(state: string): boolean {
  return FAULTS.has(state);
}
