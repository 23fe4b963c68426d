/**
 * The one table of errors that a person can meet. Owns codes, their kinds, and the process exit code of each kind.
 * Codes are for ever: they may be added, never renamed or moved to another kind. A bug is an assertion, not an
 * EfsError. Protocol edges (HTTP, S3, NFS) map kinds in records of their own.
 */

export const KINDS = [
  "negative",
  "usage",
  "not_found",
  "denied",
  "unavailable",
  "timeout",
  "conflict",
  "limit",
  "corrupt",
  "unsupported",
  "internal",
  "cancelled",
] as const;
export type ErrorKind = (typeof KINDS)[number];

export const EXIT_CODES: Readonly<Record<ErrorKind, number>> = {
  negative: 1,
  usage: 2,
  not_found: 3,
  denied: 4,
  unavailable: 5,
  timeout: 6,
  conflict: 7,
  limit: 8,
  corrupt: 9,
  unsupported: 10,
  internal: 70,
  cancelled: 130,
};

/** Code to kind. Grouped by kind; the order has no meaning. */
export const CODES = {
  DIFFERS: "negative",
  SOME_FAILED: "negative",
  UNHEALTHY: "negative",

  USAGE: "usage",
  BAD_NAME: "usage",
  BAD_VALUE: "usage",
  BAD_REQUEST: "usage",
  BAD_CONFIG: "usage",
  NOT_ONE_SEGMENT: "usage",
  SERVICE_INCOMPLETE: "usage",
  BAD_PART: "usage",
  PART_ORDER: "usage",
  PART_TOO_SMALL: "usage",

  NOT_FOUND: "not_found",
  CLUSTER_NOT_FOUND: "not_found",
  TENANT_NOT_FOUND: "not_found",
  BUCKET_NOT_FOUND: "not_found",
  OBJECT_NOT_FOUND: "not_found",
  VERSION_NOT_FOUND: "not_found",
  SERVICE_NOT_FOUND: "not_found",
  TOKEN_NOT_FOUND: "not_found",
  FILE_NOT_FOUND: "not_found",
  NOT_SERVED: "not_found",
  USER_NOT_FOUND: "not_found",
  ACCESS_KEY_NOT_FOUND: "not_found",
  UPLOAD_NOT_FOUND: "not_found",
  CONFIG_NOT_FOUND: "not_found",

  DENIED: "denied",
  TOKEN_MISSING: "denied",
  TOKEN_WRONG: "denied",
  AUTH_KEY_WRONG: "denied",
  PATH_REFUSED: "denied",
  PASSWORD_WRONG: "denied",
  LOCKED: "denied",

  UNAVAILABLE: "unavailable",
  BUSY: "unavailable",
  CONNECT_REFUSED: "unavailable",
  CONNECT_LOST: "unavailable",
  DATA_DIRECTORY_IN_USE: "unavailable",
  READ_ONLY: "unavailable",
  SHUTTING_DOWN: "unavailable",
  IO: "unavailable",

  TIMEOUT: "timeout",

  EXISTS: "conflict",
  CLUSTER_EXISTS: "conflict",
  TENANT_EXISTS: "conflict",
  BUCKET_EXISTS: "conflict",
  SERVICE_EXISTS: "conflict",
  TOKEN_EXISTS: "conflict",
  USER_EXISTS: "conflict",
  ACCESS_KEY_EXISTS: "conflict",
  NOT_EMPTY: "conflict",
  IN_USE: "conflict",
  PRECONDITION: "conflict",
  CONFLICT: "conflict",
  ALREADY_SERVED: "conflict",
  SAME_SEGMENT: "conflict",
  CLONED_SEGMENT: "conflict",
  DIRECTIONS_DO_NOT_PAIR: "conflict",
  PEER_CHANGED: "conflict",
  BRAKE: "conflict",

  LIMIT: "limit",
  TOO_LARGE: "limit",
  QUOTA: "limit",
  NO_SPACE: "limit",

  CORRUPT: "corrupt",
  CHUNK_CORRUPT: "corrupt",
  CHUNK_MISSING: "corrupt",
  RECORD_CORRUPT: "corrupt",
  HASH_MISMATCH: "corrupt",
  PROTOCOL: "corrupt",
  TRUNCATED: "corrupt",

  UNSUPPORTED: "unsupported",
  FORMAT_TOO_NEW: "unsupported",
  PROTOCOL_VERSION: "unsupported",

  INTERNAL: "internal",
  CANCELLED: "cancelled",
} as const satisfies Record<string, ErrorKind>;
export type ErrorCode = keyof typeof CODES;

export interface EfsErrorOptions {
  /** What to type or do next, a sentence or a command. Never a secret. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** Named facts (object, version, chunk, offset …) for JSON output and logs. Never a secret. */
  readonly details?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** An expected failure: what failed, on which name, with which value, in one sentence without a full stop. */
export class EfsError extends Error {
  override readonly name = "EfsError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, string | number | boolean>> | undefined;

  constructor(code: ErrorCode, message: string, options: EfsErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
  }

  get kind(): ErrorKind {
    return CODES[this.code];
  }

  get exitCode(): number {
    return EXIT_CODES[this.kind];
  }
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(CODES, text);
}

/** An EfsError as it is; a disk-full or connection error of the system as its code; anything else as INTERNAL. */
export function toEfsError(thrown: unknown): EfsError {
  if (thrown instanceof EfsError) return thrown;
  const code = systemCode(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const mapped = code === undefined ? undefined : SYSTEM_CODES[code];
  return new EfsError(mapped ?? "INTERNAL", message, { cause: thrown });
}

const SYSTEM_CODES: Readonly<Record<string, ErrorCode | undefined>> = {
  ENOSPC: "NO_SPACE",
  EDQUOT: "QUOTA",
  EIO: "IO",
  EROFS: "READ_ONLY",
  EACCES: "DENIED",
  EPERM: "DENIED",
  ENOENT: "FILE_NOT_FOUND",
  ECONNREFUSED: "CONNECT_REFUSED",
  ECONNRESET: "CONNECT_LOST",
  EPIPE: "CONNECT_LOST",
  ETIMEDOUT: "TIMEOUT",
  EHOSTUNREACH: "CONNECT_REFUSED",
  ENETUNREACH: "CONNECT_REFUSED",
  EMFILE: "BUSY",
  ENFILE: "BUSY",
};

/** The `code` of a Node system error (`ENOENT` …); undefined when there is none. */
export function systemCode(thrown: unknown): string | undefined {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" ? thrown.code : undefined;
}
