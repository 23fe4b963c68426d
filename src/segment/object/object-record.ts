/**
 * The record of one object: its latest version and what a writer must know of the others without reading them.
 *
 * | type    | meaning                                                                                      |
 * |---------|----------------------------------------------------------------------------------------------|
 * | u8      | format, 2                                                                                    |
 * | u8      | flags: bit 0 has a latest version, bit 1 has _seen_, bit 2 has _null version_, bit 3 annotated |
 * | varint  | revision: rises with every change, so that every batch that checks the record is unique       |
 * | varint  | count of older kept versions (records under `v`)                                             |
 * | varint  | how many of those are null versions                                                          |
 * | varint  | count of expunged versions that still count (records under `q`)                              |
 * | varint  | how many of those are of null versions                                                       |
 * | varint  | conflict losers, expunged ones too                                                           |
 * | varint, uvid  | null version: generation and UVID; with flag bit 2                                     |
 * | varint, known | seen: greatest generation, and for each segment the highest UVID; with flag bit 1      |
 * | bytes   | the latest version's manifest, to the end; with flag bit 0                                   |
 *
 * It stands under `o` when the latest version is live, under `e` when it is a delete or all versions were expunged, never under
 * both. The record of an older version is its manifest alone, that of an expunged one model/expunge-record.ts.
 */
import { ByteReader, ByteWriter } from "../../base/cursor.ts";
import { EfsError } from "../../base/errors.ts";
import type { RecordKey, Write } from "../../engine/meta-store.ts";
import { decodeExpunge } from "../../model/expunge-record.ts";
import { readKnownList, writeKnownList } from "../../model/known-codec.ts";
import { type BucketPath, escapeName, formatObjectPath, type ObjectName } from "../../model/names.ts";
import { type Ordered, UVID_BYTES, uvidBytes, uvidOf } from "../../model/uvid.ts";
import type { Expunge, Version } from "../../model/version.ts";
import { decodeVersion, encodeVersion } from "../../model/version-manifest.ts";
import type { Seen } from "./kept.ts";

const FORMAT = 2;
const FLAG_LATEST = 0x01;
const FLAG_SEEN = 0x02;
const FLAG_NULL_VERSION = 0x04;
const FLAG_ANNOTATED = 0x08;
const FLAGS_ALL = 0x0f;

export interface ObjectRecord {
  /** undefined: all that were kept are expunged. */
  readonly latest: Version | undefined;
  readonly revision: number;
  readonly olderCount: number;
  readonly olderNullCount: number;
  readonly expungedCount: number;
  readonly expungedNullCount: number;
  /** Heads besides the greatest version, expunged ones too. */
  readonly conflictCount: number;
  /** The greatest null version among the older ones; undefined: none, or it must be looked for (olderNullCount tells). */
  readonly nullVersion: Ordered | undefined;
  /** What all versions together know; undefined: just what the latest says. */
  readonly seen: Seen | undefined;
  /** Whether any version of the object has or had annotations: those of a version that goes are removed with it. */
  readonly isAnnotated: boolean;
}

/** A record as it was read: its bytes are what a commit checks. */
export interface StoredObject extends ObjectRecord {
  readonly name: ObjectName;
  readonly key: RecordKey;
  readonly bytes: Uint8Array;
}

export function encodeObjectRecord(record: ObjectRecord): Uint8Array {
  const { latest, nullVersion, seen } = record;
  const writer = new ByteWriter(512)
    .u8(FORMAT)
    .u8(
      (latest === undefined ? 0 : FLAG_LATEST) |
        (seen === undefined ? 0 : FLAG_SEEN) |
        (nullVersion === undefined ? 0 : FLAG_NULL_VERSION) |
        (record.isAnnotated ? FLAG_ANNOTATED : 0),
    )
    .varint(record.revision)
    .varint(record.olderCount)
    .varint(record.olderNullCount)
    .varint(record.expungedCount)
    .varint(record.expungedNullCount)
    .varint(record.conflictCount);
  if (nullVersion !== undefined) writer.varint(nullVersion.generation).raw(uvidBytes(nullVersion.uvid));
  if (seen !== undefined) {
    writer.varint(seen.generation);
    writeKnownList(writer, seen.known);
  }
  if (latest !== undefined) writer.raw(encodeVersion(latest));
  return writer.finish();
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
    const flags = readHead(reader);
    const has = (flag: number) => (flags & flag) !== 0;
    const revision = reader.varint();
    const olderCount = reader.varint();
    const olderNullCount = reader.varint(olderCount);
    const expungedCount = reader.varint();
    const expungedNullCount = reader.varint(expungedCount);
    const conflictCount = reader.varint();
    const nullVersion = has(FLAG_NULL_VERSION)
      ? { generation: reader.varint(), uvid: uvidOf(reader.raw(UVID_BYTES)) }
      : undefined;
    const seen = has(FLAG_SEEN) ? { generation: reader.varint(), known: readKnownList(reader) } : undefined;
    const latest = has(FLAG_LATEST)
      ? belonging(name, decodeVersion(reader.raw(reader.remaining)))
      : undefined;
    reader.end();
    if (latest === undefined && (seen === undefined || olderCount > 0)) {
      throw new EfsError("RECORD_CORRUPT", "an object record without a latest version");
    }
    return {
      name,
      key,
      bytes,
      latest,
      revision,
      olderCount,
      olderNullCount,
      expungedCount,
      expungedNullCount,
      conflictCount,
      nullVersion,
      seen,
      isAnnotated: has(FLAG_ANNOTATED),
    };
  });
}

/**
 * For a commit that annotates a version of the object and checks its record: remembers that there are annotations, which is what
 * removes them with their version. undefined: it is remembered already.
 */
export function markAnnotated(object: StoredObject): Write | undefined {
  if (object.isAnnotated) return undefined;
  const record = { ...object, isAnnotated: true, revision: object.revision + 1 };
  return { key: object.key, value: encodeObjectRecord(record) };
}

/** The manifest of an older version. @throws RECORD_CORRUPT naming the object */
export function decodeOlder(bucket: BucketPath, name: ObjectName, bytes: Uint8Array): Version {
  return named(bucket, name, () => belonging(name, decodeVersion(bytes)));
}

/** What stays of an expunged version. @throws RECORD_CORRUPT naming the object */
export function decodeExpunged(bucket: BucketPath, name: ObjectName, bytes: Uint8Array): Expunge {
  return named(bucket, name, () => belonging(name, decodeExpunge(bytes)));
}

function readHead(reader: ByteReader): number {
  const format = reader.u8();
  if (format > FORMAT) throw new EfsError("FORMAT_TOO_NEW", `an object record has format ${format}`);
  if (format !== FORMAT) throw new EfsError("RECORD_CORRUPT", `an object record has format ${format}`);
  const flags = reader.u8();
  if ((flags & ~FLAGS_ALL) !== 0) throw new EfsError("RECORD_CORRUPT", "an object record has unknown flags");
  return flags;
}

function belonging<Item extends { readonly object: ObjectName }>(name: ObjectName, item: Item): Item {
  if (item.object === name) return item;
  throw new EfsError("RECORD_CORRUPT", `the manifest belongs to "${escapeName(item.object)}"`);
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
