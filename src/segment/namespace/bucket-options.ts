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
  VERSIONS_KEPT_MAX,
} from "../../model/limits.ts";
import { escapeName } from "../../model/names.ts";
import { type BucketOptions, type Chunking, DEFAULT_BUCKET_OPTIONS } from "../../model/namespace.ts";

/** The options with defaults for what is not given. @throws BAD_VALUE */
export function checkBucketOptions(options: Partial<BucketOptions> = {}): BucketOptions {
  const versionsKept = options.versionsKept ?? DEFAULT_BUCKET_OPTIONS.versionsKept;
  if (!Number.isInteger(versionsKept) || versionsKept < 1 || versionsKept > VERSIONS_KEPT_MAX) {
    throw new EfsError("BAD_VALUE", `not a number of versions to keep: ${versionsKept}`, {
      hint: `give a number from 1 to ${VERSIONS_KEPT_MAX}`,
    });
  }
  return {
    chunking: checkChunking(options.chunking ?? DEFAULT_BUCKET_OPTIONS.chunking),
    versionsKept,
    custom: checkCustom(options.custom),
  };
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
