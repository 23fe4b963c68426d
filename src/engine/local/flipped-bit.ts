/**
 * Tells a last frame of the journal in which a bit flipped from one that was torn: a torn write lacks whole sectors, and its checksum is then
 * any number; one flipped bit changes the checksum by a number that belongs to its place alone. Of a long frame so many numbers belong to some
 * place (8 MiB: one in 64) that the changes must be whole as well once the bit is turned back: what lacks sectors hardly ever is.
 */
import { crc32c } from "../../base/crc.ts";
import { EfsError } from "../../base/errors.ts";
import { decodeChanges, decodeFrameHeader, FRAME_HEADER_BYTES } from "./journal-frame.ts";

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
  const payload = frame.slice(FRAME_HEADER_BYTES);
  const flipped = flippedBitOf(payload, header.payloadCrc);
  if (flipped === undefined) return false;
  payload[flipped.at] = (payload[flipped.at] as number) ^ (1 << flipped.bit);
  if (!isWhole(payload)) return false;
  const sector = Math.floor((FRAME_HEADER_BYTES + flipped.at) / SECTOR_BYTES) * SECTOR_BYTES;
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

function isWhole(payload: Uint8Array): boolean {
  try {
    decodeChanges(payload);
    return true;
  } catch (thrown) {
    if (thrown instanceof EfsError) return false;
    throw thrown;
  }
}

/** The bit that is to be turned for this checksum; undefined when there is none. */
function flippedBitOf(payload: Uint8Array, checksum: number): { at: number; bit: number } | undefined {
  const difference = (crc32c(payload) ^ checksum) >>> 0;
  const table = Uint32Array.from({ length: 256 }, (_, byte) => afterBits(byte));
  // What each bit of the last byte changes; then of the one before it, and so on.
  const changes = Uint32Array.from({ length: 8 }, (_, bit) => afterBits(1 << bit));
  for (let at = payload.length - 1; at >= 0; at -= 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const change = changes[bit] as number;
      if (change === difference) return { at, bit };
      // The register of the checksum after one more byte of zeros.
      changes[bit] = (change >>> 8) ^ (table[change & 0xff] as number);
    }
  }
  return undefined;
}

/** A byte of the register after its eight bits went through. */
function afterBits(byte: number): number {
  let value = byte;
  for (let count = 0; count < 8; count += 1) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL : 0);
  return value >>> 0;
}
