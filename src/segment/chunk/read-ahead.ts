/**
 * How much a reader fetches at a time: what one reader alone needs to be fast, less for each when there are many. A reader that
 * stalls keeps what it has fetched, so that hundreds of them would otherwise fill the memory.
 */

/** Plain bytes that one fetch asks for. */
export const FETCH_BYTES_MAX = 2 * 1024 * 1024;
const FETCH_BYTES_MIN = 128 * 1024;
/** Shared by the fetches of all readers. */
const FETCHES_BYTES = 16 * 1024 * 1024;

export class ReadAhead {
  #readerCount = 0;

  /** A reader begins; to be called when it ends. */
  begin(): () => void {
    this.#readerCount += 1;
    return () => {
      this.#readerCount -= 1;
    };
  }

  /** Bytes that the next fetch of each reader asks for. */
  get fetchBytes(): number {
    const share = Math.floor(FETCHES_BYTES / Math.max(1, this.#readerCount));
    return Math.min(FETCH_BYTES_MAX, Math.max(FETCH_BYTES_MIN, share));
  }
}
