/** Waiting for a condition with a deadline, in place of sleeping. */
import { systemClock } from "../../src/base/clock.ts";

const POLL_MS = 2;

/** Resolves when `isTrue` is; rejects after `waitMs`. */
export async function until(isTrue: () => boolean | Promise<boolean>, waitMs = 10_000): Promise<void> {
  const endMs = systemClock.monotonicMs() + waitMs;
  while (!(await isTrue())) {
    if (systemClock.monotonicMs() > endMs) throw new Error(`not true within ${waitMs} ms: ${isTrue}`);
    await systemClock.sleep(POLL_MS);
  }
}
