/**
 * The bytes of a version manifest. FORMAT.md "Version manifest". They cross every link, so they are small: what is usual
 * (one writer, nothing or only its own previous version known) takes few bytes.
 */
import { assert } from "../base/assert.ts";
import { fromHex, utf8 } from "../base/bytes.ts";
import { ByteReader, ByteWriter } from "../base/cursor.ts";
import { EfsError } from "../base/errors.ts";
import { segmentIdOf } from "./ids.ts";
import {
  CONTENT_TYPE_BYTES_MAX,
  KNOWN_SEGMENTS_MAX,
  METADATA_BYTES_MAX,
  METADATA_ENTRIES_MAX,
  METADATA_KEY_BYTES_MAX,
  METADATA_VALUE_BYTES_MAX,
  OBJECT_NAME_BYTES_MAX,
  VERSION_MANIFEST_BYTES_MAX,
} from "./limits.ts";
import { parseObjectName } from "./names.ts";
import {
  corruptRecord,
  parsed,
  readFlags,
  readFormat,
  readSortedPairs,
  writeCount,
  writeSortedPairs,
  writeText,
} from "./record.ts";
import { rootSizeBytes } from "./reference.ts";
import { readRoot, writeRoot } from "./reference-codec.ts";
import { UVID_BYTES, type Uvid, uvidOf } from "./uvid.ts";
import type { Version } from "./version.ts";

const FORMAT = 1;

const FLAG_DELETED = 0x01;
const FLAG_CONTENT_TYPE = 0x02;
const FLAG_METADATA = 0x04;
/** Two bits: what is known of earlier versions. */
const KNOWN_SHIFT = 3;
const KNOWN_NOTHING = 0;
const KNOWN_OWN_WRITER = 1;
const KNOWN_OWN_SEGMENT = 2;
const KNOWN_LIST = 3;
const FLAGS_ALL = 0x1f;

const CLOCK_BYTES = 8;
/** Printable ASCII without spaces and capitals. */
const METADATA_KEY = /^[\x21-\x40\x5b-\x7e]+$/;
const CONTENT_TYPE_LIMIT = { bytesMax: CONTENT_TYPE_BYTES_MAX, what: "the content type" };
const METADATA_LIMITS = {
  entriesMax: METADATA_ENTRIES_MAX,
  keyBytesMax: METADATA_KEY_BYTES_MAX,
  valueBytesMax: METADATA_VALUE_BYTES_MAX,
};

/**
 * `known` is written in order of segments and metadata in order of keys, so equal versions have equal bytes.
 * @throws LIMIT, BAD_VALUE for what `decodeVersion` would refuse
 */
export function encodeVersion(version: Version): Uint8Array {
  const hasMetadata = Object.keys(version.metadata).length > 0;
  const form = knownForm(version);
  const writer = new ByteWriter(256);
  writer.u8(FORMAT);
  writer.u8(
    (version.isDeleted ? FLAG_DELETED : 0) |
      (version.contentType === undefined ? 0 : FLAG_CONTENT_TYPE) |
      (hasMetadata ? FLAG_METADATA : 0) |
      (form << KNOWN_SHIFT),
  );
  assert(version.generation >= 1, "the first generation is 1");
  writeCount(writer, version.generation, "the generation");
  writer.raw(uvidRaw(version.uvid));
  writer.text(version.object);
  writeCount(writer, version.modifiedMs, "modifiedMs");
  assert(version.sizeBytes === rootSizeBytes(version.content), "the size is that of the content");
  assert(!version.isDeleted || version.content.kind === "none", "a deleted version has no content");
  writeRoot(writer, version.content);
  writeKnown(writer, version, form);
  if (version.contentType !== undefined) writeText(writer, version.contentType, CONTENT_TYPE_LIMIT);
  if (hasMetadata) {
    const fault = metadataFault(version.metadata);
    if (fault !== undefined) throw new EfsError("LIMIT", fault);
    writeSortedPairs(writer, version.metadata, METADATA_LIMITS);
  }
  if (writer.length > VERSION_MANIFEST_BYTES_MAX) {
    throw new EfsError(
      "LIMIT",
      `the version manifest is ${writer.length} bytes, the limit is ${VERSION_MANIFEST_BYTES_MAX}`,
    );
  }
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeVersion(bytes: Uint8Array): Version {
  if (bytes.length > VERSION_MANIFEST_BYTES_MAX) throw corruptRecord("a version manifest is over its limit");
  const reader = new ByteReader(bytes);
  readFormat(reader, FORMAT, "version manifest");
  const flags = readFlags(reader, FLAGS_ALL);
  const generation = reader.varint();
  if (generation === 0) throw corruptRecord("a version of generation 0");
  const uvid = uvidOf(reader.raw(UVID_BYTES));
  const object = parsed(parseObjectName, reader.text(OBJECT_NAME_BYTES_MAX));
  const modifiedMs = reader.varint();
  const content = readRoot(reader);
  const isDeleted = (flags & FLAG_DELETED) !== 0;
  if (isDeleted && content.kind !== "none") throw corruptRecord("a deleted version with content");
  const known = readKnown(reader, uvid, flags >> KNOWN_SHIFT);
  const contentType = (flags & FLAG_CONTENT_TYPE) === 0 ? undefined : reader.text(CONTENT_TYPE_BYTES_MAX);
  const metadata = (flags & FLAG_METADATA) === 0 ? {} : readMetadata(reader);
  reader.end();
  return {
    object,
    uvid,
    generation,
    known,
    isDeleted,
    sizeBytes: rootSizeBytes(content),
    content,
    modifiedMs,
    contentType,
    metadata,
  };
}

/** The shortest form that says all of `known`. */
function knownForm(version: Version): number {
  const { known, uvid } = version;
  for (const entry of known) {
    assert(segmentPart(entry.uvid) === entry.segment, "a known version is of the segment that it stands for");
  }
  assert(known.length <= KNOWN_SEGMENTS_MAX, "too many known segments");
  const only = known.length === 1 ? known[0] : undefined;
  if (only === undefined) return known.length === 0 ? KNOWN_NOTHING : KNOWN_LIST;
  if (only.segment !== segmentPart(uvid)) return KNOWN_LIST;
  return writerPart(only.uvid) === writerPart(uvid) ? KNOWN_OWN_WRITER : KNOWN_OWN_SEGMENT;
}

function writeKnown(writer: ByteWriter, version: Version, form: number): void {
  const first = version.known[0];
  if (first === undefined) return;
  const bytes = uvidRaw(first.uvid);
  if (form === KNOWN_OWN_WRITER) {
    writer.raw(bytes.subarray(0, CLOCK_BYTES));
  } else if (form === KNOWN_OWN_SEGMENT) {
    writer.raw(bytes.subarray(0, CLOCK_BYTES)).raw(bytes.subarray(16));
  } else {
    writer.varint(version.known.length);
    const entries = [...version.known].sort((left, right) => (left.segment < right.segment ? -1 : 1));
    entries.forEach((entry, index) => {
      assert(index === 0 || entry.segment !== entries[index - 1]?.segment, "a segment is known twice");
      writer.raw(uvidRaw(entry.uvid));
    });
  }
}

function readKnown(reader: ByteReader, uvid: Uvid, form: number): Version["known"] {
  if (form === KNOWN_NOTHING) return [];
  if (form === KNOWN_OWN_WRITER || form === KNOWN_OWN_SEGMENT) {
    const own = uvidRaw(uvid).slice();
    own.set(reader.raw(CLOCK_BYTES), 0);
    if (form === KNOWN_OWN_SEGMENT) {
      own.set(reader.raw(8), 16);
      if (writerPart(uvidOf(own)) === writerPart(uvid))
        throw corruptRecord("a known version in a longer form");
    }
    return [{ segment: segmentIdOf(own.subarray(8, 16)), uvid: uvidOf(own) }];
  }
  const entryCount = reader.varint(KNOWN_SEGMENTS_MAX);
  const known: Array<Version["known"][number]> = [];
  for (let index = 0; index < entryCount; index += 1) {
    const raw = reader.raw(UVID_BYTES);
    const segment = segmentIdOf(raw.subarray(8, 16));
    const before = known.at(-1);
    if (before !== undefined && before.segment >= segment)
      throw corruptRecord("known segments are out of order");
    known.push({ segment, uvid: uvidOf(raw) });
  }
  const isShorter = known.length === 0 || (known.length === 1 && known[0]?.segment === segmentPart(uvid));
  if (isShorter) throw corruptRecord("known versions in a longer form");
  return known;
}

function readMetadata(reader: ByteReader): Readonly<Record<string, string>> {
  const metadata = readSortedPairs(reader, METADATA_LIMITS);
  const fault = metadataFault(metadata);
  if (fault !== undefined) throw corruptRecord(fault);
  return metadata;
}

function metadataFault(metadata: Readonly<Record<string, string>>): string | undefined {
  const entries = Object.entries(metadata);
  if (entries.length === 0) return "empty metadata is left out";
  let sizeBytes = 0;
  for (const [key, value] of entries) {
    if (!METADATA_KEY.test(key)) return "a metadata key is not lower-case ASCII";
    sizeBytes += key.length + utf8(value).length;
  }
  return sizeBytes > METADATA_BYTES_MAX ? "the metadata is over its limit" : undefined;
}

function uvidRaw(uvid: Uvid): Uint8Array {
  const bytes = fromHex(uvid);
  assert(bytes !== undefined && bytes.length === UVID_BYTES, "a UVID is 48 hexadecimal digits");
  return bytes;
}

function segmentPart(uvid: Uvid): string {
  return uvid.slice(16, 32);
}

function writerPart(uvid: Uvid): string {
  return uvid.slice(32, 48);
}
