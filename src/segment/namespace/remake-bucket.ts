/**
 * Changing whether a bucket is encrypted. All that a bucket holds is sealed or nothing is, so an empty bucket is made anew in one commit: another
 * log id, with a key or without, the same options and configurations. What the former one left is dropped.
 */

import { EfsError } from "../../base/errors.ts";
import type { Check, Write } from "../../engine/meta-store.ts";
import { logRecordKey } from "../../engine/meta-store.ts";
import { logIdOf } from "../../model/ids.ts";
import { formatBucketPath } from "../../model/names.ts";
import type { BucketOptions, BucketRecord } from "../../model/namespace.ts";
import { encodeBucketRecord } from "../../model/namespace-record.ts";
import type { OpenBucket } from "../core/buckets.ts";
import type { Core } from "../core/core.ts";
import { bucketKeys, configKey, openUploadsPrefix, rangeOf } from "../keys.ts";
import { BUCKET_CONFIG_KINDS } from "../namespace.ts";
import { withVault } from "../vault/vaults.ts";
import { absent } from "./containers.ts";
import { DROP_MARK, type Dropper, requireEmpty } from "./delete-bucket.ts";
import { notServed } from "./served.ts";

const LOG_ID_BYTES = 8;

/** undefined: something was written meanwhile. @throws NOT_EMPTY, CONFLICT (it has notifications), IN_USE (a link serves it), UNAVAILABLE (no segment key) */
export async function remakeBucket(
  core: Core,
  dropper: Dropper,
  bucket: OpenBucket,
  options: BucketOptions,
): Promise<BucketRecord | undefined> {
  const { path, keys } = bucket;
  const notInUse = await notServed(core, path);
  // Whatever puts something into the bucket writes the next entry of its log.
  const head = await core.records.lastPosition(keys.log);
  await requireEmpty(core, path, keys);
  await requireNoUploads(core, bucket);
  const record: BucketRecord = { ...bucket.record, logId: logIdOf(core.random.bytes(LOG_ID_BYTES)), options };
  // A notification says from where in the log it is told.
  if ((await core.records.get(configKey(keys, "notification"))) !== undefined) {
    throw new EfsError(
      "CONFLICT",
      `bucket ${formatBucketPath(path)} has notifications, which are bound to its log`,
      {
        hint: "remove them, and put them again when its encryption is changed",
      },
    );
  }
  const configs = await configsFor(core, bucket, record);
  return withVault(core, record, async (vaultWrites) => {
    const outcome = await core.guard.commit({
      checks: [bucket.check, notInUse, absent(logRecordKey(keys.log, head + 1n)), ...configs.checks],
      writes: [
        { key: bucket.key, value: encodeBucketRecord(record) },
        ...vaultWrites,
        ...configs.writes,
        { key: keys.drop, value: DROP_MARK },
        { key: keys.objectCount, value: undefined },
        { key: keys.sizeBytes, value: undefined },
        { key: keys.versionCount, value: undefined },
      ],
    });
    core.buckets.forget(path);
    if (!outcome.isCommitted) return undefined;
    dropper.drop(keys);
    return record;
  });
}

async function configsFor(
  core: Core,
  bucket: OpenBucket,
  record: BucketRecord,
): Promise<{ readonly checks: readonly Check[]; readonly writes: readonly Write[] }> {
  const before = BUCKET_CONFIG_KINDS.map((kind) => configKey(bucket.keys, kind));
  const values = await core.records.getMany(before);
  const keys = bucketKeys(record.logId);
  const writes = BUCKET_CONFIG_KINDS.map((kind, index) => ({
    key: configKey(keys, kind),
    value: values[index],
  }));
  return {
    checks: before.map((key, index) => ({ key, expected: values[index] })),
    writes: writes.filter(({ value }) => value !== undefined),
  };
}

async function requireNoUploads(core: Core, { path, keys }: OpenBucket): Promise<void> {
  const page = await core.records.scan({ ...rangeOf(openUploadsPrefix(keys)), limit: 1 });
  if (page.records.length === 0) return;
  throw new EfsError("NOT_EMPTY", `bucket ${formatBucketPath(path)} has an open upload`, {
    hint: "complete or abort it first",
  });
}
