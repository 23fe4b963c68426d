/** Stored forms of pieces as they cross: to plain bytes within a limit, and from plain bytes. Codecs as in the engine: 0 plain, 1 brotli. */
import type { ReceivedPiece } from "../../../segment/replication.ts";
import { pack, unpack } from "../wire/packing.ts";

const PLAIN = 0;
const BROTLI = 1;
/** Compression has to save this share, else reading is not worth it. */
const GAIN = 0.95;

type Stored = ReceivedPiece["stored"];

/** undefined when it does not decode to what it says, or says more than `maxBytes`. */
export function plainOf(stored: Stored, maxBytes: number): Uint8Array | undefined {
  if (stored.keyId !== 0 || stored.plainBytes > maxBytes) return undefined;
  if (stored.codec === PLAIN) return stored.bytes.length === stored.plainBytes ? stored.bytes : undefined;
  if (stored.codec !== BROTLI) return undefined;
  try {
    const plain = unpack(stored.bytes, stored.plainBytes);
    return plain.length === stored.plainBytes ? plain : undefined;
  } catch {
    return undefined;
  }
}

/** How plain bytes that were put together here are stored. */
export function storedOf(plain: Uint8Array): Stored {
  const packed = pack(plain);
  if (packed === undefined || packed.length > plain.length * GAIN) {
    return { codec: PLAIN, keyId: 0, plainBytes: plain.length, bytes: plain };
  }
  return { codec: BROTLI, keyId: 0, plainBytes: plain.length, bytes: packed };
}
