/**
 * Memory for short byte strings, cut from larger pieces: an ArrayBuffer of its own costs a call of the allocator, zeroing and
 * work for the garbage collector, many times what filling 200 bytes does. A short string keeps its piece alive.
 */

const SLAB_BYTES = 64 * 1024;
const SHORT_BYTES_MAX = 2048;

let slab = new ArrayBuffer(SLAB_BYTES);
let usedBytes = 0;

/** `sizeBytes` bytes of zeros that nobody else has; their `buffer` is longer than they are. */
export function allocate(sizeBytes: number): Uint8Array {
  if (sizeBytes > SHORT_BYTES_MAX) return new Uint8Array(sizeBytes);
  if (usedBytes + sizeBytes > SLAB_BYTES) {
    slab = new ArrayBuffer(SLAB_BYTES);
    usedBytes = 0;
  }
  const bytes = new Uint8Array(slab, usedBytes, sizeBytes);
  // Whole words, so that 64-bit reads and writes stay aligned.
  usedBytes += (sizeBytes + 7) & ~7;
  return bytes;
}
