/** Compression on the link: brotli at a quality that keeps up with it, and never inflating beyond a limit. */
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { EfsError } from "../../../base/errors.ts";

/** Below this compression does not pay for its own header. */
const PACK_BYTES_MIN = 96;

/** Brotli at a quality that keeps up with the link; undefined when it does not help. */
export function pack(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < PACK_BYTES_MIN) return undefined;
  const packed = brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 5,
      [constants.BROTLI_PARAM_LGWIN]: 22,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
  return packed.length < bytes.length ? packed : undefined;
}

/** The inverse of `pack`, never longer than `maxBytes`. @throws PROTOCOL */
export function unpack(bytes: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return brotliDecompressSync(bytes, { maxOutputLength: Math.max(1, maxBytes) });
  } catch (cause) {
    throw new EfsError("PROTOCOL", `a compressed body is damaged or inflates beyond ${maxBytes} bytes`, {
      cause,
    });
  }
}
