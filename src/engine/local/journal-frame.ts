/**
 * The bytes of a journal frame: one group of changes that became durable together. Layout: DESIGN.md, Bytes.
 * A frame starts on a block of 4 KiB, so that no later write touches a block that already holds something durable.
 */
import { byteText } from "../../base/byte-text.ts";
import { crc32c } from "../../base/crc.ts";
import { ByteReader } from "../../base/cursor.ts";
import { EfsError } from "../../base/errors.ts";
import { RECORD_KEY_BYTES_MAX, RECORD_VALUE_BYTES_MAX } from "../meta-store.ts";

export const BLOCK_BYTES = 4096;
export const FRAME_HEADER_BYTES = 32;
/** One group: batches of 1 MiB join until 4 MiB are reached, so a group stays below this. */
export const FRAME_PAYLOAD_BYTES_MAX = 8 * 1024 * 1024;
/** Table byte, longest key, position of a log. */
export const KEY_BYTES_MAX = 1 + RECORD_KEY_BYTES_MAX + 8;
const MAGIC = 0x454a4631;
/** Operation and two lengths. */
const CHANGE_BYTES_MAX = 1 + 4 + 4;
const PUT = 1;
const REMOVE = 2;

/** One change: a key (byte text) and its new value; undefined removes it. */
export type Change = readonly [key: string, value: Uint8Array | undefined];

export interface FrameHeader {
  readonly sequence: bigint;
  readonly payloadBytes: number;
  readonly payloadCrc: number;
}

export function encodeChanges(changes: ReadonlyMap<string, Uint8Array | undefined>): Uint8Array {
  let sizeBytes = 0;
  for (const [key, value] of changes) sizeBytes += CHANGE_BYTES_MAX + key.length + (value?.length ?? 0);
  const bytes = Buffer.allocUnsafe(sizeBytes);
  let at = 0;
  for (const [key, value] of changes) {
    bytes[at] = value === undefined ? REMOVE : PUT;
    at = writeVarint(bytes, at + 1, key.length);
    at += bytes.write(key, at, "latin1");
    if (value === undefined) continue;
    at = writeVarint(bytes, at, value.length);
    bytes.set(value, at);
    at += value.length;
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset, at);
}

/** As ByteWriter.varint; here without a writer, for the hottest path of the engine. */
function writeVarint(bytes: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
  bytes[at++] = rest;
  return at;
}

/** @throws RECORD_CORRUPT, TRUNCATED */
export function decodeChanges(payload: Uint8Array): readonly Change[] {
  const reader = new ByteReader(payload);
  const changes: Change[] = [];
  while (reader.remaining > 0) {
    const operation = reader.u8();
    const key = byteText(reader.bytes(KEY_BYTES_MAX));
    if (operation === PUT) changes.push([key, reader.bytes(RECORD_VALUE_BYTES_MAX).slice()]);
    else if (operation === REMOVE) changes.push([key, undefined]);
    else throw new EfsError("RECORD_CORRUPT", `a journal frame holds operation ${operation}`);
  }
  return changes;
}

export function encodeFrameHeader(salt: bigint, sequence: bigint, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, MAGIC);
  view.setBigUint64(8, salt);
  view.setBigUint64(16, sequence);
  view.setUint32(24, payload.length);
  view.setUint32(28, crc32c(payload));
  view.setUint32(4, crc32c(header.subarray(8)));
  return header;
}

/** The header at the start of `bytes`; undefined when there is none that belongs to this directory. */
export function decodeFrameHeader(salt: bigint, bytes: Uint8Array): FrameHeader | undefined {
  if (bytes.length < FRAME_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, FRAME_HEADER_BYTES);
  if (view.getUint32(0) !== MAGIC || view.getBigUint64(8) !== salt) return undefined;
  if (view.getUint32(4) !== crc32c(bytes.subarray(8, FRAME_HEADER_BYTES))) return undefined;
  const payloadBytes = view.getUint32(24);
  if (payloadBytes > FRAME_PAYLOAD_BYTES_MAX) return undefined;
  return { sequence: view.getBigUint64(16), payloadBytes, payloadCrc: view.getUint32(28) };
}

/** Blocks that a frame takes, in bytes. */
export function frameBytes(payloadBytes: number): number {
  return Math.ceil((FRAME_HEADER_BYTES + payloadBytes) / BLOCK_BYTES) * BLOCK_BYTES;
}
