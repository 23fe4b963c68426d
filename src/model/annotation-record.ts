/** The bytes of the annotations of one version, as they are kept and as they cross a link. FORMAT.md "Annotations". */
import { assert } from "../base/assert.ts";
import { ByteReader, ByteWriter } from "../base/cursor.ts";
import { type AnnotationRecord, CANNED_ACLS, type CannedAcl, type Retention } from "./annotation.ts";
import { TAG_KEY_CHARS_MAX, TAG_VALUE_CHARS_MAX, TAGS_MAX } from "./limits.ts";
import {
  corruptRecord,
  readFlags,
  readFormat,
  readSortedPairs,
  writeCount,
  writeSortedPairs,
} from "./record.ts";
import { UVID_BYTES, type Uvid, uvidBytes, uvidOf } from "./uvid.ts";

const FORMAT = 1;
const FLAG_TAGS = 0x01;
const FLAG_ACL = 0x02;
const FLAG_HOLD = 0x04;
const FLAG_RETENTION = 0x08;
const FLAGS_ALL = 0x0f;

/** A UTF-16 unit of well-formed text is at most three bytes of UTF-8. */
const BYTES_OF_A_CHAR = 3;
const TAG_LIMITS = {
  entriesMax: TAGS_MAX,
  keyBytesMax: TAG_KEY_CHARS_MAX * BYTES_OF_A_CHAR,
  valueBytesMax: TAG_VALUE_CHARS_MAX * BYTES_OF_A_CHAR,
};
/** No record is longer. */
export const ANNOTATION_RECORD_BYTES_MAX = 16 * 1024;

const RETENTION_NONE = 0;
const RETENTION_MODES: ReadonlyArray<Retention["mode"] | undefined> = [undefined, "governance", "compliance"];

/** @throws LIMIT, BAD_VALUE for tags that the reader would refuse */
export function encodeAnnotations(record: AnnotationRecord): Uint8Array {
  const { tags, acl, hold, retention } = record;
  const writer = new ByteWriter(128);
  writer.u8(FORMAT);
  writer.u8(
    (tags === undefined ? 0 : FLAG_TAGS) |
      (acl === undefined ? 0 : FLAG_ACL) |
      (hold === undefined ? 0 : FLAG_HOLD) |
      (retention === undefined ? 0 : FLAG_RETENTION),
  );
  if (tags !== undefined) writeSortedPairs(writer.raw(uvidBytes(tags.uvid)), tags.value, TAG_LIMITS);
  if (acl !== undefined) writer.raw(uvidBytes(acl.uvid)).u8(CANNED_ACLS.indexOf(acl.value));
  if (hold !== undefined) writer.raw(uvidBytes(hold.uvid)).u8(hold.value ? 1 : 0);
  if (retention !== undefined) writeRetention(writer.raw(uvidBytes(retention.uvid)), retention.value);
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeAnnotations(bytes: Uint8Array): AnnotationRecord {
  if (bytes.length > ANNOTATION_RECORD_BYTES_MAX) throw corruptRecord("annotations are over their limit");
  const reader = new ByteReader(bytes);
  readFormat(reader, FORMAT, "record of annotations");
  const flags = readFlags(reader, FLAGS_ALL);
  const record = {
    ...((flags & FLAG_TAGS) === 0 ? {} : { tags: field(reader, () => readSortedPairs(reader, TAG_LIMITS)) }),
    ...((flags & FLAG_ACL) === 0 ? {} : { acl: field(reader, () => aclOf(reader.u8())) }),
    ...((flags & FLAG_HOLD) === 0 ? {} : { hold: field(reader, () => holdOf(reader.u8())) }),
    ...((flags & FLAG_RETENTION) === 0 ? {} : { retention: field(reader, () => readRetention(reader)) }),
  };
  reader.end();
  return record;
}

function field<T>(reader: ByteReader, read: () => T): { readonly uvid: Uvid; readonly value: T } {
  const uvid = uvidOf(reader.raw(UVID_BYTES));
  return { uvid, value: read() };
}

function aclOf(byte: number): CannedAcl {
  const acl = CANNED_ACLS[byte];
  if (acl === undefined) throw corruptRecord("an ACL of an unknown kind");
  return acl;
}

function holdOf(byte: number): boolean {
  if (byte > 1) throw corruptRecord("a legal hold is neither 0 nor 1");
  return byte === 1;
}

function writeRetention(writer: ByteWriter, retention: Retention | null): void {
  if (retention === null) {
    writer.u8(RETENTION_NONE);
    return;
  }
  const mode = RETENTION_MODES.indexOf(retention.mode);
  assert(mode > RETENTION_NONE, "a retention has a mode");
  writeCount(writer.u8(mode), retention.untilMs, "untilMs");
}

function readRetention(reader: ByteReader): Retention | null {
  const byte = reader.u8();
  if (byte === RETENTION_NONE) return null;
  const mode = RETENTION_MODES[byte];
  if (mode === undefined) throw corruptRecord("a retention of an unknown mode");
  return { mode, untilMs: reader.varint() };
}
