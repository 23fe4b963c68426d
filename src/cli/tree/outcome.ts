/** How a run over many files ends: what was done, what was left out, what failed. A failure of one does not stop the others. */
import type { EfsError, ErrorCode } from "../../base/errors.ts";

export interface Failure {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/** Failures beyond this many are counted but not kept. */
const FAILURES_KEPT_MAX = 10_000;

export class Failures {
  readonly #kept: Failure[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get kept(): readonly Failure[] {
    return this.#kept;
  }

  add(name: string, error: EfsError): void {
    this.#count += 1;
    if (this.#kept.length < FAILURES_KEPT_MAX)
      this.#kept.push({ name, code: error.code, message: error.message });
  }
}

/** Failures of one object alone. Everything else (the daemon is gone, the disk is full, no token) would meet every other as well. */
const OF_ONE_OBJECT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "BAD_NAME",
  "BAD_VALUE",
  "BAD_REQUEST",
  "OBJECT_NOT_FOUND",
  "VERSION_NOT_FOUND",
  "FILE_NOT_FOUND",
  "PRECONDITION",
  "CONFLICT",
  "EXISTS",
  "LIMIT",
  "TOO_LARGE",
  "CORRUPT",
  "CHUNK_CORRUPT",
  "CHUNK_MISSING",
  "RECORD_CORRUPT",
  "HASH_MISMATCH",
  "TRUNCATED",
]);

/** A file that could not be read or written; concerns this file alone, whatever its code. */
const ofOneFile = new WeakSet<EfsError>();

export function fileTrouble(error: EfsError): EfsError {
  ofOneFile.add(error);
  return error;
}

export function isOfOne(error: EfsError): boolean {
  return ofOneFile.has(error) || OF_ONE_OBJECT.has(error.code);
}
