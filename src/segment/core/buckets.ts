/**
 * Buckets in use: their records and keys, read once and kept while they are used. A commit under a bucket checks the
 * record that is held here, so a stale one can harm nothing: the check fails, `forget` is called, and the writer reads anew.
 */
import { EfsError } from "../../base/errors.ts";
import { KeyedMutex } from "../../base/limiter.ts";
import type { Check, MetaStore, RecordKey } from "../../engine/meta-store.ts";
import { type BucketPath, formatBucketPath } from "../../model/names.ts";
import type { BucketRecord } from "../../model/namespace.ts";
import { decodeBucketRecord } from "../../model/namespace-record.ts";
import { type BucketKeys, bucketKey, bucketKeys } from "../keys.ts";

const HELD_MAX = 10_000;

export interface OpenBucket {
  readonly path: BucketPath;
  readonly record: BucketRecord;
  readonly key: RecordKey;
  readonly keys: BucketKeys;
  /** Holds while the bucket is there and unchanged; a part of every batch that writes under it. */
  readonly check: Check;
}

export class Buckets {
  readonly #records: MetaStore;
  readonly #held = new Map<string, OpenBucket>();
  /** One making or deletion at a time for each bucket, by path. */
  readonly locks = new KeyedMutex();
  #forgotten = 0;

  constructor(records: MetaStore) {
    this.#records = records;
  }

  /** The bucket when it is held already; saves the hot path a turn of the event loop. */
  held(path: BucketPath): OpenBucket | undefined {
    return this.#held.get(formatBucketPath(path));
  }

  /** @throws BUCKET_NOT_FOUND */
  async open(path: BucketPath): Promise<OpenBucket> {
    const found = this.held(path) ?? (await this.find(path));
    if (found !== undefined) return found;
    // A deletion that is not yet decided may put the bucket back.
    const bucket = await this.locks.run(formatBucketPath(path), () => this.find(path));
    if (bucket === undefined) throw bucketNotFound(path);
    return bucket;
  }

  async find(path: BucketPath): Promise<OpenBucket | undefined> {
    const key = bucketKey(path);
    const forgotten = this.#forgotten;
    const bytes = await this.#records.get(key);
    if (bytes === undefined) return undefined;
    const record = decodeBucketRecord(bytes);
    const check = { key, expected: bytes };
    const bucket = { path, record, key, keys: bucketKeys(record.logId), check };
    if (this.#held.size >= HELD_MAX) this.#held.clear();
    // What was read before a deletion took effect must not be held after it.
    if (forgotten === this.#forgotten) this.#held.set(formatBucketPath(path), bucket);
    return bucket;
  }

  forget(path: BucketPath): void {
    this.#forgotten += 1;
    this.#held.delete(formatBucketPath(path));
  }
}

export function bucketNotFound(path: BucketPath): EfsError {
  const text = formatBucketPath(path);
  return new EfsError("BUCKET_NOT_FOUND", `no bucket ${text}`, {
    hint: `efscli bucket create ${text}`,
    details: { bucket: text },
  });
}
