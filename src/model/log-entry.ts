/** The bytes of a record of a bucket's transaction log. FORMAT.md "Log entry". */
import { assert } from "../base/assert.ts";
import { ByteReader, ByteWriter } from "../base/cursor.ts";
import { idBytes, segmentIdOf } from "./ids.ts";
import { OBJECT_NAME_BYTES_MAX, OBJECT_SIZE_BYTES_MAX } from "./limits.ts";
import { parseObjectName } from "./names.ts";
import { corruptRecord, parsed, readFlags, readFormat, writeCount } from "./record.ts";
import { readRoot, writeRoot } from "./reference-codec.ts";
import { UVID_BYTES, uvidBytes, uvidOf } from "./uvid.ts";
import type { LogEntry } from "./version.ts";

const FORMAT = 1;
const FLAG_DELETED = 0x01;
const FLAG_VIA = 0x02;
const FLAGS_ALL = 0x03;
const SEGMENT_ID_BYTES = 8;

export function encodeLogEntry(entry: LogEntry): Uint8Array {
  const writer = new ByteWriter(256);
  writer.u8(FORMAT);
  writer.u8((entry.isDeleted ? FLAG_DELETED : 0) | (entry.via === undefined ? 0 : FLAG_VIA));
  writer.raw(uvidBytes(entry.uvid));
  writer.text(entry.object);
  assert(entry.generation >= 1, "the first generation is 1");
  writeCount(writer, entry.generation, "the generation");
  writeCount(writer, entry.sizeBytes, "the size");
  writeCount(writer, entry.loggedMs, "loggedMs");
  writeRoot(writer, entry.base);
  if (entry.via !== undefined) writer.raw(idBytes(entry.via));
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeLogEntry(bytes: Uint8Array): LogEntry {
  const reader = new ByteReader(bytes);
  readFormat(reader, FORMAT, "log entry");
  const flags = readFlags(reader, FLAGS_ALL);
  const uvid = uvidOf(reader.raw(UVID_BYTES));
  const object = parsed(parseObjectName, reader.text(OBJECT_NAME_BYTES_MAX));
  const generation = reader.varint();
  if (generation === 0) throw corruptRecord("a version of generation 0");
  const sizeBytes = reader.varint(OBJECT_SIZE_BYTES_MAX);
  const loggedMs = reader.varint();
  const base = readRoot(reader);
  const via = (flags & FLAG_VIA) === 0 ? undefined : segmentIdOf(reader.raw(SEGMENT_ID_BYTES));
  reader.end();
  const isDeleted = (flags & FLAG_DELETED) !== 0;
  return { kind: "version", object, uvid, generation, isDeleted, sizeBytes, loggedMs, base, via };
}
