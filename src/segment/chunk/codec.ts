/**
 * How plain bytes of a chunk become stored ones, and back. Codec 0 is plain, codec 1 brotli. Chunks that hardly shrink are
 * stored plain: a sample of their bytes decides before anything is compressed. Decoding never makes more than was said.
 */
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { EfsError } from "../../base/errors.ts";
import type { StoredChunk } from "../../engine/chunk-store.ts";
import { FIXED_CHUNK_BYTES_MAX } from "../../model/limits.ts";

export const CODEC_PLAIN = 0;
export const CODEC_BROTLI = 1;

/** Shorter chunks are not worth a compressor's start. */
const COMPRESS_BYTES_MIN = 256;
/** Of 20 parts one must be saved. */
const GAIN_PARTS = 20;

const SAMPLE_SLICES = 16;
const SAMPLE_SLICE_BYTES = 256;
/**
 * Pearson's chi-square of the sample's 4,096 bytes against 256 equal bins: about 255 for random bytes, below this for
 * everything whose bytes alone could not be packed 3 % tighter (media, archives, ciphertext).
 */
const CHI_SQUARE_MIN = 1000;

/** Quality 1: within a quarter of zstd 1's speed and a few per cent of its size on source text, and it is built in. */
const COMPRESS_OPTIONS = {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 1,
    [constants.BROTLI_PARAM_LGWIN]: 18,
  },
};

/** The stored form of plain bytes; `bytes` is the argument itself when it is stored plain. */
export function encodeChunk(plain: Uint8Array): StoredChunk {
  const plainBytes = plain.length;
  if (plainBytes >= COMPRESS_BYTES_MIN && looksCompressible(plain)) {
    const packed = brotliCompressSync(plain, { ...COMPRESS_OPTIONS, chunkSize: outputBytes(plainBytes) });
    if (packed.length <= plainBytes - plainBytes / GAIN_PARTS) {
      return { codec: CODEC_BROTLI, keyId: 0, plainBytes, bytes: new Uint8Array(packed) };
    }
  }
  return { codec: CODEC_PLAIN, keyId: 0, plainBytes, bytes: plain };
}

/**
 * The plain bytes; the stored ones themselves when the codec is plain. Their hash is the caller's to check.
 * @throws CHUNK_CORRUPT when they do not decode to exactly `plainBytes`; FORMAT_TOO_NEW for a codec or key not known here
 */
export function decodeChunk(stored: StoredChunk): Uint8Array {
  const { codec, keyId, plainBytes, bytes } = stored;
  if (keyId !== 0) throw new EfsError("FORMAT_TOO_NEW", `a chunk is encrypted with key ${keyId}`);
  if (!Number.isSafeInteger(plainBytes) || plainBytes < 0 || plainBytes > FIXED_CHUNK_BYTES_MAX) {
    throw new EfsError(
      "CHUNK_CORRUPT",
      `a chunk of ${plainBytes} bytes, the limit is ${FIXED_CHUNK_BYTES_MAX}`,
    );
  }
  if (codec === CODEC_PLAIN) {
    if (bytes.length === plainBytes) return bytes;
    throw new EfsError("CHUNK_CORRUPT", `a chunk has ${bytes.length} bytes instead of ${plainBytes}`);
  }
  if (codec !== CODEC_BROTLI) throw new EfsError("FORMAT_TOO_NEW", `a chunk has the codec ${codec}`);
  const plain = inflate(bytes, plainBytes);
  if (plain.length === plainBytes) return plain;
  throw new EfsError("CHUNK_CORRUPT", `a chunk unpacks to ${plain.length} bytes instead of ${plainBytes}`);
}

function inflate(bytes: Uint8Array, plainBytes: number): Uint8Array {
  try {
    return brotliDecompressSync(bytes, {
      maxOutputLength: Math.max(1, plainBytes),
      chunkSize: outputBytes(plainBytes),
    });
  } catch (error) {
    throw new EfsError("CHUNK_CORRUPT", "a chunk does not unpack", { cause: error });
  }
}

/** Room for the whole output in one piece. */
function outputBytes(plainBytes: number): number {
  return Math.max(1024, plainBytes + 64);
}

const histogram = new Uint32Array(256);

/** False when a sample spread over the bytes has every byte about equally often. */
function looksCompressible(plain: Uint8Array): boolean {
  const sampleBytes = SAMPLE_SLICES * SAMPLE_SLICE_BYTES;
  if (plain.length < sampleBytes) return true;
  histogram.fill(0);
  const stride = Math.floor((plain.length - SAMPLE_SLICE_BYTES) / (SAMPLE_SLICES - 1));
  for (let slice = 0; slice < SAMPLE_SLICES; slice += 1) {
    const start = slice * stride;
    for (let index = start; index < start + SAMPLE_SLICE_BYTES; index += 1) {
      const byte = plain[index] as number;
      histogram[byte] = (histogram[byte] as number) + 1;
    }
  }
  const expected = sampleBytes / 256;
  let squares = 0;
  for (let byte = 0; byte < 256; byte += 1) {
    const excess = (histogram[byte] as number) - expected;
    squares += excess * excess;
  }
  return squares / expected > CHI_SQUARE_MIN;
}
