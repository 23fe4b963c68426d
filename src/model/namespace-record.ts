/** The bytes of what is kept of buckets and containers (clusters, tenants). FORMAT.md "Bucket", "Container". */
import { assert } from "../base/assert.ts";
import { ByteReader, ByteWriter } from "../base/cursor.ts";
import { idBytes, logIdOf } from "./ids.ts";
import {
  FIXED_CHUNK_BYTES_MAX,
  FIXED_CHUNK_BYTES_MIN,
  METADATA_KEY_BYTES_MAX,
  RETENTION_DAYS_MAX,
  SERVICE_SETTINGS_MAX,
  SETTING_VALUE_BYTES_MAX,
  VERSIONS_KEPT_MAX,
} from "./limits.ts";
import type {
  BucketLock,
  BucketOptions,
  BucketRecord,
  Chunking,
  ContainerRecord,
  Encryption,
  Versioning,
} from "./namespace.ts";
import {
  corruptRecord,
  readFlags,
  readFormat,
  readSortedPairs,
  writeCount,
  writeSortedPairs,
} from "./record.ts";

const BUCKET_FORMAT = 2;
const CONTAINER_FORMAT = 1;
const LOG_ID_BYTES = 8;
const CUSTOM_LIMITS = {
  entriesMax: SERVICE_SETTINGS_MAX,
  keyBytesMax: METADATA_KEY_BYTES_MAX,
  valueBytesMax: SETTING_VALUE_BYTES_MAX,
};

/** Their places are the two lowest bits of the flags. */
const VERSIONINGS: readonly Versioning[] = ["off", "enabled", "suspended"];
const VERSIONING_MASK = 0x03;
const FLAG_LOCK = 0x04;
const FLAG_LOCK_DEFAULT = 0x08;
const FLAG_COMPLIANCE = 0x10;
const FLAG_QUOTA_BYTES = 0x20;
const FLAG_QUOTA_OBJECTS = 0x40;
const FLAG_ENCRYPTED = 0x80;
const FLAGS_ALL = 0xff;

/** @throws LIMIT, BAD_VALUE for custom keys that the reader would refuse */
export function encodeBucketRecord(record: BucketRecord): Uint8Array {
  const { chunking, versionsKept, lock, quotaBytes, quotaObjects, custom } = record.options;
  const writer = new ByteWriter();
  writer.u8(BUCKET_FORMAT).raw(idBytes(record.logId));
  writeCount(writer, record.createdMs, "createdMs");
  writer.u8(chunkingByte(chunking));
  assert(versionsKept >= 1 && versionsKept <= VERSIONS_KEPT_MAX, "1 to 1,000 versions are kept");
  writeCount(writer, versionsKept, "versionsKept");
  writer.u8(flagsOf(record.options));
  if (lock?.default !== undefined) writeCount(writer, lock.default.days, "days of retention");
  if (quotaBytes !== undefined) writeCount(writer, quotaBytes, "quotaBytes");
  if (quotaObjects !== undefined) writeCount(writer, quotaObjects, "quotaObjects");
  writeSortedPairs(writer, custom, CUSTOM_LIMITS);
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeBucketRecord(bytes: Uint8Array): BucketRecord {
  const reader = new ByteReader(bytes);
  readFormat(reader, BUCKET_FORMAT, "bucket record", BUCKET_FORMAT);
  const logId = logIdOf(reader.raw(LOG_ID_BYTES));
  const createdMs = reader.varint();
  const chunking = chunkingOf(reader.u8());
  const versionsKept = reader.varint(VERSIONS_KEPT_MAX);
  if (versionsKept === 0) throw corruptRecord("a bucket that keeps no version");
  const flags = readFlags(reader, FLAGS_ALL);
  const versioning = VERSIONINGS[flags & VERSIONING_MASK];
  if (versioning === undefined) throw corruptRecord("a bucket of unknown versioning");
  const lock = readLock(reader, flags);
  const quotaBytes = (flags & FLAG_QUOTA_BYTES) === 0 ? undefined : reader.varint();
  const quotaObjects = (flags & FLAG_QUOTA_OBJECTS) === 0 ? undefined : reader.varint();
  const custom = readSortedPairs(reader, CUSTOM_LIMITS);
  reader.end();
  const encryption: Encryption = (flags & FLAG_ENCRYPTED) === 0 ? "none" : "aes256";
  const options = { chunking, versionsKept, versioning, lock, encryption, quotaBytes, quotaObjects, custom };
  return { logId, createdMs, options };
}

function flagsOf({ versioning, lock, encryption, quotaBytes, quotaObjects }: BucketOptions): number {
  return (
    VERSIONINGS.indexOf(versioning) |
    (lock === undefined ? 0 : FLAG_LOCK) |
    (lock?.default === undefined ? 0 : FLAG_LOCK_DEFAULT) |
    (lock?.default?.mode === "compliance" ? FLAG_COMPLIANCE : 0) |
    (quotaBytes === undefined ? 0 : FLAG_QUOTA_BYTES) |
    (quotaObjects === undefined ? 0 : FLAG_QUOTA_OBJECTS) |
    (encryption === "none" ? 0 : FLAG_ENCRYPTED)
  );
}

function readLock(reader: ByteReader, flags: number): BucketLock | undefined {
  const hasDefault = (flags & FLAG_LOCK_DEFAULT) !== 0;
  const isCompliance = (flags & FLAG_COMPLIANCE) !== 0;
  const isSound = hasDefault ? (flags & FLAG_LOCK) !== 0 : !isCompliance;
  if (!isSound) throw corruptRecord("a retention without a lock");
  if ((flags & FLAG_LOCK) === 0) return undefined;
  if (!hasDefault) return { default: undefined };
  const days = reader.varint(RETENTION_DAYS_MAX);
  if (days === 0) throw corruptRecord("a retention of no days");
  return { default: { mode: isCompliance ? "compliance" : "governance", days } };
}

/** @throws LIMIT, BAD_VALUE as above */
export function encodeContainerRecord(record: ContainerRecord): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(CONTAINER_FORMAT);
  writeCount(writer, record.createdMs, "createdMs");
  writeSortedPairs(writer, record.custom, CUSTOM_LIMITS);
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeContainerRecord(bytes: Uint8Array): ContainerRecord {
  const reader = new ByteReader(bytes);
  readFormat(reader, CONTAINER_FORMAT, "container record");
  const createdMs = reader.varint();
  const custom = readSortedPairs(reader, CUSTOM_LIMITS);
  reader.end();
  return { createdMs, custom };
}

/** 0: by content; n: at every 2^n bytes. */
function chunkingByte(chunking: Chunking): number {
  if (chunking.kind === "content") return 0;
  const power = Math.log2(chunking.chunkBytes);
  assert(
    Number.isInteger(power) && isFixedSize(chunking.chunkBytes),
    "a fixed chunk is a power of two within its bounds",
  );
  return power;
}

function chunkingOf(byte: number): Chunking {
  if (byte === 0) return { kind: "content" };
  const chunkBytes = 2 ** byte;
  if (!isFixedSize(chunkBytes)) throw corruptRecord(`chunks of 2^${byte} bytes`);
  return { kind: "fixed", chunkBytes };
}

function isFixedSize(chunkBytes: number): boolean {
  return chunkBytes >= FIXED_CHUNK_BYTES_MIN && chunkBytes <= FIXED_CHUNK_BYTES_MAX;
}
