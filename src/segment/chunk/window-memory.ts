/**
 * Memory of windows that was used and is free again. A stream of gigabytes would else make and drop a buffer of megabytes
 * hundreds of times: page faults, and full garbage collections for the memory outside the heap.
 */

const SPARES_MAX = 8;

export class WindowMemory {
  #spares: ArrayBuffer[] = [];
  /** The size that was asked for last: only such memory is worth keeping. */
  #wantedBytes = 0;

  /** Memory of exactly this size that was given back; undefined when there is none. Holds what it held before. */
  take(sizeBytes: number): Uint8Array<ArrayBuffer> | undefined {
    this.#wantedBytes = sizeBytes;
    const index = this.#spares.findIndex((spare) => spare.byteLength === sizeBytes);
    if (index < 0) return undefined;
    const [spare] = this.#spares.splice(index, 1);
    return spare === undefined ? undefined : new Uint8Array(spare);
  }

  /** To be called once for a window, when nobody reads its pieces any more. */
  giveBack(buffer: ArrayBufferLike): void {
    if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== this.#wantedBytes) return;
    if (this.#spares.length < SPARES_MAX) this.#spares.push(buffer);
  }

  /** Drops what is kept: no stream is under way. */
  clear(): void {
    this.#spares = [];
  }
}
