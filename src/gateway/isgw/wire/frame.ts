/**
 * Frames: the header before every message and the parser that takes them out of a stream of bytes in pieces of any
 * size. Owns lengths, types, checksums and compression of bodies; knows nothing of what a body says. PROTOCOL.md §2.
 */
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { concat } from "../../../base/bytes.ts";
import { crc32c } from "../../../base/crc.ts";
import { EfsError } from "../../../base/errors.ts";

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
const PACK_BYTES_MIN = 96;

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
  readonly body: Uint8Array;
  /** Compress the body when that makes it shorter. */
  readonly isPackable?: boolean | undefined;
}

/** The bytes of one frame. */
export function encodeFrame(frame: OutgoingFrame): Uint8Array {
  const packed = frame.isPackable === true ? pack(frame.body) : undefined;
  const body = packed ?? frame.body;
  const out = new Uint8Array(HEADER_BYTES + body.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, body.length);
  view.setUint8(4, frame.type);
  view.setUint8(5, packed === undefined ? 0 : FLAG_PACKED);
  view.setUint32(8, frame.exchange);
  out.set(body, HEADER_BYTES);
  view.setUint32(12, crc32c(body, crc32c(out.subarray(0, 12))));
  return out;
}

/** Brotli at a quality that keeps up with the link; undefined when it does not help. */
export function pack(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < PACK_BYTES_MIN) return undefined;
  const packed = brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 5,
      [constants.BROTLI_PARAM_LGWIN]: 22,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
  return packed.length < bytes.length ? packed : undefined;
}

/** The inverse of `pack`, never longer than `maxBytes`. @throws PROTOCOL */
export function unpack(bytes: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return brotliDecompressSync(bytes, { maxOutputLength: Math.max(1, maxBytes) });
  } catch (cause) {
    throw new EfsError("PROTOCOL", `a compressed body is damaged or inflates beyond ${maxBytes} bytes`, {
      cause,
    });
  }
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
