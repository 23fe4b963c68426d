/**
 * A request body on its way into the segment. A body cut short throws before its end, one that is followed by bytes that are no request
 * is refused: in both cases nothing is stored.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { EfsError } from "../../../base/errors.ts";

/** Bodies of at most this size are put in one piece, which is much cheaper than a stream. */
export const WHOLE_BODY_BYTES_MAX = 64 * 1024;

const brokenSockets = new WeakSet<Socket>();

/** What follows the current request on this connection is not HTTP. */
export function markBroken(socket: Socket): void {
  brokenSockets.add(socket);
}

/** All of a body whose length was said and is at most WHOLE_BODY_BYTES_MAX. @throws CONNECT_LOST, TOO_LARGE */
export function readWhole(request: IncomingMessage, sizeBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let first: Uint8Array | undefined;
    let rest: Uint8Array[] | undefined;
    request.on("data", (chunk: Uint8Array) => {
      if (first === undefined) first = chunk;
      else if (rest === undefined) rest = [first, chunk];
      else rest.push(chunk);
    });
    request.on("end", () => {
      if (brokenSockets.has(request.socket)) return reject(longer(sizeBytes));
      const whole = rest === undefined ? (first ?? new Uint8Array()) : Buffer.concat(rest);
      resolve(whole);
    });
    const lost = () => {
      // Every request closes in the end, and errors are dear.
      if (request.readableEnded) return;
      reject(new EfsError("CONNECT_LOST", "the connection was lost before the content had come"));
    };
    request.on("error", lost);
    request.on("close", lost);
  });
}

/** A body of any length, chunk by chunk; reads no faster than it is asked. @throws CONNECT_LOST, TOO_LARGE */
export async function* readStream(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  try {
    // Whoever stops early still wants to answer on this connection.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      sizeBytes += (chunk as Uint8Array).length;
      yield chunk as Uint8Array;
    }
  } catch (cause) {
    throw new EfsError("CONNECT_LOST", `the connection was lost after ${sizeBytes} bytes of content`, {
      cause,
    });
  }
  if (!request.complete) throw new EfsError("TRUNCATED", `the content ended after ${sizeBytes} bytes`);
  if (brokenSockets.has(request.socket)) throw longer(sizeBytes);
}

function longer(sizeBytes: number): EfsError {
  return new EfsError("TOO_LARGE", `the content is longer than the ${sizeBytes} bytes that were said`);
}
