/**
 * What gateways keep about a bucket in their own words (policy, CORS …): opaque texts in records of their own, under the bucket's log
 * id, so that they go with it. Held in memory, for a gateway asks at every request.
 */
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import { KeyedMutex } from "../../base/limiter.ts";
import { BUCKET_CONFIG_BYTES_MAX } from "../../model/limits.ts";
import { type BucketPath, escapeName, formatBucketPath } from "../../model/names.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { COMMIT_ATTEMPTS_MAX, type Core, contended } from "../core/core.ts";
import { configKey } from "../keys.ts";
import { BUCKET_CONFIG_KINDS, type BucketConfigKind } from "../namespace.ts";

/** Texts and absences that are held; at the limit all are forgotten. */
const HELD_MAX = 10_000;
/** Of texts held; a few large policies are read again and again rather than held. */
const HELD_BYTES_MAX = 16 * 1024 * 1024;

export class BucketConfigs {
  readonly #core: Core;
  readonly #held = new Map<string, string | undefined>();
  readonly #locks = new KeyedMutex();
  #heldBytes = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** undefined: not configured. @throws BUCKET_NOT_FOUND, BAD_VALUE (kind) */
  async get(path: BucketPath, kind: BucketConfigKind): Promise<string | undefined> {
    const bucket = this.#core.buckets.held(path) ?? (await this.#core.buckets.open(path));
    const id = idOf(bucket, kind);
    if (this.#held.has(id)) return this.#held.get(id);
    return this.#locks.run(id, async () => {
      if (this.#held.has(id)) return this.#held.get(id);
      const bytes = await this.#core.records.get(configKey(bucket.keys, kind));
      const text = bytes === undefined ? undefined : fromUtf8(bytes);
      if (bytes !== undefined && text === undefined) {
        throw new EfsError("RECORD_CORRUPT", `the ${kind} of bucket ${formatBucketPath(path)} is not UTF-8`);
      }
      this.#hold(id, text);
      return text;
    });
  }

  /** undefined removes it. Durable and visible when resolved. @throws BUCKET_NOT_FOUND, BAD_VALUE, LIMIT, NO_SPACE, READ_ONLY */
  async put(path: BucketPath, kind: BucketConfigKind, text: string | undefined): Promise<void> {
    const value = text === undefined ? undefined : utf8(text);
    if (value !== undefined && value.length > BUCKET_CONFIG_BYTES_MAX) {
      throw new EfsError(
        "LIMIT",
        `the ${kind} of a bucket is ${value.length} bytes, the limit is ${BUCKET_CONFIG_BYTES_MAX}`,
      );
    }
    if (value !== undefined) await this.#core.guard.admit(value.length);
    for (let attempt = 0; attempt < COMMIT_ATTEMPTS_MAX; attempt += 1) {
      const bucket = await this.#core.buckets.open(path);
      const id = idOf(bucket, kind);
      const isWritten = await this.#locks.run(id, async () => {
        // Whatever becomes of the commit, what is held is read anew after it.
        this.#forget(id);
        const key = configKey(bucket.keys, kind);
        const outcome = await this.#core.guard.commit({ checks: [bucket.check], writes: [{ key, value }] });
        return outcome.isCommitted;
      });
      if (isWritten) return;
      this.#core.buckets.forget(path);
    }
    throw contended(`bucket ${formatBucketPath(path)}`);
  }

  #hold(id: string, text: string | undefined): void {
    if (this.#held.size >= HELD_MAX || this.#heldBytes > HELD_BYTES_MAX) {
      this.#held.clear();
      this.#heldBytes = 0;
    }
    this.#held.set(id, text);
    this.#heldBytes += text?.length ?? 0;
  }

  #forget(id: string): void {
    this.#heldBytes -= this.#held.get(id)?.length ?? 0;
    this.#held.delete(id);
  }
}

function idOf(bucket: OpenBucket, kind: BucketConfigKind): string {
  if (!BUCKET_CONFIG_KINDS.includes(kind)) {
    throw new EfsError("BAD_VALUE", `not a configuration of a bucket: ${escapeName(String(kind))}`);
  }
  return `${bucket.record.logId}/${kind}`;
}
