/** Checks the options of buckets and the free keys of an admin before they are stored. */
import { utf8 } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import { isWellFormed } from "../../base/unicode.ts";
import {
  FIXED_CHUNK_BYTES_MAX,
  FIXED_CHUNK_BYTES_MIN,
  METADATA_ENTRIES_MAX,
  METADATA_KEY_BYTES_MAX,
  METADATA_VALUE_BYTES_MAX,
  RETENTION_DAYS_MAX,
  VERSIONS_KEPT_MAX,
} from "../../model/limits.ts";
import { escapeName } from "../../model/names.ts";
import {
  type BucketLock,
  type BucketOptions,
  type Chunking,
  DEFAULT_BUCKET_OPTIONS,
  type Encryption,
  type Versioning,
} from "../../model/namespace.ts";

const VERSIONINGS: ReadonlySet<string> = new Set<Versioning>(["off", "enabled", "suspended"]);

/**
 * The options with defaults for what is not given. A lock makes a new bucket's versioning enabled.
 * @throws BAD_VALUE, LIMIT, CONFLICT (a lock with versioning that is asked to be something else)
 */
export function checkBucketOptions(options: Partial<BucketOptions> = {}): BucketOptions {
  const lock = checkLock(options.lock);
  const { versioning = lock === undefined ? DEFAULT_BUCKET_OPTIONS.versioning : "enabled" } = options;
  if (!VERSIONINGS.has(versioning)) {
    throw new EfsError("BAD_VALUE", `not a word for versioning: ${escapeName(String(versioning))}`, {
      hint: "give off, enabled or suspended",
    });
  }
  if (lock !== undefined && versioning !== "enabled") {
    throw new EfsError("CONFLICT", `object lock needs versioning enabled, not ${versioning}`);
  }
  return {
    chunking: checkChunking(options.chunking ?? DEFAULT_BUCKET_OPTIONS.chunking),
    versionsKept: checkVersionsKept(options.versionsKept ?? DEFAULT_BUCKET_OPTIONS.versionsKept),
    versioning,
    lock,
    encryption: checkEncryption(options.encryption ?? DEFAULT_BUCKET_OPTIONS.encryption),
    quotaBytes: checkQuota(options.quotaBytes, "bytes"),
    quotaObjects: checkQuota(options.quotaObjects, "objects"),
    custom: checkCustom(options.custom),
  };
}

/** The options of a bucket after a change. @throws as checkBucketOptions; CONFLICT for what can not be taken back */
export function checkOptionsChange(
  before: BucketOptions,
  change: Partial<Omit<BucketOptions, "chunking">>,
): BucketOptions {
  // A key that is there with undefined takes a quota away.
  const after = checkBucketOptions({ ...before, ...change, chunking: before.chunking });
  if (before.versioning !== "off" && after.versioning === "off") {
    throw new EfsError("CONFLICT", "versioning that was enabled once is never off again", {
      hint: "suspend it",
    });
  }
  if (before.lock !== undefined && after.lock === undefined) {
    throw new EfsError("CONFLICT", "the object lock of a bucket is never taken away");
  }
  return after;
}

function checkEncryption(encryption: Encryption): Encryption {
  if (encryption === "none" || encryption === "aes256") return encryption;
  throw new EfsError("BAD_VALUE", `not a word for encryption: ${escapeName(String(encryption))}`, {
    hint: "give none or aes256",
  });
}

function checkVersionsKept(versionsKept: number): number {
  if (Number.isInteger(versionsKept) && versionsKept >= 1 && versionsKept <= VERSIONS_KEPT_MAX) {
    return versionsKept;
  }
  throw new EfsError("BAD_VALUE", `not a number of versions to keep: ${versionsKept}`, {
    hint: `give a number from 1 to ${VERSIONS_KEPT_MAX}`,
  });
}

function checkLock(lock: BucketLock | undefined): BucketLock | undefined {
  if (lock?.default === undefined) return lock === undefined ? undefined : { default: undefined };
  const { mode, days } = lock.default;
  const isSound =
    (mode === "governance" || mode === "compliance") &&
    Number.isInteger(days) &&
    days >= 1 &&
    days <= RETENTION_DAYS_MAX;
  if (isSound) return { default: { mode, days } };
  throw new EfsError("BAD_VALUE", `not a retention of a bucket: ${escapeName(String(mode))}, ${days} days`, {
    hint: `give governance or compliance, and 1 to ${RETENTION_DAYS_MAX} days`,
  });
}

function checkQuota(quota: number | undefined, word: string): number | undefined {
  if (quota === undefined || (Number.isSafeInteger(quota) && quota >= 0)) return quota;
  throw new EfsError("BAD_VALUE", `not a quota of ${word}: ${quota}`, {
    hint: "give a whole number, 0 or more",
  });
}

/** @throws BAD_VALUE, LIMIT */
export function checkCustom(
  custom: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  if (custom === undefined) return {};
  const entries = Object.entries(custom);
  if (entries.length > METADATA_ENTRIES_MAX) {
    throw new EfsError("LIMIT", `${entries.length} custom keys, the limit is ${METADATA_ENTRIES_MAX}`);
  }
  for (const [key, value] of entries) {
    if (!/^[\x21-\x7e]+$/.test(key) || !isWellFormed(value)) {
      throw new EfsError("BAD_VALUE", `not a custom key with its value: "${escapeName(key.slice(0, 80))}"`);
    }
    if (key.length > METADATA_KEY_BYTES_MAX || utf8(value).length > METADATA_VALUE_BYTES_MAX) {
      throw new EfsError("LIMIT", `the custom key "${key.slice(0, 80)}" or its value is too long`);
    }
  }
  return custom;
}

function checkChunking(chunking: Chunking): Chunking {
  if (chunking.kind === "content") return chunking;
  const { chunkBytes } = chunking;
  const isInRange = chunkBytes >= FIXED_CHUNK_BYTES_MIN && chunkBytes <= FIXED_CHUNK_BYTES_MAX;
  if (Number.isInteger(Math.log2(chunkBytes)) && isInRange) return chunking;
  throw new EfsError("BAD_VALUE", `not a chunk size: ${chunkBytes}`, {
    hint: "give a power of two from 8K to 1M",
  });
}
