/** The bytes of what is kept of clusters, tenants and buckets. FORMAT.md describes them. */
import { ByteWriter } from "../base/cursor.ts";
import { EfsError } from "../base/errors.ts";
import { idBytes, logIdOf } from "./ids.ts";
import {
  FIXED_CHUNK_BYTES_MAX,
  FIXED_CHUNK_BYTES_MIN,
  METADATA_ENTRIES_MAX,
  VERSIONS_KEPT_MAX,
} from "./limits.ts";
import type { BucketRecord, Chunking, ContainerRecord } from "./namespace.ts";
import { decodeRecord, readMap, writeMap } from "./record.ts";

export function encodeContainerRecord(record: ContainerRecord): Uint8Array {
  const writer = new ByteWriter().u8(1).varint(record.createdMs);
  writeMap(writer, record.custom);
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeContainerRecord(bytes: Uint8Array): ContainerRecord {
  return decodeRecord("cluster or tenant record", bytes, (reader) => ({
    createdMs: reader.varint(),
    custom: readMap(reader, METADATA_ENTRIES_MAX),
  }));
}

export function encodeBucketRecord(record: BucketRecord): Uint8Array {
  const { chunking, versionsKept, custom } = record.options;
  const writer = new ByteWriter().u8(1).raw(idBytes(record.logId)).varint(record.createdMs);
  writer.u8(chunking.kind === "content" ? 0 : Math.log2(chunking.chunkBytes)).varint(versionsKept);
  writeMap(writer, custom);
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeBucketRecord(bytes: Uint8Array): BucketRecord {
  return decodeRecord("bucket record", bytes, (reader) => ({
    logId: logIdOf(reader.raw(8)),
    createdMs: reader.varint(),
    options: {
      chunking: chunkingOf(reader.u8()),
      versionsKept: reader.varint(VERSIONS_KEPT_MAX),
      custom: readMap(reader, METADATA_ENTRIES_MAX),
    },
  }));
}

function chunkingOf(exponent: number): Chunking {
  if (exponent === 0) return { kind: "content" };
  const chunkBytes = exponent > 40 ? 0 : 2 ** exponent;
  if (chunkBytes < FIXED_CHUNK_BYTES_MIN || chunkBytes > FIXED_CHUNK_BYTES_MAX) {
    throw new EfsError("RECORD_CORRUPT", `a bucket has chunks of 2^${exponent} bytes`);
  }
  return { kind: "fixed", chunkBytes };
}
