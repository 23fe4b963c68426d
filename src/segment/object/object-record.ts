/**
 * The record of one object: its latest version and what a writer must know of the older ones without reading them.
 *
 * | offset | type    | meaning                                                     |
 * |--------|---------|-------------------------------------------------------------|
 * | 0      | u8      | format, 1                                                   |
 * | 1      | varint  | revision: rises with every change, so that every batch that checks the record is unique |
 * | …      | varint  | count of older kept versions (records under `v`)            |
 * | …      | varint  | how many of those are conflict losers                       |
 * | …      | bytes   | the latest version's manifest, to the end                   |
 *
 * The record of an older version is its manifest alone.
 */
import { ByteReader, ByteWriter } from "../../base/cursor.ts";
import { EfsError } from "../../base/errors.ts";
import type { RecordKey } from "../../engine/meta-store.ts";
import { type BucketPath, escapeName, formatObjectPath, type ObjectName } from "../../model/names.ts";
import type { Version } from "../../model/version.ts";
import { decodeVersion, encodeVersion } from "../../model/version-manifest.ts";

const FORMAT = 1;

export interface ObjectRecord {
  readonly latest: Version;
  readonly revision: number;
  readonly olderCount: number;
  readonly conflictCount: number;
}

/** A record as it was read: its bytes are what a commit checks. */
export interface StoredObject extends ObjectRecord {
  readonly key: RecordKey;
  readonly bytes: Uint8Array;
}

export function encodeObjectRecord(record: ObjectRecord): Uint8Array {
  return new ByteWriter(512)
    .u8(FORMAT)
    .varint(record.revision)
    .varint(record.olderCount)
    .varint(record.conflictCount)
    .raw(encodeVersion(record.latest))
    .finish();
}

/** @throws RECORD_CORRUPT naming the object, FORMAT_TOO_NEW */
export function decodeObjectRecord(
  bucket: BucketPath,
  name: ObjectName,
  key: RecordKey,
  bytes: Uint8Array,
): StoredObject {
  return named(bucket, name, () => {
    const reader = new ByteReader(bytes);
    const format = reader.u8();
    if (format > FORMAT) throw new EfsError("FORMAT_TOO_NEW", `an object record has format ${format}`);
    if (format !== FORMAT) throw new EfsError("RECORD_CORRUPT", `an object record has format ${format}`);
    const revision = reader.varint();
    const olderCount = reader.varint();
    const conflictCount = reader.varint(olderCount);
    const latest = decodeVersion(reader.raw(reader.remaining));
    return { key, bytes, latest: belonging(name, latest), revision, olderCount, conflictCount };
  });
}

/** The manifest of an older version. @throws RECORD_CORRUPT naming the object */
export function decodeOlder(bucket: BucketPath, name: ObjectName, bytes: Uint8Array): Version {
  return named(bucket, name, () => belonging(name, decodeVersion(bytes)));
}

function belonging(name: ObjectName, version: Version): Version {
  if (version.object === name) return version;
  throw new EfsError("RECORD_CORRUPT", `the manifest belongs to "${escapeName(version.object)}"`);
}

function named<T>(bucket: BucketPath, name: ObjectName, decode: () => T): T {
  try {
    return decode();
  } catch (thrown) {
    if (!(thrown instanceof EfsError) || thrown.code === "FORMAT_TOO_NEW") throw thrown;
    throw damagedObject(bucket, name, thrown);
  }
}

/** RECORD_CORRUPT that names the object; an error that names it already stays as it is. */
export function damagedObject(bucket: BucketPath, name: ObjectName, cause: EfsError): EfsError {
  const object = formatObjectPath({ ...bucket, object: name });
  if (cause.details?.object === object) return cause;
  return new EfsError(
    "RECORD_CORRUPT",
    `the record of object "${escapeName(object)}" is damaged: ${cause.message}`,
    { cause, details: { ...cause.details, object } },
  );
}
