/**
 * A MetaStore that seals the values of encrypted buckets on their way down and opens them on their way up; all else passes. Keys stay
 * plain, for they are searched in order. A value is bound to its key, an entry of a log to its log. Sealing the same value twice gives the same
 * bytes, so that a check compares.
 */
import { byteText } from "../../base/byte-text.ts";
import { toHex } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import type {
  Append,
  Batch,
  Check,
  CommitOutcome,
  MetaRecord,
  MetaStore,
  RecordKey,
  ScanOptions,
  ScanPage,
  Write,
} from "../../engine/meta-store.ts";
import { NAME_OFFSET } from "../keys.ts";
import type { Vault } from "./vault.ts";
import type { Vaults } from "./vaults.ts";

const tagOf = (letter: string) => letter.charCodeAt(0);
/** Records under a bucket's log id that say something of its content. Counters and marks of removal do not. */
const SEALED_TAGS: ReadonlySet<number> = new Set([..."oevqaupjl"].map(tagOf));
const LOG_TAG = tagOf("l");

export class VaultRecords implements MetaStore {
  readonly #records: MetaStore;
  readonly #vaults: Vaults;

  constructor(records: MetaStore, vaults: Vaults) {
    this.#records = records;
    this.#vaults = vaults;
  }

  get(key: RecordKey): Promise<Uint8Array | undefined> {
    const vault = this.#vaultOf(key);
    const found = this.#records.get(key);
    return vault === undefined ? found : found.then((value) => opened(vault, key, value));
  }

  getMany(keys: readonly RecordKey[]): Promise<ReadonlyArray<Uint8Array | undefined>> {
    const found = this.#records.getMany(keys);
    if (this.#vaults.isEmpty) return found;
    return found.then((values) =>
      values.map((value, index) => {
        const key = keys[index];
        return key === undefined ? value : opened(this.#vaultOf(key), key, value);
      }),
    );
  }

  scan(options: ScanOptions): Promise<ScanPage> {
    const page = this.#records.scan(options);
    if (this.#vaults.isEmpty) return page;
    return page.then(({ records, isTruncated }) => ({
      records: records.map((record) => this.#openedRecord(record)),
      isTruncated,
    }));
  }

  commit(batch: Batch): Promise<CommitOutcome> {
    return this.#records.commit(this.#vaults.isEmpty ? batch : this.#sealed(batch));
  }

  lastPosition(log: RecordKey): Promise<bigint> {
    return this.#records.lastPosition(log);
  }

  watch(prefix: RecordKey, onChange: () => void): () => void {
    return this.#records.watch(prefix, onChange);
  }

  syncCount(): number {
    return this.#records.syncCount();
  }

  close(): Promise<void> {
    return this.#records.close();
  }

  #openedRecord(record: MetaRecord): MetaRecord {
    const { key, value } = record;
    const vault = this.#vaultOf(key);
    return vault === undefined ? record : { key, value: openedValue(vault, key, value) };
  }

  #sealed(batch: Batch): Batch {
    const { checks = [], writes = [], appends = [] } = batch;
    return {
      ...batch,
      checks: checks.map((check) => this.#sealedCheck(check)),
      writes: writes.map((write) => this.#sealedWrite(write)),
      appends: appends.map((append) => this.#sealedAppend(append)),
    };
  }

  #sealedCheck(check: Check): Check {
    const { key, expected } = check;
    const vault = expected === undefined ? undefined : this.#vaultOf(key);
    if (vault === undefined || expected === undefined) return check;
    return { key, expected: vault.sealValue(placeOf(key), expected) };
  }

  #sealedWrite(write: Write): Write {
    const { key, value, position } = write;
    const vault = value === undefined ? undefined : this.#vaultOf(key);
    if (vault === undefined || value === undefined) return write;
    if (position !== undefined) throw new EfsError("INTERNAL", "a sealed record cannot hold its position");
    return { key, value: vault.sealValue(placeOf(key), value) };
  }

  #sealedAppend(append: Append): Append {
    const { log, value } = append;
    const vault = this.#vaultOf(log);
    return vault === undefined ? append : { log, value: vault.sealValue(log, value) };
  }

  /** @throws UNAVAILABLE when the bucket's key cannot be had */
  #vaultOf(key: RecordKey): Vault | undefined {
    if (this.#vaults.isEmpty || key.length < NAME_OFFSET || !SEALED_TAGS.has(key[0] ?? 0)) return undefined;
    return this.#vaults.get(byteText(key.subarray(1, NAME_OFFSET)));
  }
}

function opened(
  vault: Vault | undefined,
  key: RecordKey,
  value: Uint8Array | undefined,
): Uint8Array | undefined {
  return vault === undefined || value === undefined ? value : openedValue(vault, key, value);
}

function openedValue(vault: Vault, key: RecordKey, value: Uint8Array): Uint8Array {
  const plain = vault.openValue(placeOf(key), value);
  if (plain !== undefined) return plain;
  const hex = toHex(key);
  throw new EfsError(
    "RECORD_CORRUPT",
    `a sealed record does not open: it was changed, or moved from elsewhere (key ${hex})`,
    { details: { key: hex } },
  );
}

/** An entry of a log is sealed before it has a position. */
function placeOf(key: RecordKey): Uint8Array {
  return key[0] === LOG_TAG ? key.subarray(0, NAME_OFFSET) : key;
}
