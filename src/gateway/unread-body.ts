/** What happens to a request body that nobody read: an answer goes out, a little more is read so that the client gets to see it, the connection closes. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../base/clock.ts";

const UNREAD_BYTES_MAX = 16 * 1024 * 1024;
export const UNREAD_WAIT_MS = 2000;

/** True when a body is on its way that has not been read to its end. */
export function isUnread(request: IncomingMessage): boolean {
  if (request.complete) return false;
  const { "content-length": length, "transfer-encoding": coding } = request.headers;
  return coding !== undefined || (length !== undefined && length !== "0");
}

/**
 * Has the connection closed once the answer is out. What is still coming of the body is read and dropped for a while: closing on
 * unread bytes resets the connection, and the client might never see the answer. Before the answer's headers are sent.
 */
export function closeAfter(
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  clock: Clock,
): void {
  const socket = request.socket;
  response.setHeader("connection", "close");
  // Node would destroy the socket behind the answer; half of it stays open instead.
  socket.destroySoon = () => socket.end();
  const over = new AbortController();
  let unreadBytes = 0;
  request.on("data", (chunk: Uint8Array) => {
    unreadBytes += chunk.length;
    if (unreadBytes > UNREAD_BYTES_MAX) over.abort();
  });
  for (const event of ["end", "close", "error"]) request.once(event, () => over.abort());
  response.once("finish", () => {
    void clock.sleep(UNREAD_WAIT_MS, over.signal).then(() => socket.destroy());
  });
  request.resume();
}
