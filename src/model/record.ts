/**
 * What every record's bytes share: the format byte in front, texts and pairs with limits, whole numbers. A record of a
 * later format is FORMAT_TOO_NEW, never guessed at. Records carry no checksum of their own: the engine's covers them at
 * rest, the frame's on the wire, and an id covers nodes.
 */
import { assert } from "../base/assert.ts";
import { compareBytes, utf8 } from "../base/bytes.ts";
import type { ByteReader, ByteWriter } from "../base/cursor.ts";
import { EfsError } from "../base/errors.ts";

/** @throws FORMAT_TOO_NEW for a later format, RECORD_CORRUPT for one below `oldest` */
export function readFormat(reader: ByteReader, newest: number, what: string, oldest = 1): number {
  const format = reader.u8();
  if (format < oldest) throw corruptRecord(`a ${what} of format ${format}`);
  if (format > newest) {
    throw new EfsError(
      "FORMAT_TOO_NEW",
      `a ${what} has format ${format}, this program knows formats up to ${newest}`,
      {
        hint: "use the newer efsd that wrote it",
      },
    );
  }
  return format;
}

/** Flags of which only those in `known` may be set. @throws RECORD_CORRUPT */
export function readFlags(reader: ByteReader, known: number): number {
  const flags = reader.u8();
  if ((flags & ~known) !== 0) throw corruptRecord(`unknown flags ${flags & ~known}`);
  return flags;
}

/** A whole number from 0 to 2^53-1; anything else is a bug of the caller. */
export function writeCount(writer: ByteWriter, value: number, what: string): void {
  assert(Number.isSafeInteger(value) && value >= 0, `${what} is a whole number, not ${value}`);
  writer.varint(value);
}

export interface PairLimits {
  readonly entriesMax: number;
  readonly keyBytesMax: number;
  readonly valueBytesMax: number;
}

/** Text that its reader will take. @throws LIMIT, BAD_VALUE (not well-formed Unicode) */
export function writeText(writer: ByteWriter, text: string, limit: { bytesMax: number; what: string }): void {
  const bytes = utf8(text);
  if (bytes.length > limit.bytesMax) {
    throw new EfsError("LIMIT", `${limit.what} is ${bytes.length} bytes, the limit is ${limit.bytesMax}`);
  }
  if (/\p{Surrogate}/u.test(text))
    throw new EfsError("BAD_VALUE", `${limit.what} is not well-formed Unicode`);
  writer.bytes(bytes);
}

/**
 * Keys and values in byte order of the keys, whatever the order of the object.
 * @throws LIMIT, BAD_VALUE for what its reader would refuse
 */
export function writeSortedPairs(
  writer: ByteWriter,
  pairs: Readonly<Record<string, string>>,
  limits: PairLimits,
): void {
  const keys = Object.keys(pairs);
  if (keys.length > limits.entriesMax) {
    throw new EfsError("LIMIT", `${keys.length} keys, the limit is ${limits.entriesMax}`);
  }
  writer.varint(keys.length);
  const entries = keys.map((key) => ({ key, keyBytes: utf8(key), value: pairs[key] ?? "" }));
  entries.sort((left, right) => compareBytes(left.keyBytes, right.keyBytes));
  for (const { key, value } of entries) {
    if (key === "") throw new EfsError("BAD_VALUE", "a key is empty");
    writeText(writer, key, { bytesMax: limits.keyBytesMax, what: "a key" });
    writeText(writer, value, { bytesMax: limits.valueBytesMax, what: "a value" });
  }
}

/** @throws RECORD_CORRUPT when keys are out of order, empty or twice, or a limit is passed */
export function readSortedPairs(reader: ByteReader, limits: PairLimits): Readonly<Record<string, string>> {
  const entryCount = reader.varint(limits.entriesMax);
  const entries: Array<readonly [string, string]> = [];
  let before: Uint8Array | undefined;
  for (let index = 0; index < entryCount; index += 1) {
    const start = reader.offset;
    const name = reader.text(limits.keyBytesMax);
    if (name === "") throw corruptRecord(`an empty key at offset ${start}`);
    const key = utf8(name);
    if (before !== undefined && compareBytes(before, key) >= 0) throw corruptRecord("keys are out of order");
    before = key;
    entries.push([name, reader.text(limits.valueBytesMax)]);
  }
  // fromEntries makes own properties of every name, `__proto__` too.
  return Object.fromEntries(entries);
}

/** Parses with a function made for people's input; what fails there is damage here. @throws RECORD_CORRUPT */
export function parsed<T>(parse: (text: string) => T, text: string): T {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof EfsError) throw new EfsError("RECORD_CORRUPT", error.message, { cause: error });
    throw error;
  }
}

export function corruptRecord(message: string): EfsError {
  return new EfsError("RECORD_CORRUPT", message);
}
