/** The error for a record of the index that cannot be given: with its key, so that a person knows what is hit. */
import { bytesOfText } from "../../base/byte-text.ts";
import { toHex } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";

interface DamageOptions {
  readonly cause?: unknown;
  /** Where on the disk. */
  readonly where?: Readonly<Record<string, string | number>>;
}

/** `key` (byte text) with its table. */
export function recordCorrupt(key: string, message: string, options: DamageOptions = {}): EfsError {
  const { cause, where } = options;
  return new EfsError("RECORD_CORRUPT", message, {
    hint: "the disk under the data directory is failing",
    details: { table: key.slice(0, 1), key: toHex(bytesOfText(key.slice(1))), ...where },
    cause,
  });
}
