/**
 * The records of parts and of completed uploads. They never leave the segment.
 *
 * Part (key: bucket, upload id, number): u8 format 1, u8 flags (1: checksum), varint wall clock in milliseconds, 16 bytes MD5,
 * the content's root as in a version manifest, the checksum (varint length, bytes) when flagged.
 *
 * Completed upload (key: bucket, upload id): u8 format 1, varint wall clock in milliseconds, 32 bytes SHA-256 of the list of parts, the manifest
 * of the version that was made, to the end: what the same request gets again, also when the version is gone meanwhile.
 */
import { assert } from "../../base/assert.ts";
import { ByteReader, ByteWriter } from "../../base/cursor.ts";
import { readFlags, readFormat, writeCount } from "../../model/record.ts";
import { type ContentRoot, rootSizeBytes } from "../../model/reference.ts";
import { readRoot, writeRoot } from "../../model/reference-codec.ts";
import type { Version } from "../../model/version.ts";
import { decodeVersion, encodeVersion } from "../../model/version-manifest.ts";
import type { UploadedPart } from "../uploads.ts";

const FORMAT = 1;
const FLAG_CHECKSUM = 0x01;
const MD5_BYTES = 16;
const CHECKSUM_BYTES_MAX = 32;
const LIST_DIGEST_BYTES = 32;

/** A part as it is kept. */
export interface StoredPart extends UploadedPart {
  readonly root: ContentRoot;
}

export interface CompletedUpload {
  readonly completedMs: number;
  readonly listDigest: Uint8Array;
  readonly version: Version;
}

export function encodePart(part: StoredPart): Uint8Array {
  assert(part.md5.length === MD5_BYTES, "an MD5 has 16 bytes");
  const writer = new ByteWriter(128).u8(FORMAT).u8(part.checksum === undefined ? 0 : FLAG_CHECKSUM);
  writeCount(writer, part.modifiedMs, "modifiedMs");
  writer.raw(part.md5);
  writeRoot(writer, part.root);
  if (part.checksum !== undefined) writer.bytes(part.checksum);
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodePart(number: number, bytes: Uint8Array): StoredPart {
  const reader = new ByteReader(bytes);
  readFormat(reader, FORMAT, "record of a part");
  const flags = readFlags(reader, FLAG_CHECKSUM);
  const modifiedMs = reader.varint();
  const md5 = reader.raw(MD5_BYTES).slice();
  const root = readRoot(reader);
  const checksum = flags === 0 ? undefined : reader.bytes(CHECKSUM_BYTES_MAX).slice();
  reader.end();
  return { number, sizeBytes: rootSizeBytes(root), md5, checksum, modifiedMs, root };
}

export function encodeCompleted({ completedMs, listDigest, version }: CompletedUpload): Uint8Array {
  assert(listDigest.length === LIST_DIGEST_BYTES, "the digest of a list has 32 bytes");
  const writer = new ByteWriter(512).u8(FORMAT);
  writeCount(writer, completedMs, "completedMs");
  return writer.raw(listDigest).raw(encodeVersion(version)).finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeCompleted(bytes: Uint8Array): CompletedUpload {
  const reader = new ByteReader(bytes);
  readFormat(reader, FORMAT, "record of a completed upload");
  const completedMs = reader.varint();
  const listDigest = reader.raw(LIST_DIGEST_BYTES).slice();
  return { completedMs, listDigest, version: decodeVersion(reader.raw(reader.remaining)) };
}
