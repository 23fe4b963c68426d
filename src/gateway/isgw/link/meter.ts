/** Places every byte of a connection with a bucket: by the exchange of its frame, else with the link's first bucket. */
import type { LinkBoard } from "../status.ts";
import { FRAME, HEADER_BYTES } from "../wire/frame.ts";
import type { Meter } from "./connection.ts";

/** Which bucket an exchange belongs to; `isChannel` tells channels from batches. */
export type PathOf = (exchange: number, isChannel: boolean) => string | undefined;

export function boardMeter(board: LinkBoard, pathOf: PathOf): Meter {
  const place = (name: "bytesSent" | "bytesReceived", sizeBytes: number, type: number, exchange: number) => {
    const isChannel = type === FRAME.OPEN || type === FRAME.OPENED || type === FRAME.CLOSED;
    const path = exchange === 0 ? undefined : pathOf(exchange, isChannel);
    const payloadBytes =
      type === FRAME.BATCH || type === FRAME.PIECES ? Math.max(0, sizeBytes - HEADER_BYTES) : 0;
    board.count(path, name, sizeBytes);
    board.count(path, "payloadBytes", payloadBytes);
    board.count(path, "controlBytes", sizeBytes - payloadBytes);
    return path;
  };
  return {
    sent: (sizeBytes, type, exchange) => {
      const path = place("bytesSent", sizeBytes, type, exchange);
      board.count(path, "requests", 1);
    },
    received: (sizeBytes, type, exchange) => {
      if (sizeBytes > 0) place("bytesReceived", sizeBytes, type, exchange);
    },
  };
}
