/** The bytes of a pack: its header and its records, which describe themselves. Layout: DESIGN.md, Bytes. */
import { equalBytes } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc.ts";
import { CHUNK_KEY_BYTES, type ChunkPut } from "../chunk-store.ts";
import { CHUNK_BYTES_MAX } from "../limits.ts";

export const PACK_HEADER_BYTES = 16;
export const RECORD_HEADER_BYTES = 56;
const PACK_MAGIC = 0x45504b31;
const RECORD_MAGIC = 0x45505231;
const PACK_VERSION = 1;

export interface PackRecord extends ChunkPut {
  /** Header and stored bytes. */
  readonly recordBytes: number;
}

export function encodePackHeader(packNumber: number): Uint8Array {
  const header = new Uint8Array(PACK_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, PACK_MAGIC);
  view.setUint32(4, PACK_VERSION);
  view.setUint32(8, packNumber);
  view.setUint32(12, crc32c(header.subarray(0, 12)));
  return header;
}

export function isPackHeader(bytes: Uint8Array, packNumber: number): boolean {
  return equalBytes(bytes, encodePackHeader(packNumber));
}

/** The header of a record; the stored bytes follow it. */
export function encodeRecordHeader(chunk: ChunkPut): Uint8Array {
  const header = new Uint8Array(RECORD_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, RECORD_MAGIC);
  view.setUint8(8, chunk.codec);
  view.setUint32(12, chunk.keyId);
  view.setUint32(16, chunk.plainBytes);
  view.setUint32(20, chunk.bytes.length);
  header.set(chunk.key, 24);
  view.setUint32(4, crc32c(chunk.bytes, crc32c(header.subarray(8))));
  return header;
}

/** How long the record at the start of `bytes` says it is; undefined when no record header is there. */
export function recordBytesAt(bytes: Uint8Array): number | undefined {
  if (bytes.length < RECORD_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, RECORD_HEADER_BYTES);
  const storedBytes = view.getUint32(20);
  if (view.getUint32(0) !== RECORD_MAGIC || storedBytes > CHUNK_BYTES_MAX) return undefined;
  return RECORD_HEADER_BYTES + storedBytes;
}

/** The record at the start of `bytes`, its arrays views of them; undefined when it is damaged or cut short. */
export function decodeRecord(bytes: Uint8Array): PackRecord | undefined {
  const recordBytes = recordBytesAt(bytes);
  if (recordBytes === undefined || recordBytes > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, RECORD_HEADER_BYTES);
  if (view.getUint32(4) !== crc32c(bytes.subarray(8, recordBytes))) return undefined;
  return {
    codec: view.getUint8(8),
    keyId: view.getUint32(12),
    plainBytes: view.getUint32(16),
    key: bytes.subarray(24, 24 + CHUNK_KEY_BYTES),
    bytes: bytes.subarray(RECORD_HEADER_BYTES, recordBytes),
    recordBytes,
  };
}
