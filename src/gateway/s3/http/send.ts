/** Answers on the wire: small ones in one write, streams with back-pressure, and the connection reset when a stream breaks off behind its headers. */
import type { ServerResponse } from "node:http";
import { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Clock } from "../../../base/clock.ts";
import { closeAfter, isUnread } from "../../unread-body.ts";
import type { S3Response } from "../action.ts";
import type { Incoming } from "./incoming.ts";

export interface SendContext {
  readonly clock: Clock;
  /** The same in every answer of this process. */
  readonly hostId: string;
  /** Called while a reader is waited for, and when it has taken something. */
  readonly onWait: (isWaiting: boolean) => void;
}

/** Thrown when the client went away: nobody is left to answer. */
export class ClientGone extends Error {
  override readonly name = "ClientGone";
}

/**
 * Sends an answer; resolves to the bytes of its body once all of them were handed to the system.
 * @throws ClientGone; what the body throws, when the connection has been reset
 */
export async function sendAnswer(
  request: Incoming,
  answer: S3Response,
  context: SendContext,
): Promise<number> {
  const { response } = request;
  if (response.destroyed) throw new ClientGone();
  const { body } = answer;
  const isHead = request.method === "HEAD";
  const isWhole = body === undefined || typeof body === "string" || body instanceof Uint8Array;
  const wholeBytes = wholeLength(body);
  const sizeBytes = isWhole ? (isHead ? (answer.sizeBytes ?? wholeBytes) : wholeBytes) : answer.sizeBytes;
  if (isUnread(request.message)) {
    void request.raw.return();
    closeAfter({ request: request.message, response }, context.clock);
  }
  response.writeHead(answer.status, headerList(request, answer, { sizeBytes, hostId: context.hostId }));
  if (isHead || isWhole) {
    if (isHead || wholeBytes === 0) response.end();
    else response.end(body);
    return isHead ? 0 : wholeBytes;
  }
  return streamed(response, body as AsyncIterable<Uint8Array>, { sizeBytes, context });
}

function wholeLength(body: S3Response["body"]): number {
  if (typeof body === "string") return Buffer.byteLength(body);
  return body instanceof Uint8Array ? body.length : 0;
}

interface HeaderFacts {
  readonly sizeBytes: number | undefined;
  readonly hostId: string;
}

/** Names and values in turn, which Node takes without a further copy. */
function headerList(request: Incoming, answer: S3Response, { sizeBytes, hostId }: HeaderFacts): string[] {
  const list = ["x-amz-request-id", request.id, "x-amz-id-2", hostId, "Server", "efsd"];
  let hasType = false;
  const { headers } = answer;
  if (headers !== undefined) {
    for (const name in headers) {
      const value = headers[name];
      if (value === undefined || isLength(name)) continue;
      if (name.length === 12 && name.toLowerCase() === "content-type") hasType = true;
      list.push(name, value);
    }
  }
  if (!hasType && typeof answer.body === "string") list.push("Content-Type", "application/xml");
  const { status } = answer;
  if (sizeBytes !== undefined && status !== 204 && status !== 304)
    list.push("Content-Length", String(sizeBytes));
  return list;
}

function isLength(name: string): boolean {
  return name.length === 14 && name.toLowerCase() === "content-length";
}

async function streamed(
  response: ServerResponse,
  body: AsyncIterable<Uint8Array>,
  { sizeBytes, context }: { readonly sizeBytes: number | undefined; readonly context: SendContext },
): Promise<number> {
  let sentBytes = 0;
  try {
    for await (const piece of body) {
      sentBytes += piece.length;
      if (response.destroyed) throw new ClientGone();
      if (piece.length > 0 && !response.write(piece)) await drained(response, context);
    }
    if (sizeBytes !== undefined && sentBytes !== sizeBytes) {
      throw new Error(`${sentBytes} bytes of a body of ${sizeBytes}`);
    }
  } catch (thrown) {
    reset(response);
    throw thrown;
  }
  response.end();
  return sentBytes;
}

function drained(response: ServerResponse, { onWait }: SendContext): Promise<void> {
  onWait(true);
  return new Promise((resolve, reject) => {
    const settle = () => {
      response.off("drain", settle);
      response.off("close", settle);
      onWait(false);
      if (response.destroyed) reject(new ClientGone());
      else resolve();
    };
    response.on("drain", settle);
    response.on("close", settle);
  });
}

/** So that nobody takes half a body for the whole. */
export function reset(response: ServerResponse): void {
  const socket = response.socket;
  if (socket === null || socket.destroyed) return;
  if (socket instanceof Socket && !(socket instanceof TLSSocket)) socket.resetAndDestroy();
  else socket.destroy();
}
