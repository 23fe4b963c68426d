/**
 * The records of uploads. They never leave the segment. DESIGN.md "Uploads".
 *
 * Open upload (key: bucket, name, id):
 * | offset | type   | meaning                                                                              |
 * |--------|--------|--------------------------------------------------------------------------------------|
 * | 0      | u8     | format, 1                                                                            |
 * | 1      | u8     | flags: 1 content type, 2 checksum, 4 annotations, 8 initiator                        |
 * | 2      | varint | wall clock when it was begun, milliseconds                                           |
 * | …      | text   | content type, when flagged                                                           |
 * | …      | pairs  | metadata; then kept headers                                                          |
 * | …      | u8     | checksum, when flagged: place in CHECKSUM_ALGORITHMS, + 128 when composite           |
 * | …      | bytes  | annotations, when flagged, as of a version (their UVIDs mean nothing)                |
 * | …      | text   | initiator, when flagged                                                              |
 */
import { ByteReader, ByteWriter } from "../../base/cursor.ts";
import { EfsError } from "../../base/errors.ts";
import type { AnnotationChange } from "../../model/annotation.ts";
import { recordOfChange } from "../../model/annotation-merge.ts";
import {
  ANNOTATION_RECORD_BYTES_MAX,
  decodeAnnotations,
  encodeAnnotations,
} from "../../model/annotation-record.ts";
import { CONTENT_TYPE_BYTES_MAX } from "../../model/limits.ts";
import type { ObjectName } from "../../model/names.ts";
import {
  corruptRecord,
  readFlags,
  readFormat,
  readSortedPairs,
  writeCount,
  writeSortedPairs,
  writeText,
} from "../../model/record.ts";
import { UVID_BYTES, uvidOf } from "../../model/uvid.ts";
import { CHECKSUM_ALGORITHMS } from "../../model/version.ts";
import { HEADER_LIMITS, METADATA_LIMITS } from "../../model/version-manifest.ts";
import type { Upload, UploadId } from "../uploads.ts";

const FORMAT = 1;
const FLAG_CONTENT_TYPE = 0x01;
const FLAG_CHECKSUM = 0x02;
const FLAG_ANNOTATIONS = 0x04;
const FLAG_INITIATOR = 0x08;
const FLAGS_ALL = 0x0f;
const COMPOSITE = 0x80;
export const INITIATOR_BYTES_MAX = 1024;

/** Fields of an upload have no UVID yet: they get the version's. */
const NO_UVID = uvidOf(new Uint8Array(UVID_BYTES));

/** @throws LIMIT, BAD_VALUE for what `decodeUpload` would refuse */
export function encodeUpload(upload: Upload): Uint8Array {
  const { contentType, metadata, headers, checksum, annotations, initiator } = upload;
  const writer = new ByteWriter(256).u8(FORMAT);
  writer.u8(
    (contentType === undefined ? 0 : FLAG_CONTENT_TYPE) |
      (checksum === undefined ? 0 : FLAG_CHECKSUM) |
      (annotations === undefined ? 0 : FLAG_ANNOTATIONS) |
      (initiator === undefined ? 0 : FLAG_INITIATOR),
  );
  writeCount(writer, upload.createdMs, "createdMs");
  if (contentType !== undefined) {
    writeText(writer, contentType, { bytesMax: CONTENT_TYPE_BYTES_MAX, what: "the content type" });
  }
  writeSortedPairs(writer, metadata ?? {}, METADATA_LIMITS);
  writeSortedPairs(writer, headers ?? {}, HEADER_LIMITS);
  if (checksum !== undefined) {
    const { algorithm, kind } = checksum;
    writer.u8(CHECKSUM_ALGORITHMS.indexOf(algorithm) | (kind === "composite" ? COMPOSITE : 0));
  }
  if (annotations !== undefined) writer.bytes(encodeAnnotations(recordOfChange(annotations, NO_UVID)));
  if (initiator !== undefined) {
    writeText(writer, initiator, { bytesMax: INITIATOR_BYTES_MAX, what: "the initiator" });
  }
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeUpload(object: ObjectName, id: UploadId, bytes: Uint8Array): Upload {
  const reader = new ByteReader(bytes);
  readFormat(reader, FORMAT, "record of an upload");
  const flags = readFlags(reader, FLAGS_ALL);
  const has = (flag: number) => (flags & flag) !== 0;
  const upload = {
    id,
    object,
    createdMs: reader.varint(),
    contentType: has(FLAG_CONTENT_TYPE) ? reader.text(CONTENT_TYPE_BYTES_MAX) : undefined,
    metadata: readSortedPairs(reader, METADATA_LIMITS),
    headers: readSortedPairs(reader, HEADER_LIMITS),
    checksum: has(FLAG_CHECKSUM) ? checksumOf(reader.u8()) : undefined,
    annotations: has(FLAG_ANNOTATIONS) ? changeOf(reader.bytes(ANNOTATION_RECORD_BYTES_MAX)) : undefined,
    initiator: has(FLAG_INITIATOR) ? reader.text(INITIATOR_BYTES_MAX) : undefined,
  };
  reader.end();
  return upload;
}

/** Which kinds of checksum an upload may ask for. @throws BAD_VALUE */
export function checkChecksum(checksum: Upload["checksum"]): void {
  if (checksum === undefined) return;
  const { algorithm, kind } = checksum;
  const isKnown = CHECKSUM_ALGORITHMS.includes(algorithm) && (kind === "full" || kind === "composite");
  const isHash = algorithm === "sha1" || algorithm === "sha256";
  const isFit = kind === "full" ? !isHash : algorithm !== "crc64nvme";
  if (isKnown && isFit) return;
  throw new EfsError("BAD_VALUE", `an upload has no ${kind} checksum by ${algorithm}`, {
    hint: "sha1 and sha256 are composite, crc64nvme is full, crc32 and crc32c are either",
  });
}

function checksumOf(byte: number): NonNullable<Upload["checksum"]> {
  const algorithm = CHECKSUM_ALGORITHMS[byte & ~COMPOSITE];
  if (algorithm === undefined) throw corruptRecord("a checksum of an unknown algorithm");
  return { algorithm, kind: (byte & COMPOSITE) === 0 ? "full" : "composite" };
}

function changeOf(bytes: Uint8Array): AnnotationChange {
  const { tags, acl, hold, retention } = decodeAnnotations(bytes);
  return { tags: tags?.value, acl: acl?.value, hold: hold?.value, retention: retention?.value };
}
