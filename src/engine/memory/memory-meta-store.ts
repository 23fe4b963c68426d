/**
 * Records in memory: the oracle of the conformance suite, and the store of tests. Everything that goes in or comes out
 * is copied. With `isHolding` a commit neither takes effect nor answers until the test calls `sync`; `crash` drops
 * what was not synced, as a machine that loses power does.
 */
import { bytesOfText, byteText } from "../../base/byte-text.ts";
import { equalBytes } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import { checkBatch, checkRecordKey, checkRecordKeys, checkScan, SCAN_PAGE_BYTES } from "../limits.ts";
import {
  type Batch,
  type CommitOutcome,
  logRecordKey,
  type MetaRecord,
  type MetaStore,
  type RecordKey,
  type ScanOptions,
  type ScanPage,
} from "../meta-store.ts";
import { OrderedMap } from "../ordered-map.ts";
import { Watchers } from "../watchers.ts";

interface HeldCommit {
  readonly batch: Batch;
  readonly resolve: (outcome: CommitOutcome) => void;
  readonly reject: (error: unknown) => void;
}

export interface MemoryMetaStoreOptions {
  /** True: commits wait for `sync`. */
  readonly isHolding?: boolean | undefined;
}

export class MemoryMetaStore implements MetaStore {
  readonly #records = new OrderedMap<Uint8Array>();
  readonly #heads = new Map<string, bigint>();
  readonly #watchers = new Watchers();
  readonly #isHolding: boolean;
  #held: HeldCommit[] = [];
  #syncCount = 0;
  #isClosed = false;

  constructor(options: MemoryMetaStoreOptions = {}) {
    this.#isHolding = options.isHolding ?? false;
  }

  async get(key: RecordKey): Promise<Uint8Array | undefined> {
    this.#checkOpen();
    checkRecordKey(key);
    return this.#records.get(byteText(key))?.slice();
  }

  async getMany(keys: readonly RecordKey[]): Promise<ReadonlyArray<Uint8Array | undefined>> {
    this.#checkOpen();
    checkRecordKeys(keys);
    return keys.map((key) => this.#records.get(byteText(key))?.slice());
  }

  async scan(options: ScanOptions): Promise<ScanPage> {
    this.#checkOpen();
    checkScan(options);
    const range = { from: byteText(options.from), to: byteText(options.to) };
    const entries =
      options.direction === "backward" ? this.#records.backward(range) : this.#records.forward(range);
    const records: MetaRecord[] = [];
    let pageBytes = 0;
    for (const [key, value] of entries) {
      const isFull = records.length >= options.limit || pageBytes >= SCAN_PAGE_BYTES;
      if (isFull) return { records, isTruncated: true };
      records.push({ key: bytesOfText(key), value: value.slice() });
      pageBytes += value.length;
    }
    return { records, isTruncated: false };
  }

  async commit(batch: Batch): Promise<CommitOutcome> {
    this.#checkOpen();
    checkBatch(batch);
    const own = copyOf(batch);
    if (!this.#isHolding) return this.#apply(own);
    return new Promise((resolve, reject) => this.#held.push({ batch: own, resolve, reject }));
  }

  async lastPosition(log: RecordKey): Promise<bigint> {
    this.#checkOpen();
    return this.#heads.get(byteText(log)) ?? 0n;
  }

  watch(prefix: RecordKey, onChange: () => void): () => void {
    return this.#watchers.watch(prefix, onChange);
  }

  syncCount(): number {
    return this.#syncCount;
  }

  async close(): Promise<void> {
    this.sync();
    this.#isClosed = true;
    this.#watchers.clear();
  }

  /** How many commits wait for `sync`. */
  get heldCount(): number {
    return this.#held.length;
  }

  /** Makes the first `count` of the held commits durable and answers them; all when undefined. */
  sync(count?: number): void {
    for (const held of this.#held.splice(0, count ?? this.#held.length)) {
      try {
        held.resolve(this.#apply(held.batch));
      } catch (error) {
        held.reject(error);
      }
    }
  }

  /** Drops the commits that were not synced; they fail with UNAVAILABLE. The store goes on as if opened anew. */
  crash(): void {
    this.#watchers.clear();
    const error = new EfsError("UNAVAILABLE", "the store crashed before this commit was durable");
    for (const held of this.#held.splice(0)) held.reject(error);
  }

  /** Replaces a record's bytes behind the store's back; for tests that damage data. */
  overwrite(key: RecordKey, value: Uint8Array | undefined): void {
    if (value === undefined) this.#records.delete(byteText(key));
    else this.#records.set(byteText(key), value.slice());
  }

  #apply(batch: Batch): CommitOutcome {
    const { checks = [], writes = [], adds = [], appends = [] } = batch;
    const failedCheck = checks.findIndex(({ key, expected }) => !this.#matches(key, expected));
    if (failedCheck !== -1) return { isCommitted: false, failedCheck };
    for (const { key } of adds) counterOf(key, this.#valueAfter(writes, key));

    const touched: string[] = [];
    const positions = appends.map(({ log }) => {
      const head = (this.#heads.get(byteText(log)) ?? 0n) + 1n;
      this.#heads.set(byteText(log), head);
      touched.push(byteText(log));
      return head;
    });
    const put = (key: RecordKey, value: Uint8Array | undefined) => {
      touched.push(byteText(key));
      if (value === undefined) this.#records.delete(byteText(key));
      else this.#records.set(byteText(key), value);
    };
    for (const { key, value, position } of writes) {
      if (value !== undefined && position !== undefined) {
        new DataView(value.buffer, value.byteOffset).setBigUint64(
          position.offset,
          positions[position.append] ?? 0n,
        );
      }
      put(key, value);
    }
    for (const { key, delta } of adds) {
      const counter = new Uint8Array(8);
      const before = counterOf(key, this.#records.get(byteText(key)));
      new DataView(counter.buffer).setBigInt64(0, BigInt.asIntN(64, before + delta));
      put(key, counter);
    }
    appends.forEach(({ log, value }, index) => {
      put(logRecordKey(log, positions[index] ?? 0n), value);
    });
    this.#syncCount += 1;
    this.#watchers.touched(touched);
    return { isCommitted: true, positions };
  }

  #matches(key: RecordKey, expected: Uint8Array | undefined): boolean {
    const value = this.#records.get(byteText(key));
    if (value === undefined || expected === undefined) return value === expected;
    return equalBytes(value, expected);
  }

  /** What a key holds once the writes have been made. */
  #valueAfter(writes: NonNullable<Batch["writes"]>, key: RecordKey): Uint8Array | undefined {
    const last = writes.findLast((write) => equalBytes(write.key, key));
    return last === undefined ? this.#records.get(byteText(key)) : last.value;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new EfsError("SHUTTING_DOWN", "the record store is closed");
  }
}

function counterOf(key: RecordKey, value: Uint8Array | undefined): bigint {
  if (value === undefined) return 0n;
  if (value.length !== 8) {
    throw new EfsError("RECORD_CORRUPT", "a record that is added to is not a counter", {
      details: { key: Buffer.from(key).toString("hex") },
    });
  }
  return new DataView(value.buffer, value.byteOffset, 8).getBigInt64(0);
}

function copyOf(batch: Batch): Batch {
  return {
    checks: (batch.checks ?? []).map((check) => ({ ...check, expected: check.expected?.slice() })),
    writes: (batch.writes ?? []).map((write) => ({
      ...write,
      key: write.key.slice(),
      value: write.value?.slice(),
    })),
    adds: (batch.adds ?? []).map((add) => ({ ...add, key: add.key.slice() })),
    appends: (batch.appends ?? []).map(({ log, value }) => ({ log: log.slice(), value: value.slice() })),
  };
}
