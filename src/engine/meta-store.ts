/**
 * The seam under which small records rest, in byte order of their keys. The shape of etcd's Txn and Deno KV's atomic:
 * a batch is data, there are no transaction callbacks and no read view outlives a page of a scan.
 * One suite (`test/engine/suite.ts`) is the contract.
 *
 * Invariants:
 * - A commit that resolved to `committed` is durable and visible; all of its batch, or none. Batches take effect one
 *   after another. Many commits in flight share one sync.
 * - Positions of a log strictly increase from 1 without a gap and become visible in order.
 * - A record that does not match its checksum is never returned: RECORD_CORRUPT names the key.
 */

/** 1 to 1,536 bytes; compared as unsigned bytes. */
export type RecordKey = Uint8Array;
export const RECORD_KEY_BYTES_MAX = 1536;
export const RECORD_VALUE_BYTES_MAX = 256 * 1024;
export const BATCH_OPERATIONS_MAX = 1000;
export const BATCH_BYTES_MAX = 1024 * 1024;

export interface Check {
  readonly key: RecordKey;
  /** The whole value that the key must have now; undefined: the key must be absent. */
  readonly expected: Uint8Array | undefined;
}

export interface Write {
  readonly key: RecordKey;
  /** undefined removes the record. */
  readonly value: Uint8Array | undefined;
  /**
   * Writes the position (u64 big-endian) of the batch's append number `append` (from 0) into the value, over the 8
   * bytes at `offset`.
   */
  readonly position?: { readonly append: number; readonly offset: number };
}

/** A counter: a record of its own, whose value is a signed 64-bit integer (big-endian), 0 when absent. */
export interface Add {
  readonly key: RecordKey;
  readonly delta: bigint;
}

/** Appends `value` to the log whose records are `log ++ u64be(position)`. */
export interface Append {
  readonly log: RecordKey;
  readonly value: Uint8Array;
}

/**
 * At most BATCH_OPERATIONS_MAX operations and BATCH_BYTES_MAX bytes of keys and values. Holds one check for absence
 * that is unique to it, so that a commit whose answer was lost can be tried again without harm.
 */
export interface Batch {
  readonly checks?: readonly Check[];
  readonly writes?: readonly Write[];
  readonly adds?: readonly Add[];
  readonly appends?: readonly Append[];
}

/** `positions`: one for each append, in order. `failedCheck`: the first check that failed, by its place in `checks`. */
export type CommitOutcome =
  | { readonly isCommitted: true; readonly positions: readonly bigint[] }
  | { readonly isCommitted: false; readonly failedCheck: number };

export type MetaRecord = { readonly key: RecordKey; readonly value: Uint8Array };

export interface ScanOptions {
  /** First key of the range, included. */
  readonly from: RecordKey;
  /** End of the range, not included. */
  readonly to: RecordKey;
  /** "backward" begins at the greatest key of the range. */
  readonly direction?: "forward" | "backward";
  /** 1 to 10,000 records; a page ends also after about 4 MiB of values (at least one record). */
  readonly limit: number;
}

export interface ScanPage {
  readonly records: readonly MetaRecord[];
  /** True when the range may hold more: go on after the last key of `records`. */
  readonly isTruncated: boolean;
}

export interface MetaStore {
  /** The value, or undefined when there is none. @throws RECORD_CORRUPT */
  get(key: RecordKey): Promise<Uint8Array | undefined>;

  /** As `get` for many keys, in the order given, seen at one moment. At most 1,000 keys. */
  getMany(keys: readonly RecordKey[]): Promise<ReadonlyArray<Uint8Array | undefined>>;

  /** One page of a range, seen at one moment. @throws RECORD_CORRUPT */
  scan(options: ScanOptions): Promise<ScanPage>;

  /** Applies a batch when all checks hold; resolves when durable and visible. @throws NO_SPACE, READ_ONLY, IO, LIMIT */
  commit(batch: Batch): Promise<CommitOutcome>;

  /** The last position of a log; 0n when it has none. */
  lastPosition(log: RecordKey): Promise<bigint>;

  /** Calls `onChange` after commits that touch a key or log beginning with `prefix`: a hint, maybe late, twice or never. */
  watch(prefix: RecordKey, onChange: () => void): () => void;

  /** Calls of fsync and fdatasync since the store was opened. */
  syncCount(): number;

  close(): Promise<void>;
}

/** The key of a log's record: `log ++ u64be(position)`. */
export function logRecordKey(log: RecordKey, position: bigint): RecordKey {
  const key = new Uint8Array(log.length + 8);
  key.set(log);
  new DataView(key.buffer).setBigUint64(log.length, position);
  return key;
}
