/**
 * One notification of one bucket: reads the log behind its position, posts what it asks for, and takes the position forward when the webhook has
 * acknowledged. At least once and in order: a batch that was not acknowledged is posted again until it is. Holds one batch at most, and only while it
 * is its turn; the rest waits in the log.
 */
import { utf8 } from "../../../base/bytes.ts";
import type { Clock } from "../../../base/clock.ts";
import { EfsError, toEfsError } from "../../../base/errors.ts";
import type { Limiter } from "../../../base/limiter.ts";
import type { Log } from "../../../base/log.ts";
import type { Random } from "../../../base/random.ts";
import { backoffMs } from "../../../base/retry.ts";
import { type BucketPath, formatBucketPath } from "../../../model/names.ts";
import type { S3NotificationStatus } from "../../../model/s3-status.ts";
import type { Segment } from "../../../segment/segment.ts";
import { eventRecords, mayTell } from "./event-records.ts";
import type { Notification } from "./notification.ts";
import { postEvents } from "./webhook.ts";

/** Entries read at once: as many as a post takes, more where nobody asked for those before. */
const PAGE_ENTRIES = 100;
const SPARSE_PAGE_ENTRIES = 1000;
const POST_RECORDS_MAX = 100;
const POLL_MS = 15_000;
const BACKOFF = { firstMs: 1000, maxMs: 60_000 };
/** How far it may go on over entries that nobody asked for without writing that down. */
const UNWRITTEN_ENTRIES_MAX = 10_000n;

/** What is durable of a delivery. */
export interface DeliveryState {
  readonly position: bigint;
  readonly delivered: number;
}

export interface DeliveryParts {
  readonly segment: Segment;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly region: string;
  readonly bucket: BucketPath;
  readonly notification: Notification;
  readonly start: DeliveryState;
  /** The URL as the service has it now. */
  readonly urlOf: (webhook: string) => URL | undefined;
  /** Posts to this webhook at once. */
  readonly limiter: Limiter;
  readonly write: (state: DeliveryState) => Promise<void>;
}

export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  readonly #unwatch: () => void;
  #position: bigint;
  #written: bigint;
  #delivered: number;
  #backlog = 0;
  #failures = 0;
  #lastError: S3NotificationStatus["lastError"];
  #sleeping: AbortController | undefined;
  #isHinted = false;
  #isSparse = false;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    const { segment, bucket, start } = parts;
    this.#position = start.position;
    this.#written = start.position;
    this.#delivered = start.delivered;
    this.#unwatch = segment.replication.watchLog(bucket, () => {
      this.#isHinted = true;
      // A webhook that is down is asked by the clock, not by every write.
      if (this.#failures === 0) this.#sleeping?.abort();
    });
    this.#running = this.#run();
  }

  status(): S3NotificationStatus {
    const { bucket, notification } = this.#parts;
    return {
      bucket: bucket.bucket,
      id: notification.id,
      webhook: notification.webhook,
      state: this.#failures > 0 ? "failing" : "delivering",
      delivered: this.#delivered,
      backlog: this.#backlog,
      lastError: this.#lastError,
    };
  }

  /** The service's settings changed: a webhook that failed is tried at once. */
  wake(): void {
    this.#isHinted = true;
    this.#sleeping?.abort();
  }

  /** Ends after the post under way was cut; it is posted again at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#sleeping?.abort();
    this.#unwatch();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#isHinted = false;
      try {
        const isMore = await this.#step();
        this.#failures = 0;
        if (!isMore && !this.#isHinted) await this.#sleep(POLL_MS);
      } catch (thrown) {
        if (!signal.aborted) await this.#failed(toEfsError(thrown));
      }
    }
    if (this.#position > this.#written) await this.#write().catch(() => undefined);
  }

  /** Takes the position forward; false: there is nothing behind it. */
  async #step(): Promise<boolean> {
    const { segment, bucket, notification, limiter } = this.#parts;
    const head = await segment.replication.logHead(bucket);
    // A bucket of the same name that is another one has notifications of its own.
    if (head.logId !== notification.logId) throw new EfsError("BUCKET_NOT_FOUND", "the bucket was made anew");
    this.#backlog = Number(head.position - this.#position);
    if (this.#backlog <= 0) return false;
    await limiter.run(async () => {
      if (!this.#stopping.signal.aborted) await this.#deliver();
    });
    this.#backlog = Math.max(0, Number(head.position - this.#position));
    return true;
  }

  async #deliver(): Promise<void> {
    const { segment, bucket, notification, region, clock } = this.#parts;
    const limit = this.#isSparse ? SPARSE_PAGE_ENTRIES : PAGE_ENTRIES;
    const page = await segment.replication.readLog(bucket, this.#position, limit);
    const asked = page.filter((entry) => mayTell(notification, entry));
    this.#isSparse = asked.length === 0;
    const batch = asked.slice(0, POST_RECORDS_MAX);
    const last = asked.length > batch.length ? batch.at(-1) : page.at(-1);
    if (last === undefined) return;
    const records =
      batch.length === 0 ? [] : await eventRecords({ segment, bucket, region }, notification, batch);
    if (records.length > 0) {
      const url = this.#parts.urlOf(notification.webhook);
      if (url === undefined) {
        throw new EfsError(
          "SERVICE_INCOMPLETE",
          `X-Webhook-${notification.webhook} of the service is not set`,
        );
      }
      await postEvents(url, utf8(JSON.stringify({ Records: records })), {
        clock,
        signal: this.#stopping.signal,
      });
      this.#delivered += records.length;
    }
    this.#position = last.position;
    if (records.length > 0 || this.#position - this.#written >= UNWRITTEN_ENTRIES_MAX) await this.#write();
  }

  async #write(): Promise<void> {
    const position = this.#position;
    await this.#parts.write({ position, delivered: this.#delivered });
    this.#written = position;
  }

  async #failed(error: EfsError): Promise<void> {
    const { clock, log, random, bucket, notification } = this.#parts;
    const { code, message } = error;
    this.#lastError = { code, message, atMs: clock.wallMs() };
    // A bucket that went has nothing left to tell; the notifier ends this delivery when it looks again.
    if (this.#failures === 0 && code !== "BUCKET_NOT_FOUND") {
      const facts = { bucket: formatBucketPath(bucket), notification: notification.id, code };
      log.warn(facts, `events wait to be delivered: ${message}`);
    }
    this.#failures += 1;
    await this.#sleep(backoffMs(BACKOFF, this.#failures - 1, random));
  }

  async #sleep(delayMs: number): Promise<void> {
    const sleeping = new AbortController();
    this.#sleeping = sleeping;
    if (!this.#stopping.signal.aborted) await this.#parts.clock.sleep(delayMs, sleeping.signal);
    this.#sleeping = undefined;
  }
}
