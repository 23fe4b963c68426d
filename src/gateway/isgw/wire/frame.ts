/**
 * Frames: the header before every message and the parser that takes them out of a stream of bytes in pieces of any
 * size. Owns lengths, types, checksums and compression of bodies; knows nothing of what a body says. PROTOCOL.md §2.
 */
import { concat } from "../../../base/bytes.ts";
import { crc32c } from "../../../base/crc.ts";
import { EfsError } from "../../../base/errors.ts";
import { pack, unpack } from "./packing.ts";

export const FRAME = {
  HELLO: 1,
  IDENTITY: 2,
  REFUSE: 3,
  PING: 4,
  PONG: 5,
  BYE: 6,
  OPEN: 16,
  OPENED: 17,
  CLOSED: 18,
  BATCH: 32,
  PULL: 33,
  PIECES: 34,
  APPLIED: 35,
} as const;
export type FrameType = (typeof FRAME)[keyof typeof FRAME];

/** Longest body of each type, as sent and inflated, in bytes. */
export const BODY_BYTES_MAX: ReadonlyMap<number, number> = new Map<FrameType, number>([
  [FRAME.HELLO, 256],
  [FRAME.IDENTITY, 1024 * 1024],
  [FRAME.REFUSE, 4096],
  [FRAME.PING, 8],
  [FRAME.PONG, 8],
  [FRAME.BYE, 0],
  [FRAME.OPEN, 256 * 1024],
  [FRAME.OPENED, 4096],
  [FRAME.CLOSED, 4096],
  [FRAME.BATCH, 4 * 1024 * 1024],
  [FRAME.PULL, 256 * 1024],
  [FRAME.PIECES, 4 * 1024 * 1024],
  [FRAME.APPLIED, 256],
]);

export const HEADER_BYTES = 16;
const FLAG_PACKED = 1;

export interface Frame {
  readonly type: FrameType;
  readonly exchange: number;
  /** The body, inflated. */
  readonly body: Uint8Array;
  /** Bytes that the frame takes on the link, header included. */
  readonly wireBytes: number;
}

export interface OutgoingFrame {
  readonly type: FrameType;
  readonly exchange: number;
  /** In parts when it is long, so that it is copied once. */
  readonly body: Uint8Array | readonly Uint8Array[];
  /** Compress the body when that makes it shorter. */
  readonly isPackable?: boolean | undefined;
}

/** The bytes of one frame. */
export function encodeFrame(frame: OutgoingFrame): Uint8Array {
  const whole = frame.body instanceof Uint8Array ? [frame.body] : frame.body;
  const packed = frame.isPackable === true ? pack(concat(whole)) : undefined;
  const parts = packed === undefined ? whole : [packed];
  const bodyBytes = parts.reduce((sum, part) => sum + part.length, 0);
  // Every byte is written below, so that nothing of the pool shows.
  const buffer = Buffer.allocUnsafeSlow(HEADER_BYTES + bodyBytes);
  const out = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, bodyBytes);
  view.setUint8(4, frame.type);
  view.setUint8(5, packed === undefined ? 0 : FLAG_PACKED);
  view.setUint16(6, 0);
  view.setUint32(8, frame.exchange);
  let at = HEADER_BYTES;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  view.setUint32(12, crc32c(out.subarray(HEADER_BYTES), crc32c(out.subarray(0, 12))));
  return out;
}

/** Takes frames out of a stream. After it threw it must not be used again. */
export class FrameParser {
  #parts: Uint8Array[] = [];
  #bufferedBytes = 0;
  #header: Header | undefined;

  /** Bytes received that are not part of a returned frame yet. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Frames that are complete with `bytes`. @throws PROTOCOL */
  push(bytes: Uint8Array): readonly Frame[] {
    this.#parts.push(bytes);
    this.#bufferedBytes += bytes.length;
    const frames: Frame[] = [];
    for (;;) {
      if (this.#header === undefined) {
        if (this.#bufferedBytes < HEADER_BYTES) return frames;
        this.#header = parseHeader(this.#take(HEADER_BYTES));
      }
      if (this.#bufferedBytes < this.#header.bodyBytes) return frames;
      frames.push(openFrame(this.#header, this.#take(this.#header.bodyBytes)));
      this.#header = undefined;
    }
  }

  /** Only called when that many bytes are buffered. */
  #take(sizeBytes: number): Uint8Array {
    this.#bufferedBytes -= sizeBytes;
    const first = this.#parts[0];
    if (first !== undefined && first.length > sizeBytes) {
      this.#parts[0] = first.subarray(sizeBytes);
      return first.subarray(0, sizeBytes);
    }
    const taken: Uint8Array[] = [];
    let left = sizeBytes;
    let count = 0;
    while (left > 0) {
      const part = this.#parts[count] ?? new Uint8Array(0);
      if (part.length > left) {
        taken.push(part.subarray(0, left));
        this.#parts[count] = part.subarray(left);
        break;
      }
      taken.push(part);
      left -= part.length;
      count += 1;
    }
    this.#parts.splice(0, count);
    return taken.length === 1 && taken[0] !== undefined ? taken[0] : concat(taken);
  }
}

interface Header {
  readonly bodyBytes: number;
  readonly type: FrameType;
  readonly isPacked: boolean;
  readonly exchange: number;
  readonly crc: number;
  readonly headerCrc: number;
}

function parseHeader(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const type = view.getUint8(4);
  const limit = BODY_BYTES_MAX.get(type);
  if (limit === undefined) throw new EfsError("PROTOCOL", `a frame has the unknown type ${type}`);
  const bodyBytes = view.getUint32(0);
  if (bodyBytes > limit) {
    throw new EfsError("PROTOCOL", `a frame of type ${type} is ${bodyBytes} bytes, the limit is ${limit}`);
  }
  const flags = view.getUint8(5);
  if (flags > FLAG_PACKED || view.getUint16(6) !== 0) {
    throw new EfsError("PROTOCOL", "a frame has a reserved bit set");
  }
  return {
    bodyBytes,
    type: type as FrameType,
    isPacked: flags === FLAG_PACKED,
    exchange: view.getUint32(8),
    crc: view.getUint32(12),
    headerCrc: crc32c(bytes.subarray(0, 12)),
  };
}

function openFrame(header: Header, body: Uint8Array): Frame {
  if (crc32c(body, header.headerCrc) !== header.crc) {
    throw new EfsError("PROTOCOL", `a frame of type ${header.type} does not match its checksum`);
  }
  return {
    type: header.type,
    exchange: header.exchange,
    body: header.isPacked ? unpack(body, BODY_BYTES_MAX.get(header.type) ?? 0) : body,
    wireBytes: HEADER_BYTES + header.bodyBytes,
  };
}
