/** Content roots and bucket options as they stand inside bodies. PROTOCOL.md §4, §5. */
import type { ByteReader, ByteWriter } from "../../../base/cursor.ts";
import { EfsError } from "../../../base/errors.ts";
import { CONTENT_ID_BYTES, contentIdOf } from "../../../model/ids.ts";
import {
  FIXED_CHUNK_BYTES_MAX,
  FIXED_CHUNK_BYTES_MIN,
  OBJECT_SIZE_BYTES_MAX,
  RETENTION_DAYS_MAX,
  SETTING_VALUE_BYTES_MAX,
  SMALL_CONTENT_BYTES_MAX,
  VERSIONS_KEPT_MAX,
} from "../../../model/limits.ts";
import type {
  BucketLock,
  BucketOptions,
  Chunking,
  Encryption,
  Versioning,
} from "../../../model/namespace.ts";
import type { ContentRoot } from "../../../model/reference.ts";

const KINDS = ["none", "small", "zeros", "chunk", "node"] as const;
const CUSTOM_MAX = 128;
const VERSIONINGS: readonly Versioning[] = ["off", "enabled", "suspended"];
/** Beside the versioning: who does not know it refuses the bucket rather than keep it in plain. */
const ENCRYPTED = 0x80;
const LOCK_NONE = 0;
const LOCK_WITHOUT_DEFAULT = 1;
const LOCK_MODES = [undefined, undefined, "governance", "compliance"] as const;

export function writeRoot(writer: ByteWriter, root: ContentRoot): void {
  writer.u8(KINDS.indexOf(root.kind));
  if (root.kind === "none") return;
  if (root.kind !== "zeros") writer.raw(root.id);
  if (root.kind === "chunk" || root.kind === "node") writer.varint(root.skipBytes);
  writer.varint(root.lengthBytes);
}

/** @throws PROTOCOL, TRUNCATED, RECORD_CORRUPT */
export function readRoot(reader: ByteReader): ContentRoot {
  const kind = KINDS[reader.u8()];
  if (kind === undefined) throw new EfsError("PROTOCOL", "a content root has an unknown kind");
  if (kind === "none") return { kind };
  if (kind === "zeros") return { kind, lengthBytes: reader.varint(OBJECT_SIZE_BYTES_MAX) };
  const id = contentIdOf(reader.raw(CONTENT_ID_BYTES).slice());
  if (kind === "small") return { kind, id, lengthBytes: reader.varint(SMALL_CONTENT_BYTES_MAX) };
  const skipBytes = reader.varint(OBJECT_SIZE_BYTES_MAX);
  return { kind, id, skipBytes, lengthBytes: reader.varint(OBJECT_SIZE_BYTES_MAX) };
}

export function writeOptions(writer: ByteWriter, options: BucketOptions): void {
  if (options.chunking.kind === "content") writer.u8(0);
  else writer.u8(1).varint(options.chunking.chunkBytes);
  const sealed = options.encryption === "none" ? 0 : ENCRYPTED;
  writer.varint(options.versionsKept).u8(VERSIONINGS.indexOf(options.versioning) | sealed);
  writeLock(writer, options.lock);
  const custom = Object.entries(options.custom);
  writer.varint(custom.length);
  for (const [key, value] of custom) writer.text(key).text(value);
}

/** @throws PROTOCOL, TRUNCATED, RECORD_CORRUPT */
export function readOptions(reader: ByteReader): BucketOptions {
  const chunking = readChunking(reader);
  const versionsKept = reader.varint(VERSIONS_KEPT_MAX);
  if (versionsKept < 1) throw new EfsError("PROTOCOL", "a bucket keeps no version");
  const byte = reader.u8();
  const versioning = VERSIONINGS[byte & ~ENCRYPTED];
  if (versioning === undefined) throw new EfsError("PROTOCOL", "a bucket of unknown versioning");
  const lock = readLock(reader);
  const encryption: Encryption = (byte & ENCRYPTED) === 0 ? "none" : "aes256";
  const count = reader.varint(CUSTOM_MAX);
  const custom: Array<readonly [string, string]> = [];
  for (let index = 0; index < count; index += 1) {
    custom.push([reader.text(SETTING_VALUE_BYTES_MAX), reader.text(SETTING_VALUE_BYTES_MAX)]);
  }
  // Quotas are each segment's own.
  const quotas = { quotaBytes: undefined, quotaObjects: undefined };
  return {
    chunking,
    versionsKept,
    versioning,
    lock,
    encryption,
    ...quotas,
    custom: Object.fromEntries(custom),
  };
}

function writeLock(writer: ByteWriter, lock: BucketLock | undefined): void {
  if (lock === undefined) writer.u8(LOCK_NONE);
  else if (lock.default === undefined) writer.u8(LOCK_WITHOUT_DEFAULT);
  else writer.u8(LOCK_MODES.indexOf(lock.default.mode)).varint(lock.default.days);
}

function readLock(reader: ByteReader): BucketLock | undefined {
  const kind = reader.u8();
  if (kind === LOCK_NONE) return undefined;
  if (kind === LOCK_WITHOUT_DEFAULT) return { default: undefined };
  const mode = LOCK_MODES[kind];
  if (mode === undefined) throw new EfsError("PROTOCOL", "a bucket with a lock of an unknown kind");
  const days = reader.varint(RETENTION_DAYS_MAX);
  if (days === 0) throw new EfsError("PROTOCOL", "a retention of no days");
  return { default: { mode, days } };
}

function readChunking(reader: ByteReader): Chunking {
  const kind = reader.u8();
  if (kind === 0) return { kind: "content" };
  const chunkBytes = kind === 1 ? reader.varint(FIXED_CHUNK_BYTES_MAX) : 0;
  if (chunkBytes < FIXED_CHUNK_BYTES_MIN || (chunkBytes & (chunkBytes - 1)) !== 0) {
    throw new EfsError("PROTOCOL", "a bucket has an unknown way of chunking");
  }
  return { kind: "fixed", chunkBytes };
}
