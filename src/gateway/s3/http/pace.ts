/**
 * How fast clients send and take: who is slower than the least that is bearable is cut off (slow-loris). Only the time counts in which
 * the client is who is waited for. One watch for all requests under way, which looks every few seconds.
 */
import type { Clock } from "../../../base/clock.ts";
import { S3Error } from "../errors.ts";
import type { RawBody } from "./raw-body.ts";

const LOOK_MS = 2000;
/** A client that is waited for has so long to send or take something worth mentioning. */
const WINDOW_MS = 20_000;
const BYTES_PER_SECOND_MIN = 256;
/** A reader that takes nothing for so long is gone. */
const WRITE_MS_MAX = 60_000;

export class Pace {
  readonly #body: RawBody;
  readonly #clock: Clock;
  readonly #cut: () => void;
  #window: { readonly atMs: number; readonly bytes: number } | undefined;
  #writingSinceMs: number | undefined;

  constructor(body: RawBody, { clock, cut }: { readonly clock: Clock; readonly cut: () => void }) {
    this.#body = body;
    this.#clock = clock;
    this.#cut = cut;
  }

  writing(isWaiting: boolean): void {
    this.#writingSinceMs = isWaiting ? this.#clock.monotonicMs() : undefined;
  }

  look(nowMs: number): void {
    if (this.#writingSinceMs !== undefined && nowMs - this.#writingSinceMs > WRITE_MS_MAX) this.#cut();
    const { isWaiting, receivedBytes } = this.#body;
    if (!isWaiting) {
      this.#window = undefined;
      return;
    }
    this.#window ??= { atMs: nowMs, bytes: receivedBytes };
    const elapsedMs = nowMs - this.#window.atMs;
    if (elapsedMs < WINDOW_MS) return;
    if ((receivedBytes - this.#window.bytes) * 1000 < elapsedMs * BYTES_PER_SECOND_MIN) {
      this.#body.fail(new S3Error("RequestTimeout"));
    }
    this.#window = undefined;
  }
}

export class PaceWatch {
  readonly #paces = new Set<Pace>();
  readonly #stopping = new AbortController();

  constructor(clock: Clock) {
    void this.#look(clock);
  }

  add(pace: Pace): void {
    this.#paces.add(pace);
  }

  delete(pace: Pace): void {
    this.#paces.delete(pace);
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #look(clock: Clock): Promise<void> {
    const { signal } = this.#stopping;
    for (;;) {
      await clock.sleep(LOOK_MS, signal);
      if (signal.aborted) return;
      const nowMs = clock.monotonicMs();
      for (const pace of this.#paces) pace.look(nowMs);
    }
  }
}
