/** What passes between a stream's MD5 and the thread that computes it. Content lies in places of shared memory, not in messages. */

/** Bytes of one place; longer pieces take several. */
export const PLACE_BYTES = 64 * 1024;
export const PLACES = 48;

export interface Md5Memory {
  /** PLACES of PLACE_BYTES. */
  readonly content: SharedArrayBuffer;
  /** An Int32 for each place: 1 while it holds what is not hashed yet. */
  readonly taken: SharedArrayBuffer;
}

export type Md5Request =
  | { readonly kind: "update"; readonly id: number; readonly place: number; readonly sizeBytes: number }
  /** Answered by `done`. */
  | { readonly kind: "end"; readonly id: number }
  /** Nobody asks for it any more. */
  | { readonly kind: "drop"; readonly id: number }
  /** Answered by `idle` when all before it is hashed. */
  | { readonly kind: "settle" };

export type Md5Reply =
  | { readonly kind: "done"; readonly id: number; readonly md5: Uint8Array }
  | { readonly kind: "idle" };
