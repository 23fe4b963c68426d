/**
 * The notifications of the tenant that a service serves: finds the buckets that have some, keeps a delivery for each, and their durable positions in
 * the service's state. Configurations change through actions of this service, which say so, or of others, which are found by looking again.
 */
import { createHash } from "node:crypto";
import { fromUtf8, utf8 } from "../../../base/bytes.ts";
import { EfsError, toEfsError } from "../../../base/errors.ts";
import { Limiter } from "../../../base/limiter.ts";
import {
  type BucketPath,
  formatBucketPath,
  formatTenantPath,
  type ServiceName,
  type TenantPath,
} from "../../../model/names.ts";
import type { S3NotificationStatus } from "../../../model/s3-status.ts";
import type { GatewayContext } from "../../gateway.ts";
import { readConfig } from "../bucket-config.ts";
import { Delivery, type DeliveryState } from "./delivery.ts";
import type { Notification } from "./notification.ts";

const LOOK_MS = 60_000;
const STATE_PREFIX = "notification/";
const POSTS_AT_ONCE = 8;
/** A bound against tenants gone wrong; those beyond are told in the log and wait. */
const DELIVERIES_MAX = 2000;

export interface NotifierSettings {
  /** undefined: nothing is delivered. */
  readonly tenant: TenantPath | undefined;
  readonly region: string;
  readonly webhooks: ReadonlyMap<string, URL>;
}

interface Kept {
  readonly delivery: Delivery;
  /** The notification as text: another one is begun anew where this one was. */
  readonly text: string;
}

export class Notifier {
  readonly #context: GatewayContext;
  readonly #service: ServiceName;
  readonly #stopping = new AbortController();
  /** Bucket path as text to state key to delivery. */
  readonly #deliveries = new Map<string, Map<string, Kept>>();
  readonly #limiters = new Map<string, Limiter>();
  readonly #looking: Promise<void>;
  #settings: NotifierSettings = { tenant: undefined, region: "", webhooks: new Map() };
  #turn: Promise<void> = Promise.resolve();
  #isSwept = false;

  constructor(context: GatewayContext, service: ServiceName) {
    this.#context = context;
    this.#service = service;
    this.#looking = this.#lookNowAndThen();
  }

  /** Takes up the service's settings. */
  configure(settings: NotifierSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    this.#queue(async () => {
      if (startText(before) !== startText(settings)) await this.#stopAll();
      for (const delivery of this.#all()) delivery.wake();
      await this.#look();
    });
  }

  /** The notifications of a bucket changed. */
  changed(bucket: BucketPath): void {
    this.#queue(() => this.#lookAt(bucket));
  }

  /** By bucket. */
  status(): readonly S3NotificationStatus[] {
    return [...this.#all()]
      .map((delivery) => delivery.status())
      .sort((one, other) => (one.bucket < other.bucket ? -1 : one.bucket > other.bucket ? 1 : 0));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#looking;
    await this.#turn;
    await this.#stopAll();
  }

  #all(): readonly Delivery[] {
    return [...this.#deliveries.values()].flatMap((ofBucket) =>
      [...ofBucket.values()].map(({ delivery }) => delivery),
    );
  }

  #queue(step: () => Promise<void>): void {
    this.#turn = this.#turn.then(async () => {
      if (this.#stopping.signal.aborted) return;
      try {
        await step();
      } catch (thrown) {
        const { code, message } = toEfsError(thrown);
        this.#context.log.warn({ code }, `notifications could not be looked at: ${message}`);
      }
    });
  }

  async #lookNowAndThen(): Promise<void> {
    const { signal } = this.#stopping;
    for (;;) {
      await this.#context.clock.sleep(LOOK_MS, signal);
      if (signal.aborted) return;
      this.#queue(() => this.#look());
      await this.#turn;
    }
  }

  async #look(): Promise<void> {
    const { tenant } = this.#settings;
    if (tenant === undefined) return;
    const seen = new Set<string>();
    const { namespace } = this.#context.segment;
    for (let after: string | undefined, isMore = true; isMore && !this.#stopping.signal.aborted; ) {
      const page = await namespace.listBuckets(tenant, { after });
      for (const { name } of page.items) {
        const bucket = { ...tenant, bucket: name };
        seen.add(formatBucketPath(bucket));
        await this.#lookAt(bucket);
      }
      after = page.next;
      isMore = after !== undefined;
    }
    for (const bucket of [...this.#deliveries.keys()]) {
      if (!seen.has(bucket)) await this.#keep(bucket, new Map());
    }
    if (!this.#isSwept && !this.#stopping.signal.aborted) await this.#sweep();
  }

  /** Positions of what went while the service did not run. */
  async #sweep(): Promise<void> {
    const live = new Set([...this.#deliveries.values()].flatMap((ofBucket) => [...ofBucket.keys()]));
    if (live.size >= DELIVERIES_MAX) return;
    for (const { key } of await this.#context.segment.services.listState(this.#service, STATE_PREFIX)) {
      if (!live.has(key)) await this.#forget(key);
    }
    this.#isSwept = true;
  }

  async #lookAt(bucket: BucketPath): Promise<void> {
    const { tenant } = this.#settings;
    if (tenant === undefined || formatTenantPath(tenant) !== formatTenantPath(bucket)) return;
    const notifications = await this.#notificationsOf(bucket);
    const wanted = new Map(notifications.map((notification) => [stateKey(notification), notification]));
    const text = formatBucketPath(bucket);
    await this.#keep(text, wanted);
    for (const [key, notification] of wanted) {
      if (this.#deliveries.get(text)?.has(key) === true) continue;
      if (this.#all().length >= DELIVERIES_MAX) {
        this.#context.log.warn(
          { bucket: text, max: DELIVERIES_MAX },
          "too many notifications: one is not delivered",
        );
        return;
      }
      await this.#begin(bucket, key, notification);
    }
  }

  async #notificationsOf(bucket: BucketPath): Promise<readonly Notification[]> {
    try {
      return (await readConfig(this.#context, bucket, "notification"))?.configurations ?? [];
    } catch (thrown) {
      // An encrypted bucket without its key has nothing that could be told, and must not stand in the way of others.
      const isNone = (code: string) => code === "BUCKET_NOT_FOUND" || code === "UNAVAILABLE";
      if (thrown instanceof EfsError && isNone(thrown.code)) return [];
      throw thrown;
    }
  }

  /** Ends the deliveries of a bucket that are not wanted any more, with their positions. */
  async #keep(bucket: string, wanted: ReadonlyMap<string, Notification>): Promise<void> {
    const ofBucket = this.#deliveries.get(bucket);
    if (ofBucket === undefined) return;
    for (const [key, { delivery, text }] of ofBucket) {
      const now = wanted.get(key);
      if (now !== undefined && JSON.stringify(now) === text) continue;
      ofBucket.delete(key);
      await delivery.stop();
      if (now === undefined) await this.#forget(key);
    }
    if (ofBucket.size === 0) this.#deliveries.delete(bucket);
  }

  async #begin(bucket: BucketPath, key: string, notification: Notification): Promise<void> {
    const { segment, clock, random, log } = this.#context;
    const { services } = segment;
    const stored = await services.getState(this.#service, key);
    const delivery = new Delivery({
      segment,
      clock,
      random,
      log,
      region: this.#settings.region,
      bucket,
      notification,
      start: startOf(notification, stored),
      urlOf: (webhook) => this.#settings.webhooks.get(webhook),
      limiter: this.#limiterOf(notification.webhook),
      write: (state) => services.putState(this.#service, key, stateBytes(state)),
    });
    const text = formatBucketPath(bucket);
    const ofBucket = this.#deliveries.get(text) ?? new Map<string, Kept>();
    ofBucket.set(key, { delivery, text: JSON.stringify(notification) });
    this.#deliveries.set(text, ofBucket);
  }

  #forget(key: string): Promise<void> {
    return this.#context.segment.services.putState(this.#service, key, undefined);
  }

  #limiterOf(webhook: string): Limiter {
    const limiter = this.#limiters.get(webhook) ?? new Limiter(POSTS_AT_ONCE);
    this.#limiters.set(webhook, limiter);
    return limiter;
  }

  async #stopAll(): Promise<void> {
    await Promise.all(this.#all().map((delivery) => delivery.stop()));
    this.#deliveries.clear();
  }
}

/** What deliveries are begun with. */
function startText({ tenant, region }: NotifierSettings): string {
  return JSON.stringify([tenant, region]);
}

/** A notification whose events or filter change goes on where it was; one with another webhook begins anew. */
function stateKey({ logId, id, webhook }: Notification): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([id, webhook]))
    .digest("hex");
  return `${STATE_PREFIX}${logId}/${digest.slice(0, 24)}`;
}

/** The durable position, but never before the one with which the notification was put. */
function startOf({ after }: Notification, stored: Uint8Array | undefined): DeliveryState {
  const first = BigInt(after);
  try {
    const { position, delivered } = JSON.parse(fromUtf8(stored ?? new Uint8Array()) ?? "") as Record<
      string,
      unknown
    >;
    const known = BigInt(String(position));
    const count = typeof delivered === "number" && Number.isSafeInteger(delivered) ? delivered : 0;
    return known > first ? { position: known, delivered: count } : { position: first, delivered: count };
  } catch {
    return { position: first, delivered: 0 };
  }
}

function stateBytes({ position, delivered }: DeliveryState): Uint8Array {
  return utf8(JSON.stringify({ position: String(position), delivered }));
}
