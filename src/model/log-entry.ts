/** The bytes of a record of the transaction log. FORMAT.md describes them. */
import { ByteWriter } from "../base/cursor.ts";
import { EfsError } from "../base/errors.ts";
import { readRoot, writeRoot } from "./chunk-manifest.ts";
import { idBytes, segmentIdOf } from "./ids.ts";
import { OBJECT_NAME_BYTES_MAX, OBJECT_SIZE_BYTES_MAX } from "./limits.ts";
import { parseObjectName } from "./names.ts";
import { decodeRecord } from "./record.ts";
import { UVID_BYTES, uvidBytes, uvidOf } from "./uvid.ts";
import type { LogEntry } from "./version.ts";

const KIND_VERSION = 1;
const DELETED = 1;
const HAS_VIA = 2;

export function encodeLogEntry(entry: LogEntry): Uint8Array {
  const flags = (entry.isDeleted ? DELETED : 0) | (entry.via === undefined ? 0 : HAS_VIA);
  const writer = new ByteWriter(160);
  writer.u8(1).u8(KIND_VERSION).u8(flags).text(entry.object).raw(uvidBytes(entry.uvid));
  writer.varint(entry.generation).varint(entry.sizeBytes).varint(entry.loggedMs);
  writeRoot(writer, entry.base);
  if (entry.via !== undefined) writer.raw(idBytes(entry.via));
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeLogEntry(bytes: Uint8Array): LogEntry {
  return decodeRecord("log record", bytes, (reader) => {
    const kind = reader.u8();
    if (kind !== KIND_VERSION)
      throw new EfsError("FORMAT_TOO_NEW", `a log record has the unknown kind ${kind}`);
    const flags = reader.u8();
    if (flags > (DELETED | HAS_VIA))
      throw new EfsError("RECORD_CORRUPT", `a log record has unknown flags ${flags}`);
    return {
      kind: "version",
      object: parseObjectName(reader.text(OBJECT_NAME_BYTES_MAX)),
      uvid: uvidOf(reader.raw(UVID_BYTES)),
      generation: reader.varint(),
      isDeleted: (flags & DELETED) !== 0,
      sizeBytes: reader.varint(OBJECT_SIZE_BYTES_MAX),
      loggedMs: reader.varint(),
      base: readRoot(reader),
      via: (flags & HAS_VIA) === 0 ? undefined : segmentIdOf(reader.raw(8)),
    };
  });
}
