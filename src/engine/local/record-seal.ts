/** A value as it rests in the tree: CRC-32C of value and key (u32 big-endian), then the value. Layout: DESIGN.md, Bytes. */
import { toHex } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc.ts";
import { EfsError } from "../../base/errors.ts";
import type { TreeEntry } from "./tree.ts";

const CRC_BYTES = 4;

/** The entry of a key (byte text). One array holds checksum, value and key, so that one call checks both. */
export function sealed(key: string, value: Uint8Array | undefined): TreeEntry {
  if (value === undefined) return { key: Buffer.from(key, "latin1"), value: undefined };
  const keyAt = CRC_BYTES + value.length;
  const bytes = Buffer.allocUnsafe(keyAt + key.length);
  bytes.set(value, CRC_BYTES);
  bytes.write(key, keyAt, "latin1");
  bytes.writeUInt32BE(crc32c(bytes.subarray(CRC_BYTES)));
  return { key: bytes.subarray(keyAt), value: bytes.subarray(0, keyAt) };
}

/** A view of the value. @throws RECORD_CORRUPT when it does not match its checksum. */
export function unsealed(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const value = bytes.subarray(CRC_BYTES);
  const isWhole =
    bytes.length >= CRC_BYTES &&
    new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) === crc32c(key, crc32c(value));
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
