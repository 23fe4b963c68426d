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

const FORMAT = 2;
const FLAG_DELETED = 0x01;
const FLAG_VIA = 0x02;
/** Two bits: what the entry is about. */
const KIND_SHIFT = 2;
const KINDS: ReadonlyArray<LogEntry["kind"]> = ["version", "expunge", "annotation"];
const FLAGS_ALL = 0x0f;
const SEGMENT_ID_BYTES = 8;

export function encodeLogEntry(entry: LogEntry): Uint8Array {
  const isDeleted = entry.kind === "version" && entry.isDeleted;
  const writer = new ByteWriter(256);
  writer.u8(FORMAT);
  writer.u8(
    (isDeleted ? FLAG_DELETED : 0) |
      (entry.via === undefined ? 0 : FLAG_VIA) |
      (KINDS.indexOf(entry.kind) << KIND_SHIFT),
  );
  writer.raw(uvidBytes(entry.uvid));
  writer.text(entry.object);
  assert(entry.generation >= 1, "the first generation is 1");
  writeCount(writer, entry.generation, "the generation");
  writeCount(writer, entry.loggedMs, "loggedMs");
  if (entry.kind === "version") {
    writeCount(writer, entry.sizeBytes, "the size");
    writeRoot(writer, entry.base);
  }
  if (entry.kind === "annotation") writer.raw(uvidBytes(entry.change));
  if (entry.via !== undefined) writer.raw(idBytes(entry.via));
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeLogEntry(bytes: Uint8Array): LogEntry {
  const reader = new ByteReader(bytes);
  readFormat(reader, FORMAT, "log entry", FORMAT);
  const flags = readFlags(reader, FLAGS_ALL);
  const kind = KINDS[flags >> KIND_SHIFT];
  if (kind === undefined) throw corruptRecord("a log entry of an unknown kind");
  const isDeleted = (flags & FLAG_DELETED) !== 0;
  if (isDeleted && kind !== "version") throw corruptRecord("a deleted version that is none");
  const uvid = uvidOf(reader.raw(UVID_BYTES));
  const object = parsed(parseObjectName, reader.text(OBJECT_NAME_BYTES_MAX));
  const generation = reader.varint();
  if (generation === 0) throw corruptRecord("a version of generation 0");
  const loggedMs = reader.varint();
  const sizeBytes = kind === "version" ? reader.varint(OBJECT_SIZE_BYTES_MAX) : 0;
  const base = kind === "version" ? readRoot(reader) : undefined;
  const change = kind === "annotation" ? uvidOf(reader.raw(UVID_BYTES)) : undefined;
  const via = (flags & FLAG_VIA) === 0 ? undefined : segmentIdOf(reader.raw(SEGMENT_ID_BYTES));
  reader.end();
  const about = { object, uvid, generation, loggedMs, via };
  if (change !== undefined) return { kind: "annotation", ...about, change };
  if (base !== undefined) return { kind: "version", ...about, isDeleted, sizeBytes, base };
  return { kind: "expunge", ...about };
}
