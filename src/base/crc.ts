/** CRC-32C (Castagnoli) of bytes, as an unsigned 32-bit number. Guards records against rot, not against people. */
import { crc32c as native } from "@node-rs/crc32";

/** The checksum of `bytes`, continued from `before` (0 to begin). */
export function crc32c(bytes: Uint8Array, before = 0): number {
  return native(bytes as Buffer, before);
}
