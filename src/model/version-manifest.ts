/** The bytes of a version manifest. FORMAT.md describes them. */
import { type ByteReader, ByteWriter } from "../base/cursor.ts";
import { EfsError } from "../base/errors.ts";
import { readRoot, writeRoot } from "./chunk-manifest.ts";
import {
  CONTENT_TYPE_BYTES_MAX,
  KNOWN_SEGMENTS_MAX,
  METADATA_ENTRIES_MAX,
  OBJECT_NAME_BYTES_MAX,
  VERSION_MANIFEST_BYTES_MAX,
} from "./limits.ts";
import { parseObjectName } from "./names.ts";
import { decodeRecord, readMap, writeMap } from "./record.ts";
import { rootSizeBytes } from "./reference.ts";
import { clockWallMs, UVID_BYTES, type Uvid, uvidBytes, uvidOf, uvidParts } from "./uvid.ts";
import type { Version } from "./version.ts";

const DELETED = 1;
const HAS_KNOWN = 2;
const HAS_CONTENT_TYPE = 4;
const HAS_METADATA = 8;
const IS_LATER = 16;
const ALL_FLAGS = 31;

export function encodeVersion(version: Version): Uint8Array {
  const hasMetadata = Object.keys(version.metadata).length > 0;
  const uvid = uvidBytes(version.uvid);
  const lateMs = version.modifiedMs - uvidWallMs(uvid);
  const flags =
    (version.isDeleted ? DELETED : 0) |
    (version.known.length > 0 ? HAS_KNOWN : 0) |
    (version.contentType === undefined ? 0 : HAS_CONTENT_TYPE) |
    (hasMetadata ? HAS_METADATA : 0) |
    (lateMs > 0 ? IS_LATER : 0);
  const writer = new ByteWriter(256);
  writer.u8(1).u8(flags).text(version.object).raw(uvid).varint(version.generation);
  writer.varint(Math.abs(lateMs));
  if (version.known.length > 0) {
    writer.varint(version.known.length);
    for (const entry of version.known) writer.raw(uvidBytes(entry.uvid));
  }
  writeRoot(writer, version.content);
  if (version.contentType !== undefined) writer.text(version.contentType);
  if (hasMetadata) writeMap(writer, version.metadata);
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeVersion(bytes: Uint8Array): Version {
  if (bytes.length > VERSION_MANIFEST_BYTES_MAX) {
    throw new EfsError("RECORD_CORRUPT", `a version manifest has ${bytes.length} bytes`);
  }
  return decodeRecord("version manifest", bytes, readVersion);
}

function readVersion(reader: ByteReader): Version {
  const flags = reader.u8();
  if ((flags & ~ALL_FLAGS) !== 0)
    throw new EfsError("RECORD_CORRUPT", `a version manifest has unknown flags ${flags}`);
  const object = parseObjectName(reader.text(OBJECT_NAME_BYTES_MAX));
  const uvid = reader.raw(UVID_BYTES).slice();
  const generation = reader.varint();
  if (generation === 0) throw new EfsError("RECORD_CORRUPT", "a version has generation 0");
  const lateMs = reader.varint();
  const known = (flags & HAS_KNOWN) === 0 ? [] : readKnown(reader);
  const content = readRoot(reader);
  const isDeleted = (flags & DELETED) !== 0;
  if (isDeleted && content.kind !== "none") throw new EfsError("RECORD_CORRUPT", "a delete has content");
  return {
    object,
    uvid: uvidOf(uvid),
    generation,
    known,
    isDeleted,
    sizeBytes: rootSizeBytes(content),
    content,
    modifiedMs: uvidWallMs(uvid) + ((flags & IS_LATER) === 0 ? -lateMs : lateMs),
    contentType: (flags & HAS_CONTENT_TYPE) === 0 ? undefined : reader.text(CONTENT_TYPE_BYTES_MAX),
    metadata: (flags & HAS_METADATA) === 0 ? {} : readMap(reader, METADATA_ENTRIES_MAX),
  };
}

function readKnown(reader: ByteReader): Version["known"] {
  const count = reader.varint(KNOWN_SEGMENTS_MAX);
  const known: Array<Version["known"][number]> = [];
  for (let index = 0; index < count; index += 1) {
    const uvid: Uvid = uvidOf(reader.raw(UVID_BYTES));
    known.push({ segment: uvidParts(uvid).segment, uvid });
  }
  return known;
}

function uvidWallMs(uvid: Uint8Array): number {
  return clockWallMs(new DataView(uvid.buffer, uvid.byteOffset).getBigUint64(0));
}
