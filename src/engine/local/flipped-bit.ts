/**
 * Tells a last frame of the journal in which a bit flipped from one that was torn: a torn write lacks whole sectors, and its checksum is then
 * any number; one flipped bit changes the checksum by a number that belongs to its place alone.
 */
import { crc32c } from "../../base/crc.ts";
import { decodeFrameHeader, FRAME_HEADER_BYTES } from "./journal-frame.ts";

/** Of more bytes too many numbers belong to a place: of this many, one torn write in 30,000 would be taken for a flipped bit. */
const PAYLOAD_BYTES_MAX = 16 * 1024;
const SECTOR_BYTES = 512;
/** With fewer bytes in its sector, a bit may be all that the sector lacks. */
const SECTOR_PART_BYTES_MIN = 16;
/** Castagnoli's polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;

/** Whether one flipped bit is all that keeps the start of `bytes` from being the frame of this sequence. */
export function isFlippedFrame(salt: bigint, sequence: bigint, bytes: Uint8Array): boolean {
  const header = decodeFrameHeader(salt, bytes);
  if (header === undefined) return isFlippedHeader(salt, sequence, bytes.slice(0, FRAME_HEADER_BYTES));
  if (header.sequence !== sequence) return false;
  const frame = bytes.subarray(0, FRAME_HEADER_BYTES + header.payloadBytes);
  const at = flippedByteOf(frame.subarray(FRAME_HEADER_BYTES), header.payloadCrc);
  if (at === undefined) return false;
  const sector = Math.floor((FRAME_HEADER_BYTES + at) / SECTOR_BYTES) * SECTOR_BYTES;
  // The sector of the header is there.
  if (sector === 0) return true;
  const part = frame.subarray(sector, sector + SECTOR_BYTES);
  return part.length >= SECTOR_PART_BYTES_MIN && part.some((byte) => byte !== 0);
}

function isFlippedHeader(salt: bigint, sequence: bigint, header: Uint8Array): boolean {
  for (let bit = 0; bit < header.length * 8; bit += 1) {
    const at = bit >> 3;
    const found = header[at] as number;
    header[at] = found ^ (1 << (bit & 7));
    if (decodeFrameHeader(salt, header)?.sequence === sequence) return true;
    header[at] = found;
  }
  return false;
}

/** The byte of which one bit is to be changed for this checksum; undefined when there is none. */
function flippedByteOf(payload: Uint8Array, checksum: number): number | undefined {
  if (payload.length > PAYLOAD_BYTES_MAX) return undefined;
  const difference = (crc32c(payload) ^ checksum) >>> 0;
  // What each bit of the last byte changes; then of the one before it, and so on.
  const changes = Array.from({ length: 8 }, (_, bit) => shifted(1 << bit));
  for (let at = payload.length - 1; at >= 0; at -= 1) {
    if (changes.includes(difference)) return at;
    for (let bit = 0; bit < 8; bit += 1) changes[bit] = shifted(changes[bit] as number);
  }
  return undefined;
}

/** The register of the checksum after one more byte of zeros. */
function shifted(register: number): number {
  let value = register;
  for (let count = 0; count < 8; count += 1) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL : 0);
  return value >>> 0;
}
