/**
 * Whether the engine may still write. A failed sync leaves the kernel's view and the disk's apart in a way that no
 * second sync can mend, so the first one ends all writing until the engine is opened anew. Reads go on.
 */
import { EfsError, systemCode } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";

export class Health {
  readonly #log: Log;
  #failure: string | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  get isWritable(): boolean {
    return this.#failure === undefined;
  }

  /** @throws READ_ONLY after a failure. */
  checkWritable(): void {
    if (this.#failure === undefined) return;
    throw new EfsError("READ_ONLY", `the engine is read-only since ${this.#failure}`, {
      hint: "look at the disk, then start efsd again",
    });
  }

  /** Ends all writing; returns the error for those whose write was under way. */
  fail(what: string, cause: unknown): EfsError {
    const message = cause instanceof Error ? cause.message : String(cause);
    if (this.#failure === undefined) {
      this.#failure = `${what} failed: ${message}`;
      this.#log.error({ what, cause: message }, "the engine is read-only until it is opened anew");
    }
    return new EfsError("IO", `${what} failed: ${message}`, {
      hint: "what was being written may or may not be there after a restart",
      cause,
    });
  }
}

export function isNoSpace(error: unknown): boolean {
  const code = systemCode(error);
  if (code === "ENOSPC" || code === "EDQUOT" || code === "NO_SPACE") return true;
  return error instanceof Error && /No space left|quota exceeded/i.test(error.message);
}

/** Too many files are open: nothing was written, nothing is wrong with the disk, and it passes. */
export function isBusy(error: unknown): boolean {
  const code = systemCode(error);
  return code === "EMFILE" || code === "ENFILE";
}

export function noSpace(cause: unknown): EfsError {
  return new EfsError("NO_SPACE", "the disk is full", { hint: "make room, then try again", cause });
}
