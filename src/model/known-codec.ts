/**
 * The bytes of what a version knew of earlier ones. FORMAT.md "Known". What is usual (nothing, or only its own writer's previous
 * version) takes few bytes.
 */
import { assert } from "../base/assert.ts";
import { fromHex } from "../base/bytes.ts";
import type { ByteReader, ByteWriter } from "../base/cursor.ts";
import { segmentIdOf } from "./ids.ts";
import { KNOWN_SEGMENTS_MAX } from "./limits.ts";
import { corruptRecord } from "./record.ts";
import { UVID_BYTES, type Uvid, uvidOf } from "./uvid.ts";
import type { Version } from "./version.ts";

type Knowing = Pick<Version, "uvid" | "known">;

const KNOWN_NOTHING = 0;
const KNOWN_OWN_WRITER = 1;
const KNOWN_OWN_SEGMENT = 2;
const KNOWN_LIST = 3;

const CLOCK_BYTES = 8;

/** The shortest form that says all of `known`: two bits for the flags of the record. */
export function knownForm({ known, uvid }: Knowing): number {
  for (const entry of known) {
    assert(segmentPart(entry.uvid) === entry.segment, "a known version is of the segment that it stands for");
  }
  assert(known.length <= KNOWN_SEGMENTS_MAX, "too many known segments");
  const only = known.length === 1 ? known[0] : undefined;
  if (only === undefined) return known.length === 0 ? KNOWN_NOTHING : KNOWN_LIST;
  if (only.segment !== segmentPart(uvid)) return KNOWN_LIST;
  return writerPart(only.uvid) === writerPart(uvid) ? KNOWN_OWN_WRITER : KNOWN_OWN_SEGMENT;
}

/** In order of segments, whatever the order given, so that equal versions have equal bytes. */
export function writeKnown(writer: ByteWriter, { known }: Knowing, form: number): void {
  const first = known[0];
  if (first === undefined) return;
  const bytes = uvidRaw(first.uvid);
  if (form === KNOWN_OWN_WRITER) {
    writer.raw(bytes.subarray(0, CLOCK_BYTES));
  } else if (form === KNOWN_OWN_SEGMENT) {
    writer.raw(bytes.subarray(0, CLOCK_BYTES)).raw(bytes.subarray(16));
  } else {
    writeKnownList(writer, known);
  }
}

/** @throws RECORD_CORRUPT, TRUNCATED */
export function readKnown(reader: ByteReader, uvid: Uvid, form: number): Version["known"] {
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
  const known = readKnownList(reader);
  const isShorter = known.length === 0 || (known.length === 1 && known[0]?.segment === segmentPart(uvid));
  if (isShorter) throw corruptRecord("known versions in a longer form");
  return known;
}

/** Count, then UVIDs in ascending order of their segments. */
export function writeKnownList(writer: ByteWriter, known: Version["known"]): void {
  writer.varint(known.length);
  const entries = [...known].sort((left, right) => (left.segment < right.segment ? -1 : 1));
  entries.forEach((entry, index) => {
    assert(index === 0 || entry.segment !== entries[index - 1]?.segment, "a segment is known twice");
    writer.raw(uvidRaw(entry.uvid));
  });
}

/** @throws RECORD_CORRUPT, TRUNCATED */
export function readKnownList(reader: ByteReader): Version["known"] {
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
  return known;
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
