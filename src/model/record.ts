/**
 * What all records at rest have in common: a format byte in front, and one way for bad bytes to fail. A record of an
 * unknown format is FORMAT_TOO_NEW; anything else that does not decode is RECORD_CORRUPT or TRUNCATED.
 */
import { ByteReader, type ByteWriter } from "../base/cursor.ts";
import { EfsError } from "../base/errors.ts";
import { METADATA_BYTES_MAX } from "./limits.ts";

/** Decodes a whole record of format 1 with `read`; nothing may be left over. */
export function decodeRecord<T>(what: string, bytes: Uint8Array, read: (reader: ByteReader) => T): T {
  const reader = new ByteReader(bytes);
  const format = reader.u8();
  if (format !== 1) {
    throw new EfsError("FORMAT_TOO_NEW", `a ${what} has format ${format}, this version reads 1`);
  }
  try {
    const value = read(reader);
    reader.end();
    return value;
  } catch (thrown) {
    if (thrown instanceof EfsError && thrown.kind !== "corrupt") {
      throw new EfsError("RECORD_CORRUPT", `a ${what} does not decode: ${thrown.message}`, { cause: thrown });
    }
    throw thrown;
  }
}

export function writeMap(writer: ByteWriter, map: Readonly<Record<string, string>>): void {
  const keys = Object.keys(map).sort();
  writer.varint(keys.length);
  for (const key of keys) writer.text(key).text(map[key] ?? "");
}

/** A map with at most `entriesMax` keys, in strictly rising order. */
export function readMap(reader: ByteReader, entriesMax: number): Record<string, string> {
  const count = reader.varint(entriesMax);
  const map: Record<string, string> = Object.create(null) as Record<string, string>;
  let before: string | undefined;
  for (let index = 0; index < count; index += 1) {
    const key = reader.text(METADATA_BYTES_MAX);
    if (before !== undefined && key <= before)
      throw new EfsError("RECORD_CORRUPT", "keys of a map are out of order");
    map[key] = reader.text(METADATA_BYTES_MAX);
    before = key;
  }
  return map;
}
