/** CRC-32 (of zip and Ethernet) and CRC-32C (Castagnoli) of bytes, as unsigned 32-bit numbers. They guard against rot, not against people. */
import { crc32c as native, crc32 as nativeCrc32 } from "@node-rs/crc32";

/** The checksum of `bytes`, continued from `before` (0 to begin). */
export function crc32c(bytes: Uint8Array, before = 0): number {
  return native(bytes as Buffer, before);
}

/** As `crc32c`, by the older polynomial. */
export function crc32(bytes: Uint8Array, before = 0): number {
  return nativeCrc32(bytes as Buffer, before);
}
