/** Errors as S3 clients see them: every failure of the segment as AWS's code, and the XML body. The one place where kinds become codes. */
import { type EfsError, type ErrorCode, type ErrorKind, toEfsError } from "../../../base/errors.ts";
import { type S3Code, S3Error } from "../errors.ts";
import { type XmlChildren, xmlDocument } from "./xml.ts";

/** Codes whose meaning is narrower than their kind's. */
const CODE_TO_S3: Readonly<Partial<Record<ErrorCode, S3Code>>> = {
  BUCKET_NOT_FOUND: "NoSuchBucket",
  OBJECT_NOT_FOUND: "NoSuchKey",
  VERSION_NOT_FOUND: "NoSuchVersion",
  UPLOAD_NOT_FOUND: "NoSuchUpload",
  CLUSTER_NOT_FOUND: "NoSuchBucket",
  TENANT_NOT_FOUND: "NoSuchBucket",
  BAD_PART: "InvalidPart",
  PART_ORDER: "InvalidPartOrder",
  PART_TOO_SMALL: "EntityTooSmall",
  BUCKET_EXISTS: "BucketAlreadyOwnedByYou",
  NOT_EMPTY: "BucketNotEmpty",
  PRECONDITION: "PreconditionFailed",
  IN_USE: "InvalidBucketState",
  BUSY: "SlowDown",
  QUOTA: "QuotaExceeded",
  TOO_LARGE: "EntityTooLarge",
  NO_SPACE: "ServiceUnavailable",
  TRUNCATED: "IncompleteBody",
  HASH_MISMATCH: "BadDigest",
};

const KIND_TO_S3: Readonly<Record<ErrorKind, S3Code>> = {
  negative: "InvalidRequest",
  usage: "InvalidArgument",
  not_found: "NoSuchKey",
  denied: "AccessDenied",
  unavailable: "ServiceUnavailable",
  timeout: "RequestTimeout",
  conflict: "OperationAborted",
  limit: "InvalidRequest",
  corrupt: "InternalError",
  unsupported: "NotImplemented",
  internal: "InternalError",
  cancelled: "RequestTimeout",
};

/** Answers with the words of the error: what it says is of what the client gave. Others tell of the tenant's path or of the disk. */
const SPOKEN_CODES: ReadonlySet<S3Code> = new Set([
  "AccessDenied",
  "BadDigest",
  "EntityTooLarge",
  "EntityTooSmall",
  "IncompleteBody",
  "InvalidArgument",
  "InvalidPart",
  "InvalidPartOrder",
  "InvalidRequest",
  "NoSuchUpload",
  "NotImplemented",
]);
/** What a client should know of the segment's state, without its figures. */
const OWN_WORDS: Readonly<Partial<Record<ErrorCode, string>>> = {
  NO_SPACE: "There is no space left for what is written; reading and deleting go on",
  READ_ONLY: "Nothing can be written at present; reading goes on",
};
const RETRY_SOON = { "Retry-After": "1" };

/** What was thrown, as the client shall see it. */
export function toS3Error(thrown: unknown): S3Error {
  if (thrown instanceof S3Error) return thrown;
  const error = toEfsError(thrown);
  const code = s3CodeOf(error);
  const message = SPOKEN_CODES.has(code) ? error.message : OWN_WORDS[error.code];
  const headers = code === "SlowDown" || code === "ServiceUnavailable" ? RETRY_SOON : undefined;
  return new S3Error(code, message, { cause: thrown, headers });
}

function s3CodeOf(error: EfsError): S3Code {
  return CODE_TO_S3[error.code] ?? KIND_TO_S3[error.kind];
}

export interface ErrorFacts {
  /** `/bucket/key` as it was addressed. */
  readonly resource: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly requestId: string;
  readonly hostId: string;
}

export function errorXml(error: S3Error, facts: ErrorFacts): string {
  const { resource, requestId, hostId } = facts;
  return xmlDocument(
    "Error",
    {
      Code: error.code,
      Message: error.message,
      ...subjectOf(error.code, facts),
      ...error.elements,
      Resource: resource,
      RequestId: requestId,
      HostId: hostId,
    },
    { namespace: null },
  );
}

/** What is not there, as AWS names it. */
function subjectOf(code: S3Code, { bucket, key }: ErrorFacts): XmlChildren {
  if (code === "NoSuchBucket") return { BucketName: bucket };
  // A name that XML cannot hold would make the whole answer unreadable.
  return code === "NoSuchKey" && key !== undefined && isPlain(key) ? { Key: key } : {};
}

function isPlain(text: string): boolean {
  return !/\p{Cc}/u.test(text);
}
