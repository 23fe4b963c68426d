/**
 * The names of a bucket in byte order, from the two tables that hold objects: live ones and ended ones. Reads each table in pages and
 * merges them; can go on behind a prefix without reading what is under it.
 */
import { compareBytes, concat, utf8 } from "../../base/bytes.ts";
import type { MetaRecord, MetaStore, RecordKey } from "../../engine/meta-store.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { keyAfter, NAME_OFFSET, objectNameOf, rangeOf } from "../keys.ts";
import { decodeObjectRecord, type StoredObject } from "./object-record.ts";

const PAGE_RECORDS = 500;

/** One table, page after page. */
class TableCursor {
  readonly #records: MetaStore;
  readonly #table: Uint8Array;
  readonly #pageRecords: number;
  readonly #to: RecordKey;
  /** undefined: read to the end. */
  #from: RecordKey | undefined;
  #page: readonly MetaRecord[] = [];
  #place = 0;

  constructor(records: MetaStore, table: Uint8Array, options: NameRange & { readonly pageRecords: number }) {
    this.#records = records;
    this.#table = table;
    this.#pageRecords = options.pageRecords;
    const range = rangeOf(nameBound(table, options.prefix));
    this.#to = range.to;
    this.#from = firstKeyAfter(table, range.from, options.after);
  }

  async peek(): Promise<MetaRecord | undefined> {
    if (this.#place >= this.#page.length) await this.#read();
    return this.#page[this.#place];
  }

  take(): void {
    this.#place += 1;
  }

  /** Goes on at the first name that is not below these bytes. */
  seek(name: Uint8Array): void {
    const bound = concat([this.#table, name]);
    while (this.#place < this.#page.length) {
      const record = this.#page[this.#place];
      if (record !== undefined && compareBytes(record.key, bound) >= 0) return;
      this.#place += 1;
    }
    if (this.#from !== undefined && compareBytes(this.#from, bound) < 0) this.#from = bound;
  }

  async #read(): Promise<void> {
    this.#page = [];
    this.#place = 0;
    if (this.#from === undefined || compareBytes(this.#from, this.#to) >= 0) return;
    const page = await this.#records.scan({ from: this.#from, to: this.#to, limit: this.#pageRecords });
    const last = page.records.at(-1);
    this.#page = page.records;
    this.#from = page.isTruncated && last !== undefined ? keyAfter(last.key) : undefined;
  }
}

export interface NameRange {
  readonly prefix: string;
  /** Names above this one. */
  readonly after: string | undefined;
}

export class NameWalk {
  readonly #bucket: OpenBucket;
  readonly #tables: readonly TableCursor[];

  /** `wanted`: about how many names will be taken. */
  constructor(records: MetaStore, bucket: OpenBucket, options: NameRange & { readonly wanted: number }) {
    this.#bucket = bucket;
    const pageRecords = Math.min(Math.max(1, options.wanted), PAGE_RECORDS);
    const { objects, ended } = bucket.keys;
    this.#tables = [objects, ended].map(
      (table) => new TableCursor(records, table, { ...options, pageRecords }),
    );
  }

  /** The next object, or undefined at the end. @throws RECORD_CORRUPT naming the object */
  async next(): Promise<StoredObject | undefined> {
    let first: { readonly cursor: TableCursor; readonly record: MetaRecord } | undefined;
    for (const cursor of this.#tables) {
      const record = await cursor.peek();
      if (record === undefined) continue;
      const order = first === undefined ? -1 : compareNames(record.key, first.record.key);
      // An object that moves between the tables' pages can be met in both: what was read first stands.
      if (order === 0) cursor.take();
      if (order < 0) first = { cursor, record };
    }
    if (first === undefined) return undefined;
    first.cursor.take();
    const { key, value } = first.record;
    return decodeObjectRecord(this.#bucket.path, objectNameOf(key), key, value);
  }

  /** Goes on behind all names that begin with a text. */
  skip(prefix: string): void {
    const end = rangeOf(utf8(prefix)).to;
    for (const cursor of this.#tables) cursor.seek(end);
  }
}

/** Where the range begins whose names are above `after`. */
export function firstKeyAfter(table: Uint8Array, from: RecordKey, after: string | undefined): RecordKey {
  if (after === undefined) return from;
  const above = keyAfter(nameBound(table, after));
  return compareBytes(above, from) > 0 ? above : from;
}

export function nameBound(table: Uint8Array, text: string): Uint8Array {
  return concat([table, utf8(text)]);
}

function compareNames(left: RecordKey, right: RecordKey): number {
  return compareBytes(left.subarray(NAME_OFFSET), right.subarray(NAME_OFFSET));
}
