/** Waiting times between attempts: exponential with full spread, bounded. */
import type { Random } from "./random.ts";

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** The wait before attempt `attempt` (0 is the first retry), between half and the whole of the exponential step. */
export function backoffMs(options: BackoffOptions, attempt: number, random: Random): number {
  const step = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(step / 2 + (step / 2) * random.fraction());
}
