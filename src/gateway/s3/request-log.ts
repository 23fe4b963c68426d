/** What is told and counted of each request: the counters, the access log where it is asked for, and what went wrong on our side. */
import { EfsError, toEfsError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { S3Error } from "./errors.ts";
import type { Incoming } from "./http/incoming.ts";
import { ClientGone } from "./http/send.ts";
import type { Meter } from "./meter.ts";

const NONE = "-";
export const NOBODY = "-";

/** What becomes known of a request on its way. */
export interface Outcome {
  operation: string;
  status: number;
  code: string | undefined;
  bytesOut: number;
  user: string;
}

export function newOutcome(): Outcome {
  return { operation: NONE, status: 0, code: undefined, bytesOut: 0, user: NOBODY };
}

/** Answers that an anonymous client gets only where it is let in: all others hide the bucket, so that strangers cannot fill our tables with names. */
const SHOWN: ReadonlySet<string> = new Set([
  "NoSuchKey",
  "NoSuchVersion",
  "NotModified",
  "PreconditionFailed",
  "InvalidRange",
  "InternalError",
]);
/** No such bucket is here, whoever asks. */
const NAMELESS: ReadonlySet<string> = new Set(["NoSuchBucket", "InvalidBucketName"]);

export interface RequestLogParts {
  readonly log: Log;
  readonly meter: Meter;
  readonly hasAccessLog: boolean;
}

export class RequestLog {
  readonly #parts: RequestLogParts;

  constructor(parts: RequestLogParts) {
    this.#parts = parts;
  }

  ended(request: Incoming, outcome: Outcome, elapsedMs: number): void {
    const { meter, log, hasAccessLog } = this.#parts;
    const { operation, status, code, bytesOut, user } = outcome;
    const bytesIn = request.raw.receivedBytes;
    const isHidden = code !== undefined && (NAMELESS.has(code) || (user === NOBODY && !SHOWN.has(code)));
    const bucket = isHidden ? NONE : (request.bucket ?? NONE);
    meter.count({ operation, bucket, status, code, bytesIn, bytesOut, elapsedMs });
    if (!hasAccessLog) return;
    log.info(
      {
        request: request.id,
        from: request.remoteAddress,
        user,
        operation,
        method: request.method,
        target: withoutSignature(request.target),
        status,
        code,
        bytesIn,
        bytesOut,
        elapsedMs: Math.round(elapsedMs * 1000) / 1000,
      },
      "access",
    );
  }

  /** Logs what is our fault: bugs and damage, with the request's id that the client has too. */
  failed(request: Incoming, error: S3Error, thrown: unknown): void {
    if (!isOurs(error, thrown)) return;
    const cause = thrown instanceof S3Error ? (thrown.cause ?? thrown) : thrown;
    const { code, details, kind, message } = toEfsError(cause);
    const stack = kind === "internal" && cause instanceof Error ? cause.stack : undefined;
    this.#parts.log.error(
      {
        request: request.id,
        method: request.method,
        resource: request.resource,
        answer: error.code,
        code,
        ...details,
        cause: stack ?? message,
      },
      "a request failed",
    );
  }

  unanswered(request: Incoming, cause: unknown): void {
    if (cause instanceof ClientGone) return;
    this.#parts.log.error({ request: request.id, cause: String(cause) }, "an answer could not be sent");
  }
}

function isOurs(error: S3Error, thrown: unknown): boolean {
  if (error.code === "InternalError") return true;
  if (!(thrown instanceof EfsError)) return false;
  return (thrown.kind === "internal" || thrown.kind === "corrupt") && error.status >= 500;
}

/** A presigned address is a key for as long as it is valid: it stays out of the log. */
function withoutSignature(target: string): string {
  return target.replace(/(X-Amz-(?:Signature|Security-Token)=)[^&]*/gi, "$1…");
}
