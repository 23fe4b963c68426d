/** The bytes of what stays of a version that was removed for good. FORMAT.md "Expunge". */
import { assert } from "../base/assert.ts";
import { ByteReader, ByteWriter } from "../base/cursor.ts";
import { knownForm, readKnown, writeKnown } from "./known-codec.ts";
import { OBJECT_NAME_BYTES_MAX } from "./limits.ts";
import { parseObjectName } from "./names.ts";
import { corruptRecord, parsed, readFlags, readFormat, writeCount } from "./record.ts";
import { UVID_BYTES, uvidBytes, uvidOf } from "./uvid.ts";
import type { Expunge } from "./version.ts";

const FORMAT = 1;
const FLAG_NULL = 0x01;
/** Two bits: the form of what was known. */
const KNOWN_SHIFT = 1;
const KNOWN_MASK = 0x03;
const FLAG_BYPASSED = 0x08;
const FLAGS_ALL = 0x0f;

export function encodeExpunge(expunge: Expunge): Uint8Array {
  const form = knownForm(expunge);
  const writer = new ByteWriter(256);
  const isBypassed = expunge.isGovernanceBypassed === true;
  writer
    .u8(FORMAT)
    .u8((expunge.isNull ? FLAG_NULL : 0) | (form << KNOWN_SHIFT) | (isBypassed ? FLAG_BYPASSED : 0));
  assert(expunge.generation >= 1, "the first generation is 1");
  writeCount(writer, expunge.generation, "the generation");
  writer.raw(uvidBytes(expunge.uvid)).text(expunge.object);
  writeCount(writer, expunge.expungedMs, "expungedMs");
  writeKnown(writer, expunge, form);
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeExpunge(bytes: Uint8Array): Expunge {
  const reader = new ByteReader(bytes);
  readFormat(reader, FORMAT, "expunge record");
  const flags = readFlags(reader, FLAGS_ALL);
  const generation = reader.varint();
  if (generation === 0) throw corruptRecord("a version of generation 0");
  const uvid = uvidOf(reader.raw(UVID_BYTES));
  const object = parsed(parseObjectName, reader.text(OBJECT_NAME_BYTES_MAX));
  const expungedMs = reader.varint();
  const known = readKnown(reader, uvid, (flags >> KNOWN_SHIFT) & KNOWN_MASK);
  reader.end();
  const isNull = (flags & FLAG_NULL) !== 0;
  const bypassed = (flags & FLAG_BYPASSED) === 0 ? {} : { isGovernanceBypassed: true };
  return { object, uvid, generation, known, isNull, expungedMs, ...bypassed };
}
