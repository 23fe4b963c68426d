/**
 * The bytes of a version manifest. FORMAT.md "Version manifest". They cross every link, so they are small: what is usual
 * (one writer, nothing or only its own previous version known) takes few bytes.
 */
import { assert } from "../base/assert.ts";
import { utf8 } from "../base/bytes.ts";
import { ByteReader, ByteWriter } from "../base/cursor.ts";
import { EfsError } from "../base/errors.ts";
import { readDigest, writeDigest } from "./digest-codec.ts";
import { knownForm, readKnown, writeKnown } from "./known-codec.ts";
import {
  CONTENT_TYPE_BYTES_MAX,
  HEADER_VALUE_BYTES_MAX,
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
  type PairLimits,
  parsed,
  readFormat,
  readSortedPairs,
  writeCount,
  writeSortedPairs,
  writeText,
} from "./record.ts";
import { rootSizeBytes } from "./reference.ts";
import { readRoot, writeRoot } from "./reference-codec.ts";
import { UVID_BYTES, uvidBytes, uvidOf } from "./uvid.ts";
import { type ContentDigest, KEPT_HEADERS, type Version } from "./version.ts";

const FORMAT = 2;

const FLAG_DELETED = 0x01;
const FLAG_CONTENT_TYPE = 0x02;
const FLAG_METADATA = 0x04;
/** Two bits: what is known of earlier versions. */
const KNOWN_SHIFT = 3;
const FLAG_NULL = 0x20;
const FLAG_HEADERS = 0x40;
const FLAG_DIGEST = 0x80;

/** Printable ASCII without spaces and capitals. */
const METADATA_KEY = /^[\x21-\x40\x5b-\x7e]+$/;
const CONTENT_TYPE_LIMIT = { bytesMax: CONTENT_TYPE_BYTES_MAX, what: "the content type" };
/** Of user metadata, and of the standard headers, wherever they are kept. */
export const METADATA_LIMITS = {
  entriesMax: METADATA_ENTRIES_MAX,
  keyBytesMax: METADATA_KEY_BYTES_MAX,
  valueBytesMax: METADATA_VALUE_BYTES_MAX,
};
export const HEADER_LIMITS = {
  entriesMax: KEPT_HEADERS.length,
  keyBytesMax: METADATA_KEY_BYTES_MAX,
  valueBytesMax: HEADER_VALUE_BYTES_MAX,
};
const HEADER_NAMES: ReadonlySet<string> = new Set(KEPT_HEADERS);

/**
 * `known` is written in order of segments and metadata in order of keys, so equal versions have equal bytes.
 * @throws LIMIT, BAD_VALUE for what `decodeVersion` would refuse
 */
export function encodeVersion(version: Version): Uint8Array {
  const { content, contentType, metadata, headers, digest } = version;
  const form = knownForm(version);
  const writer = new ByteWriter(256);
  writer.u8(FORMAT).u8(flagsOf(version) | (form << KNOWN_SHIFT));
  assert(version.generation >= 1, "the first generation is 1");
  writeCount(writer, version.generation, "the generation");
  writer.raw(uvidBytes(version.uvid));
  writer.text(version.object);
  writeCount(writer, version.modifiedMs, "modifiedMs");
  assert(version.sizeBytes === rootSizeBytes(content), "the size is that of the content");
  assert(!version.isDeleted || content.kind === "none", "a deleted version has no content");
  writeRoot(writer, content);
  writeKnown(writer, version, form);
  if (contentType !== undefined) writeText(writer, contentType, CONTENT_TYPE_LIMIT);
  if (hasEntries(metadata)) {
    const fault = metadataFault(metadata);
    if (fault !== undefined) throw new EfsError("LIMIT", fault);
    writeSortedPairs(writer, metadata, METADATA_LIMITS);
  }
  if (hasEntries(headers)) {
    const fault = headersFault(headers);
    if (fault !== undefined) throw new EfsError("BAD_VALUE", fault);
    writeSortedPairs(writer, headers, HEADER_LIMITS);
  }
  if (digest !== undefined) {
    const fault = digestFault(version, digest);
    assert(fault === undefined, fault ?? "");
    writeDigest(writer, digest);
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
  readFormat(reader, FORMAT, "version manifest", FORMAT);
  const flags = reader.u8();
  const has = (flag: number) => (flags & flag) !== 0;
  const generation = reader.varint();
  if (generation === 0) throw corruptRecord("a version of generation 0");
  const uvid = uvidOf(reader.raw(UVID_BYTES));
  const object = parsed(parseObjectName, reader.text(OBJECT_NAME_BYTES_MAX));
  const modifiedMs = reader.varint();
  const content = readRoot(reader);
  const isDeleted = has(FLAG_DELETED);
  if (isDeleted && content.kind !== "none") throw corruptRecord("a deleted version with content");
  const sizeBytes = rootSizeBytes(content);
  const known = readKnown(reader, uvid, (flags >> KNOWN_SHIFT) & 3);
  const contentType = has(FLAG_CONTENT_TYPE) ? reader.text(CONTENT_TYPE_BYTES_MAX) : undefined;
  const metadata = has(FLAG_METADATA) ? readPairs(reader, METADATA_LIMITS, metadataFault) : {};
  const headers = has(FLAG_HEADERS) ? readPairs(reader, HEADER_LIMITS, headersFault) : {};
  const digest = has(FLAG_DIGEST) ? readDigest(reader) : undefined;
  const fault = digest === undefined ? undefined : digestFault({ isDeleted, sizeBytes }, digest);
  if (fault !== undefined) throw corruptRecord(fault);
  reader.end();
  return {
    object,
    uvid,
    generation,
    known,
    isDeleted,
    sizeBytes,
    content,
    modifiedMs,
    contentType,
    metadata,
    isNull: has(FLAG_NULL),
    headers,
    digest,
  };
}

function flagsOf(version: Version): number {
  return (
    (version.isDeleted ? FLAG_DELETED : 0) |
    (version.contentType === undefined ? 0 : FLAG_CONTENT_TYPE) |
    (hasEntries(version.metadata) ? FLAG_METADATA : 0) |
    (version.isNull ? FLAG_NULL : 0) |
    (hasEntries(version.headers) ? FLAG_HEADERS : 0) |
    (version.digest === undefined ? 0 : FLAG_DIGEST)
  );
}

function hasEntries(pairs: Readonly<Record<string, string>>): boolean {
  for (const _ in pairs) return true;
  return false;
}

type Pairs = Readonly<Record<string, string>>;

function readPairs(
  reader: ByteReader,
  limits: PairLimits,
  faultOf: (pairs: Pairs) => string | undefined,
): Pairs {
  const pairs = readSortedPairs(reader, limits);
  const fault = hasEntries(pairs) ? faultOf(pairs) : "empty pairs are left out";
  if (fault !== undefined) throw corruptRecord(fault);
  return pairs;
}

function metadataFault(metadata: Readonly<Record<string, string>>): string | undefined {
  let sizeBytes = 0;
  for (const [key, value] of Object.entries(metadata)) {
    if (!METADATA_KEY.test(key)) return "a metadata key is not lower-case ASCII";
    sizeBytes += key.length + utf8(value).length;
  }
  return sizeBytes > METADATA_BYTES_MAX ? "the metadata is over its limit" : undefined;
}

function headersFault(headers: Pairs): string | undefined {
  const strange = Object.keys(headers).find((name) => !HEADER_NAMES.has(name));
  return strange === undefined ? undefined : "a header that no version keeps";
}

function digestFault(
  { isDeleted, sizeBytes }: Pick<Version, "isDeleted" | "sizeBytes">,
  { parts }: ContentDigest,
): string | undefined {
  if (isDeleted) return "a deleted version with a digest";
  if (parts.length === 0) return undefined;
  const partBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  return partBytes === sizeBytes ? undefined : "the parts do not add up to the content";
}
