/**
 * Deleting a bucket. Its record is moved aside first, so that no write can come under it any more; then the count of objects is
 * final, and either the record moves back (NOT_EMPTY) or the bucket is gone and its records are dropped in the background.
 * A crash in between is decided the same way by `recoverDeletions` at the next start.
 */
import { byteText } from "../../base/byte-text.ts";
import { concat } from "../../base/bytes.ts";
import { EfsError, toEfsError } from "../../base/errors.ts";
import type { Check } from "../../engine/meta-store.ts";
import { type BucketPath, formatBucketPath, parseBucketPath } from "../../model/names.ts";
import type { BucketRecord } from "../../model/namespace.ts";
import { decodeBucketRecord } from "../../model/namespace-record.ts";
import { bucketNotFound } from "../core/buckets.ts";
import { type Core, counterOf, scanAll } from "../core/core.ts";
import {
  type BucketKeys,
  bucketKey,
  bucketKeys,
  bucketKeysOf,
  CLOSING_PREFIX,
  closingKey,
  DROP_PREFIX,
  rangeOf,
  tenantFenceKey,
  textBehind,
  VAULT_PREFIX,
} from "../keys.ts";
import { absent, newFence } from "./containers.ts";
import { notServed } from "./served.ts";

const DROP_RECORDS_MAX = 500;
export const DROP_MARK = Uint8Array.of(1);

/** Drops the records of deleted buckets, one bucket after the other, behind everyone's back. */
export class Dropper {
  readonly #core: Core;
  #tail: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Queues a bucket whose drop mark is durable. */
  drop(keys: BucketKeys): void {
    this.#tail = this.#tail
      .then(() => this.#drop(keys))
      .catch((thrown: unknown) => {
        const { code, message } = toEfsError(thrown);
        this.#core.log.warn({ code, message }, "dropping a deleted bucket goes on at the next start");
      });
  }

  /** Resolves when all that was queued is dropped. */
  async idle(): Promise<void> {
    await this.#tail;
  }

  /** Ends after the batch under way; what is left goes on at the next start. */
  async close(): Promise<void> {
    this.#isStopped = true;
    await this.#tail;
  }

  async #drop(keys: BucketKeys): Promise<void> {
    const mark: Check = { key: keys.drop, expected: DROP_MARK };
    for (const prefix of prefixesOf(keys)) {
      for (;;) {
        if (this.#isStopped) return;
        const page = await this.#core.restingRecords.scan({ ...rangeOf(prefix), limit: DROP_RECORDS_MAX });
        if (page.records.length === 0) break;
        const writes = page.records.map(({ key }) => ({ key, value: undefined }));
        await this.#core.guard.commit({ checks: [mark], writes });
      }
    }
    const logId = keys.drop.subarray(DROP_PREFIX.length);
    await this.#core.guard.commit({
      checks: [mark],
      writes: [
        { key: concat([VAULT_PREFIX, logId]), value: undefined },
        { key: keys.drop, value: undefined },
      ],
    });
    this.#core.vaults.forget(byteText(logId));
  }
}

/** Of everything that a bucket has besides its counters. */
function prefixesOf(keys: BucketKeys): readonly Uint8Array[] {
  const { objects, ended, older, expunged, annotations, uploads, parts, configs, log } = keys;
  return [objects, ended, older, expunged, annotations, uploads, parts, configs, log];
}

export async function deleteBucket(core: Core, dropper: Dropper, path: BucketPath): Promise<void> {
  core.guard.assertNotReadOnly();
  await core.buckets.locks.run(formatBucketPath(path), async () => {
    const bucket = await core.buckets.find(path);
    const bytes = bucket?.check.expected;
    if (bucket === undefined || bytes === undefined) throw bucketNotFound(path);
    const notInUse = await notServed(core, path);
    await requireDeletable(core, path, bucket.record);
    const moved = await core.guard.commit({
      checks: [bucket.check, absent(closingKey(path)), notInUse],
      writes: [
        { key: bucketKey(path), value: undefined },
        { key: closingKey(path), value: bytes },
      ],
    });
    core.buckets.forget(path);
    if (!moved.isCommitted) {
      throw new EfsError("BUSY", `bucket ${formatBucketPath(path)} or its services are being changed`, {
        hint: "try again",
      });
    }
    await decide(core, dropper, path, bytes);
  });
}

/** Finishes what a crash interrupted. To be called once, before anything else writes. */
export async function recoverDeletions(core: Core, dropper: Dropper): Promise<void> {
  for await (const { key, value } of scanAll(core.records, rangeOf(CLOSING_PREFIX))) {
    try {
      await decide(core, dropper, parseBucketPath(textBehind(CLOSING_PREFIX, key)), value);
    } catch (thrown) {
      if (!(thrown instanceof EfsError && thrown.code === "NOT_EMPTY")) throw thrown;
    }
  }
  for await (const { key } of scanAll(core.records, rangeOf(DROP_PREFIX))) {
    dropper.drop(bucketKeysOf(key.slice(DROP_PREFIX.length)));
  }
}

/** No write can come under the bucket now: its count of objects is final. */
async function decide(core: Core, dropper: Dropper, path: BucketPath, bytes: Uint8Array): Promise<void> {
  const record = decodeBucketRecord(bytes);
  const keys = bucketKeys(record.logId);
  const isClosing: Check = { key: closingKey(path), expected: bytes };
  const endClosing = { key: closingKey(path), value: undefined };
  try {
    await requireDeletable(core, path, record);
  } catch (thrown) {
    await core.guard.commit({
      checks: [isClosing, absent(bucketKey(path))],
      writes: [{ key: bucketKey(path), value: bytes }, endClosing, newFence(core, tenantFenceKey(path))],
    });
    core.buckets.forget(path);
    throw thrown;
  }
  await core.guard.commit({
    checks: [isClosing],
    writes: [
      endClosing,
      { key: keys.drop, value: DROP_MARK },
      { key: keys.objectCount, value: undefined },
      { key: keys.sizeBytes, value: undefined },
      { key: keys.versionCount, value: undefined },
    ],
  });
  dropper.drop(keys);
}

/** Nothing can be deleted from an encrypted bucket whose key was given up, so it goes as it is, unless it is locked. @throws NOT_EMPTY */
async function requireDeletable(core: Core, path: BucketPath, record: BucketRecord): Promise<void> {
  if (record.options.lock === undefined && core.vaults.isLost(record.logId)) return;
  await requireEmpty(core, path, bucketKeys(record.logId));
}

/** @throws NOT_EMPTY */
export async function requireEmpty(core: Core, path: BucketPath, keys: BucketKeys): Promise<void> {
  const values = await core.records.getMany([keys.objectCount, keys.versionCount]);
  const [objectCount = 0, versionCount = 0] = values.map(counterOf);
  if (objectCount === 0 && versionCount === 0) return;
  const text = formatBucketPath(path);
  const [count, word] = objectCount > 0 ? [objectCount, "object"] : [versionCount, "version"];
  throw new EfsError("NOT_EMPTY", `bucket ${text} has ${count} ${word}${count === 1 ? "" : "s"}`, {
    hint:
      objectCount > 0
        ? `delete its objects first (efscli object list ${text})`
        : `remove its versions first (efscli object versions ${text})`,
  });
}
