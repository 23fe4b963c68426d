/** The bytes of what is kept of buckets and containers (clusters, tenants). FORMAT.md "Bucket", "Container". */
import { assert } from "../base/assert.ts";
import { ByteReader, ByteWriter } from "../base/cursor.ts";
import { idBytes, logIdOf } from "./ids.ts";
import {
  FIXED_CHUNK_BYTES_MAX,
  FIXED_CHUNK_BYTES_MIN,
  METADATA_KEY_BYTES_MAX,
  SERVICE_SETTINGS_MAX,
  SETTING_VALUE_BYTES_MAX,
  VERSIONS_KEPT_MAX,
} from "./limits.ts";
import type { BucketRecord, Chunking, ContainerRecord } from "./namespace.ts";
import { corruptRecord, readFormat, readSortedPairs, writeCount, writeSortedPairs } from "./record.ts";

const BUCKET_FORMAT = 1;
const CONTAINER_FORMAT = 1;
const LOG_ID_BYTES = 8;
const CUSTOM_LIMITS = {
  entriesMax: SERVICE_SETTINGS_MAX,
  keyBytesMax: METADATA_KEY_BYTES_MAX,
  valueBytesMax: SETTING_VALUE_BYTES_MAX,
};

/** @throws LIMIT, BAD_VALUE for custom keys that the reader would refuse */
export function encodeBucketRecord(record: BucketRecord): Uint8Array {
  const { chunking, versionsKept, custom } = record.options;
  const writer = new ByteWriter();
  writer.u8(BUCKET_FORMAT).raw(idBytes(record.logId));
  writeCount(writer, record.createdMs, "createdMs");
  writer.u8(chunkingByte(chunking));
  assert(versionsKept >= 1 && versionsKept <= VERSIONS_KEPT_MAX, "1 to 1,000 versions are kept");
  writeCount(writer, versionsKept, "versionsKept");
  writeSortedPairs(writer, custom, CUSTOM_LIMITS);
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeBucketRecord(bytes: Uint8Array): BucketRecord {
  const reader = new ByteReader(bytes);
  readFormat(reader, BUCKET_FORMAT, "bucket record");
  const logId = logIdOf(reader.raw(LOG_ID_BYTES));
  const createdMs = reader.varint();
  const chunking = chunkingOf(reader.u8());
  const versionsKept = reader.varint(VERSIONS_KEPT_MAX);
  if (versionsKept === 0) throw corruptRecord("a bucket that keeps no version");
  const custom = readSortedPairs(reader, CUSTOM_LIMITS);
  reader.end();
  return { logId, createdMs, options: { chunking, versionsKept, custom } };
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
