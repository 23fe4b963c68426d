/** Time, passed in. The only home of Date.now and of timers that wait. */

export interface Clock {
  /** Milliseconds since the Unix epoch by the wall clock; may step backwards. */
  wallMs(): number;
  /** Milliseconds from an arbitrary start; never steps backwards. */
  monotonicMs(): number;
  /** Resolves after `delayMs`, or at once when `signal` aborts (it does not reject). */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (delayMs, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const finish = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", finish);
        resolve();
      };
      const timer = setTimeout(finish, delayMs);
      signal?.addEventListener("abort", finish, { once: true });
    }),
};

/** RFC 3339 in UTC with milliseconds. */
export function rfc3339(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
