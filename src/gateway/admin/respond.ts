/**
 * Answers: the JSON envelope, errors with the HTTP status of their kind, and what happens to a request body that nobody read. An answer to a
 * request whose body is still on its way closes the connection, after reading a little more so that the client gets to see the answer.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { asciiJson, ERROR_HEADER } from "../../api/header.ts";
import { type ErrorBody, HTTP_STATUS } from "../../api/wire.ts";
import type { Clock } from "../../base/clock.ts";
import { type EfsError, type ErrorCode, toEfsError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { closeAfter, isUnread, UNREAD_WAIT_MS } from "../unread-body.ts";

/** Codes whose HTTP status is not that of their kind. */
const CODE_STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  TOKEN_MISSING: 401,
  TOKEN_WRONG: 401,
  PRECONDITION: 412,
  NO_SPACE: 507,
  QUOTA: 507,
};

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export function statusOf(error: EfsError): number {
  return CODE_STATUS[error.code] ?? HTTP_STATUS[error.kind];
}

export function errorBody(error: EfsError): { readonly error: ErrorBody } {
  const { code, kind, message, hint, details } = error;
  return { error: { code, kind, message, hint, details } };
}

/** What was thrown, as what a person may see; a bug is logged with its stack and told without it. */
export function publicError(thrown: unknown, log: Log, facts: object): EfsError {
  const error = toEfsError(thrown);
  if (error.kind === "internal") {
    const cause = thrown instanceof Error ? thrown.stack : String(thrown);
    log.error({ ...facts, cause }, "a request failed by a bug");
  } else if (error.kind === "corrupt" && error.code !== "TRUNCATED") {
    log.error({ ...facts, code: error.code, ...error.details }, error.message);
  }
  return error;
}

export function sendJson(
  { response }: Exchange,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(value);
  response.writeHead(status, {
    ...headers,
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

/** Answers with an error; when an answer has begun already, cuts the connection, so that nobody takes half for whole. */
export function sendError(
  exchange: Exchange,
  clock: Clock,
  error: EfsError,
  options: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): void {
  const { request, response } = exchange;
  if (response.headersSent || response.destroyed) {
    // What was sent already reaches the reader, who counts and finds that it is not all.
    request.socket.setTimeout(UNREAD_WAIT_MS);
    request.socket.destroySoon();
    return;
  }
  for (const [name, value] of Object.entries(options.headers ?? {})) response.setHeader(name, value);
  if (error.code === "TOKEN_MISSING" || error.code === "TOKEN_WRONG")
    response.setHeader("www-authenticate", "Bearer");
  if (error.code === "BUSY" || error.code === "SHUTTING_DOWN") response.setHeader("retry-after", "1");
  if (isUnread(request)) closeAfter(exchange, clock);
  if (request.method === "HEAD") response.setHeader(ERROR_HEADER, asciiJson(errorBody(error).error));
  sendJson(exchange, options.status ?? statusOf(error), errorBody(error));
}
