/** A value as it rests in the tree: CRC-32C of key and value (u32 big-endian), then the value. Layout: DESIGN.md, Bytes. */
import { toHex } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc.ts";
import { EfsError } from "../../base/errors.ts";

const CRC_BYTES = 4;

export function sealed(key: Uint8Array, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(CRC_BYTES + value.length);
  bytes.set(value, CRC_BYTES);
  new DataView(bytes.buffer).setUint32(0, crc32c(value, crc32c(key)));
  return bytes;
}

/** A view of the value. @throws RECORD_CORRUPT when it does not match its checksum. */
export function unsealed(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const value = bytes.subarray(CRC_BYTES);
  const isWhole =
    bytes.length >= CRC_BYTES &&
    new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) === crc32c(value, crc32c(key));
  if (!isWhole) throw recordCorrupt(key, "a record does not match its checksum");
  return value;
}

/** `key` with its table byte. */
export function recordCorrupt(key: Uint8Array, message: string): EfsError {
  return new EfsError("RECORD_CORRUPT", message, {
    hint: "the disk under the data directory is failing",
    details: { table: String.fromCharCode(key[0] ?? 0), key: toHex(key.subarray(1)) },
  });
}
