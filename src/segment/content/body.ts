/** The body of a put as it comes from a caller: pieces of any size, counted against what was promised, and abortable. */
import { EfsError } from "../../base/errors.ts";
import { OBJECT_SIZE_BYTES_MAX } from "../../model/limits.ts";

export interface BodyOptions {
  /** The length that the caller promised. */
  readonly sizeBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws BAD_VALUE, TOO_LARGE */
export function checkPromisedSize(sizeBytes: number | undefined): void {
  if (sizeBytes === undefined) return;
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
    throw new EfsError("BAD_VALUE", `not a length of content: ${sizeBytes}`);
  }
  if (sizeBytes > OBJECT_SIZE_BYTES_MAX) throw tooLarge(OBJECT_SIZE_BYTES_MAX);
}

/** @throws TRUNCATED, TOO_LARGE, CANCELLED */
export async function* bodyPieces(
  body: AsyncIterable<Uint8Array>,
  options: BodyOptions,
): AsyncGenerator<Uint8Array> {
  const { sizeBytes, signal } = options;
  const iterator = body[Symbol.asyncIterator]();
  let receivedBytes = 0;
  let isDone = false;
  try {
    for (;;) {
      const result = await orAborted(iterator.next(), signal);
      if (result.done === true) break;
      const piece = checkedPiece(result.value);
      receivedBytes += piece.length;
      checkNotTooLong(receivedBytes, sizeBytes);
      if (piece.length > 0) yield piece;
    }
    isDone = true;
  } finally {
    // Not awaited: a source that hangs must not hold up the failure of the put.
    if (!isDone) Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
  checkNotTooShort(receivedBytes, sizeBytes);
}

/** The same checks for a body that is all there. */
export function checkWhole(bytes: Uint8Array, options: BodyOptions): void {
  checkNotAborted(options.signal);
  checkNotTooLong(bytes.length, options.sizeBytes);
  checkNotTooShort(bytes.length, options.sizeBytes);
}

function checkedPiece(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  throw new EfsError("BAD_VALUE", "a body yields something else than bytes");
}

function checkNotTooLong(receivedBytes: number, promisedBytes: number | undefined): void {
  const max = promisedBytes ?? OBJECT_SIZE_BYTES_MAX;
  if (receivedBytes > max) throw tooLarge(max);
}

function checkNotTooShort(receivedBytes: number, promisedBytes: number | undefined): void {
  if (promisedBytes === undefined || receivedBytes === promisedBytes) return;
  throw new EfsError("TRUNCATED", `the content ended after ${receivedBytes} of ${promisedBytes} bytes`, {
    details: { receivedBytes, promisedBytes },
  });
}

function tooLarge(max: number): EfsError {
  return new EfsError("TOO_LARGE", `the content is longer than ${max} bytes`);
}

export function checkNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled();
}

function cancelled(): EfsError {
  return new EfsError("CANCELLED", "the put was cancelled");
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  if (signal.aborted) {
    promise.catch(() => undefined);
    return Promise.reject(cancelled());
  }
  return new Promise((resolve, reject) => {
    const abort = () => reject(cancelled());
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
