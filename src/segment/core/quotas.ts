/**
 * The quotas of buckets, exact whatever is under way: a change that adds objects or bytes waits for room until it is sure that
 * nothing else takes it. The counters of the engine are the truth; what is being committed is added to them here. A change that
 * frees room is counted when it is durable, not before.
 */
import { EfsError } from "../../base/errors.ts";
import type { MetaStore } from "../../engine/meta-store.ts";
import { formatBucketPath } from "../../model/names.ts";
import type { OpenBucket } from "./buckets.ts";
import { counterOf } from "./core.ts";

interface Amount {
  readonly objects: number;
  readonly bytes: number;
}

/** What is under way in one bucket. */
interface Pending {
  objects: number;
  bytes: number;
  /** All that was ever added while this entry stands. */
  addedObjects: number;
  addedBytes: number;
  waiters: Array<() => void>;
}

export class Quotas {
  readonly #records: MetaStore;
  readonly #pending = new Map<string, Pending>();

  constructor(records: MetaStore) {
    this.#records = records;
  }

  /**
   * To be awaited before a commit under a bucket; undefined (nothing to wait for) where there is no quota or nothing is added.
   * Resolves to the function to call when the commit has settled. @throws QUOTA
   */
  admit(bucket: OpenBucket, delta: Amount): Promise<() => void> | undefined {
    const { quotaBytes, quotaObjects } = bucket.record.options;
    const added = {
      objects: quotaObjects === undefined ? 0 : Math.max(0, delta.objects),
      bytes: quotaBytes === undefined ? 0 : Math.max(0, delta.bytes),
    };
    if (added.objects === 0 && added.bytes === 0) return undefined;
    return this.#admit(bucket, added);
  }

  async #admit(bucket: OpenBucket, added: Amount): Promise<() => void> {
    const { logId } = bucket.record;
    for (;;) {
      const pending = this.#pendingOf(logId);
      // Whatever settles while the counters are read may be missing in them, so it goes on counting as under way.
      const before = { ...pending };
      const used = await this.#used(bucket);
      requireRoom(bucket, used, added);
      const underWay = {
        objects: before.objects + pending.addedObjects - before.addedObjects,
        bytes: before.bytes + pending.addedBytes - before.addedBytes,
      };
      if (isWithin(bucket, sum(used, underWay), added)) return this.#take(pending, added);
      if (pending.objects > 0 || pending.bytes > 0) {
        await new Promise<void>((resolve) => pending.waiters.push(resolve));
      }
    }
  }

  #pendingOf(logId: string): Pending {
    const found = this.#pending.get(logId);
    if (found !== undefined) return found;
    const pending = { objects: 0, bytes: 0, addedObjects: 0, addedBytes: 0, waiters: [] };
    this.#pending.set(logId, pending);
    return pending;
  }

  #take(pending: Pending, added: Amount): () => void {
    pending.objects += added.objects;
    pending.bytes += added.bytes;
    pending.addedObjects += added.objects;
    pending.addedBytes += added.bytes;
    return () => {
      pending.objects -= added.objects;
      pending.bytes -= added.bytes;
      for (const wake of pending.waiters.splice(0)) wake();
    };
  }

  async #used(bucket: OpenBucket): Promise<Amount> {
    const { objectCount, sizeBytes } = bucket.keys;
    const [objects, bytes] = await this.#records.getMany([objectCount, sizeBytes]);
    return { objects: counterOf(objects), bytes: counterOf(bytes) };
  }

  /** Before a body is taken whose size is known: tells early what the commit would. @throws QUOTA */
  async requireRoom(bucket: OpenBucket, delta: Amount): Promise<void> {
    const { quotaBytes, quotaObjects } = bucket.record.options;
    if (quotaBytes === undefined && quotaObjects === undefined) return;
    requireRoom(bucket, await this.#used(bucket), delta);
  }
}

function sum(left: Amount, right: Amount): Amount {
  return { objects: left.objects + right.objects, bytes: left.bytes + right.bytes };
}

function isWithin(bucket: OpenBucket, used: Amount, added: Amount): boolean {
  return excess(bucket, used, added) === undefined;
}

function excess(bucket: OpenBucket, used: Amount, added: Amount): string | undefined {
  const { quotaBytes, quotaObjects } = bucket.record.options;
  if (quotaObjects !== undefined && added.objects > 0 && used.objects + added.objects > quotaObjects) {
    return `${quotaObjects} objects`;
  }
  if (quotaBytes !== undefined && added.bytes > 0 && used.bytes + added.bytes > quotaBytes) {
    return `${quotaBytes} bytes`;
  }
  return undefined;
}

function requireRoom(bucket: OpenBucket, used: Amount, added: Amount): void {
  const over = excess(bucket, used, added);
  if (over === undefined) return;
  const text = formatBucketPath(bucket.path);
  throw new EfsError("QUOTA", `bucket ${text} would grow past its quota of ${over}`, {
    hint: `delete objects, or efscli bucket set ${text} --quota SIZE`,
    details: { bucket: text, objects: used.objects, sizeBytes: used.bytes },
  });
}
