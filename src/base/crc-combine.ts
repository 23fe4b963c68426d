/**
 * The CRC of two byte strings end to end, from the CRC of each and the second's length: crc(A ++ B) = crc(A) · x^(8·|B|) + crc(B) modulo the
 * polynomial. Numbers are bit-reversed, as the CRCs themselves are, so the top bit stands for x^0. The method is zlib's (crc32_combine).
 */

/** CRCs that this file can combine; values are big-endian, 4 or 8 bytes. */
export type CombinableCrc = "crc32" | "crc32c" | "crc64nvme";

/** A polynomial below the modulus: its upper 32 bits and its lower ones. Those of 32 bits have all of it in `high`. */
interface Residue {
  readonly high: number;
  readonly low: number;
}

interface Field {
  readonly bytes: 4 | 8;
  /** The modulus without its highest term. */
  readonly modulus: Residue;
}

const FIELDS: Readonly<Record<CombinableCrc, Field>> = {
  crc32: { bytes: 4, modulus: { high: 0xedb88320 | 0, low: 0 } },
  crc32c: { bytes: 4, modulus: { high: 0x82f63b78 | 0, low: 0 } },
  crc64nvme: { bytes: 8, modulus: { high: 0x9a6c9329 | 0, low: 0xac4bc9b5 | 0 } },
};
/** x^0, and x^8: one byte further. */
const ONE: Residue = { high: 0x80000000 | 0, low: 0 };
const BYTE: Residue = { high: 0x00800000, low: 0 };

export interface CrcPart {
  /** Big-endian, of the part's bytes. */
  readonly value: Uint8Array;
  readonly sizeBytes: number;
}

/** The CRC of all parts end to end; that of no bytes for no parts. */
export function combineCrcs(kind: CombinableCrc, parts: Iterable<CrcPart>): Uint8Array {
  const field = FIELDS[kind];
  let all: Residue = { high: 0, low: 0 };
  // Nearly all parts of an upload have one length.
  let shift = { sizeBytes: 0, factor: ONE };
  for (const { value, sizeBytes } of parts) {
    if (sizeBytes !== shift.sizeBytes) shift = { sizeBytes, factor: shiftOf(field, sizeBytes) };
    const moved = multiply(field, all, shift.factor);
    const own = read(field, value);
    all = { high: moved.high ^ own.high, low: moved.low ^ own.low };
  }
  const out = new Uint8Array(field.bytes);
  const view = new DataView(out.buffer);
  view.setInt32(0, all.high);
  if (field.bytes === 8) view.setInt32(4, all.low);
  return out;
}

/** x^(8 · sizeBytes). */
function shiftOf(field: Field, sizeBytes: number): Residue {
  let result = ONE;
  let power = BYTE;
  for (let rest = sizeBytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiply(field, result, power);
    power = multiply(field, power, power);
  }
  return result;
}

function multiply({ bytes, modulus }: Field, left: Residue, right: Residue): Residue {
  let [high, low] = [0, 0];
  let { high: factorHigh, low: factorLow } = right;
  for (let bit = 0; bit < bytes * 8; bit += 1) {
    const word = bit < 32 ? left.high : left.low;
    if ((word & (0x80000000 >>> (bit & 31))) !== 0) {
      high ^= factorHigh;
      low ^= factorLow;
    }
    // Times x: towards the lowest bit, and reduced when a term falls out there.
    const isOver = ((bytes === 4 ? factorHigh : factorLow) & 1) === 1;
    factorLow = bytes === 4 ? 0 : (factorLow >>> 1) | (factorHigh << 31);
    factorHigh >>>= 1;
    if (!isOver) continue;
    factorHigh ^= modulus.high;
    factorLow ^= modulus.low;
  }
  return { high, low };
}

function read({ bytes }: Field, value: Uint8Array): Residue {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return { high: view.getInt32(0), low: bytes === 8 ? view.getInt32(4) : 0 };
}
