/** Counters that are kept in memory are written down now and then, until their gateway stops. */
import type { Clock } from "../base/clock.ts";
import { toEfsError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";

export interface CounterWriterOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly everyMs: number;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** What it throws is logged, and tried again the next time. */
  readonly write: () => Promise<void>;
}

export async function writeNowAndThen(options: CounterWriterOptions): Promise<void> {
  const { clock, log, everyMs, signal, write } = options;
  for (;;) {
    await clock.sleep(everyMs, signal);
    if (signal.aborted) return;
    try {
      await write();
    } catch (thrown) {
      log.warn({ error: toEfsError(thrown).message }, "counters could not be written down");
    }
  }
}
