/**
 * The limits of the two seams, checked before anything is allocated or written. Every engine calls these first, so
 * that all refuse the same things with the same words. Owns no state.
 */
import { assert } from "../base/assert.ts";
import { EfsError } from "../base/errors.ts";
import { CHUNK_KEY_BYTES, type ChunkKey, type ChunkPut } from "./chunk-store.ts";
import {
  BATCH_BYTES_MAX,
  BATCH_OPERATIONS_MAX,
  type Batch,
  RECORD_KEY_BYTES_MAX,
  RECORD_VALUE_BYTES_MAX,
  type RecordKey,
  type ScanOptions,
} from "./meta-store.ts";

export const PUT_CHUNKS_MAX = 1024;
/** What sealing may add to the stored bytes of a chunk. */
export const SEAL_BYTES_MAX = 64;
export const PUT_BYTES_MAX = 16 * 1024 * 1024 + PUT_CHUNKS_MAX * SEAL_BYTES_MAX;
export const CHUNK_BYTES_MAX = 1024 * 1024 + SEAL_BYTES_MAX;
export const GET_CHUNKS_MAX = 1024;
export const CLAIM_KEYS_MAX = 10_000;
export const LIST_CHUNKS_MAX = 10_000;
export const GET_RECORDS_MAX = 1000;
export const SCAN_RECORDS_MAX = 10_000;
/** A page of a scan ends after this many bytes of values. */
export const SCAN_PAGE_BYTES = 4 * 1024 * 1024;
const POSITION_BYTES = 8;

/** @throws LIMIT when a batch is over one of the limits of meta-store.ts. */
export function checkBatch(batch: Batch): void {
  const { checks = [], writes = [], adds = [], appends = [] } = batch;
  const operationCount = checks.length + writes.length + adds.length + appends.length;
  limit("operations of a batch", operationCount, BATCH_OPERATIONS_MAX);
  let sizeBytes = adds.length * POSITION_BYTES;
  for (const { key, expected } of checks) sizeBytes += checkedSize(key, expected);
  for (const { key, value, position } of writes) {
    sizeBytes += checkedSize(key, value);
    if (position === undefined) continue;
    assert(position.append >= 0 && position.append < appends.length, "a write names an append of its batch");
    assert(value !== undefined, "a write that holds a position has a value");
    assert(
      position.offset >= 0 && position.offset + POSITION_BYTES <= value.length,
      "a position fits its value",
    );
  }
  for (const { key } of adds) sizeBytes += checkedSize(key, undefined);
  for (const { log, value } of appends) {
    limit("bytes of a log's key", log.length + POSITION_BYTES, RECORD_KEY_BYTES_MAX);
    sizeBytes += checkedSize(log, value) + POSITION_BYTES;
  }
  limit("bytes of a batch", sizeBytes, BATCH_BYTES_MAX);
}

/** @throws LIMIT */
export function checkRecordKey(key: RecordKey): void {
  if (key.length === 0) throw new EfsError("LIMIT", "a record key is empty");
  limit("bytes of a record key", key.length, RECORD_KEY_BYTES_MAX);
}

/** @throws LIMIT */
export function checkRecordKeys(keys: readonly RecordKey[]): void {
  limit("keys of a getMany", keys.length, GET_RECORDS_MAX);
  for (const key of keys) checkRecordKey(key);
}

/** @throws LIMIT */
export function checkScan(options: ScanOptions): void {
  if (!Number.isInteger(options.limit) || options.limit < 1) {
    throw new EfsError("LIMIT", `a scan asks for ${options.limit} records`);
  }
  limit("records of a scan", options.limit, SCAN_RECORDS_MAX);
}

/** @throws LIMIT */
export function checkPuts(chunks: readonly ChunkPut[]): void {
  limit("chunks of a putMany", chunks.length, PUT_CHUNKS_MAX);
  let sizeBytes = 0;
  for (const chunk of chunks) {
    checkChunkKey(chunk.key);
    limit("bytes of a chunk", chunk.bytes.length, CHUNK_BYTES_MAX);
    assert(Number.isInteger(chunk.codec) && chunk.codec >= 0 && chunk.codec <= 255, "a codec is one byte");
    assert(isU32(chunk.keyId) && isU32(chunk.plainBytes), "key id and plain length are u32");
    sizeBytes += chunk.bytes.length;
  }
  limit("bytes of a putMany", sizeBytes, PUT_BYTES_MAX);
}

/** @throws LIMIT */
export function checkChunkKeys(keys: readonly ChunkKey[], max: number): void {
  limit("chunk keys of a call", keys.length, max);
  for (const key of keys) checkChunkKey(key);
}

function checkChunkKey(key: ChunkKey): void {
  assert(key.length === CHUNK_KEY_BYTES, "a chunk key has 32 bytes");
}

function checkedSize(key: RecordKey, value: Uint8Array | undefined): number {
  checkRecordKey(key);
  const valueBytes = value?.length ?? 0;
  limit("bytes of a record", valueBytes, RECORD_VALUE_BYTES_MAX);
  return key.length + valueBytes;
}

function limit(what: string, count: number, max: number): void {
  if (count > max) throw new EfsError("LIMIT", `${what}: ${count}, the limit is ${max}`);
}

function isU32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xffffffff;
}
