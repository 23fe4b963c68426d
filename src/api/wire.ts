/**
 * The envelope of every JSON answer of the admin API, and its shared pieces. Success: `{"response": …}`. Failure:
 * `{"error": {code, kind, message, hint?, details?}}` with the HTTP status of the kind. Times are RFC 3339 in UTC (fields that end in
 * `Ms` are milliseconds, instants by the wall clock since 1970), sizes are
 * bytes, ids are hexadecimal text. Fields may be added, never renamed or removed. Unknown fields in a request are BAD_REQUEST.
 */
import type { ErrorKind } from "../base/errors.ts";

export interface ErrorBody {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly details?: Readonly<Record<string, string | number | boolean>> | undefined;
}

export const HTTP_STATUS: Readonly<Record<ErrorKind, number>> = {
  negative: 200,
  usage: 400,
  not_found: 404,
  denied: 403,
  unavailable: 503,
  timeout: 504,
  conflict: 409,
  limit: 413,
  corrupt: 500,
  unsupported: 501,
  internal: 500,
  cancelled: 499,
};

/** A page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** The name to go on after; null at the end. */
  readonly next: string | null;
}

export interface PageQuery {
  readonly prefix?: string | undefined;
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}
