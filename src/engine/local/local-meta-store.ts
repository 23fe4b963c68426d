/**
 * Records on the durable map. Table `r` holds them, table `h` the last position of each log, so that a log that was
 * trimmed to nothing goes on where it was.
 */
import { bytesOfText, byteText } from "../../base/byte-text.ts";
import { equalBytes } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import { allocate } from "../../base/slab.ts";
import { checkBatch, checkRecordKey, checkRecordKeys, checkScan, SCAN_PAGE_BYTES } from "../limits.ts";
import type {
  Batch,
  CommitOutcome,
  MetaRecord,
  MetaStore,
  RecordKey,
  ScanOptions,
  ScanPage,
} from "../meta-store.ts";
import { Watchers } from "../watchers.ts";
import type { DurableMap, PlanView } from "./durable-map.ts";
import { GET_COST, ReadTurns, SEEK_COST } from "./read-turns.ts";
import { recordCorrupt } from "./record-corrupt.ts";

const RECORDS = "r";
const HEADS = "h";

/** A batch with its keys as byte text and its values copied, so that the caller may reuse its arrays; what is checked is read at once. */
interface Plan {
  readonly checks: ReadonlyArray<readonly [key: string, expected: Uint8Array | undefined]>;
  readonly writes: ReadonlyArray<{
    readonly key: string;
    readonly value: Uint8Array | undefined;
    readonly position: { readonly append: number; readonly offset: number } | undefined;
  }>;
  readonly adds: ReadonlyArray<readonly [key: string, delta: bigint]>;
  readonly appends: ReadonlyArray<readonly [log: string, value: Uint8Array]>;
}

export class LocalMetaStore implements MetaStore {
  readonly #map: DurableMap;
  readonly #watchers = new Watchers();
  readonly #turns = new ReadTurns();
  #isClosed = false;

  constructor(map: DurableMap) {
    this.#map = map;
  }

  async get(key: RecordKey): Promise<Uint8Array | undefined> {
    this.#checkOpen();
    checkRecordKey(key);
    const text = RECORDS + byteText(key);
    const turn = this.#turns.begin(GET_COST);
    if (turn !== undefined) await this.#openAfter(turn);
    return this.#map.get(text)?.slice();
  }

  async getMany(keys: readonly RecordKey[]): Promise<ReadonlyArray<Uint8Array | undefined>> {
    this.#checkOpen();
    checkRecordKeys(keys);
    const texts = keys.map((key) => RECORDS + byteText(key));
    const turn = this.#turns.begin(keys.length * GET_COST);
    if (turn !== undefined) await this.#openAfter(turn);
    return texts.map((text) => this.#map.get(text)?.slice());
  }

  async scan(options: ScanOptions): Promise<ScanPage> {
    this.#checkOpen();
    checkScan(options);
    const range = {
      from: RECORDS + byteText(options.from),
      to: RECORDS + byteText(options.to),
      isBackward: options.direction === "backward",
    };
    const turn = this.#turns.begin(SEEK_COST);
    if (turn !== undefined) await this.#openAfter(turn);
    const records: MetaRecord[] = [];
    let pageBytes = 0;
    for (const [key, value] of this.#map.range(range)) {
      if (records.length >= options.limit || pageBytes >= SCAN_PAGE_BYTES) {
        this.#turns.add(records.length);
        return { records, isTruncated: true };
      }
      records.push({ key: bytesOfText(key.slice(1)), value: value.slice() });
      pageBytes += value.length;
    }
    this.#turns.add(records.length);
    return { records, isTruncated: false };
  }

  async commit(batch: Batch): Promise<CommitOutcome> {
    this.#checkOpen();
    checkBatch(batch);
    const plan = planOf(batch);
    const touched: string[] = [];
    const outcome = await this.#map.commit((view) => {
      touched.length = 0;
      return run(plan, view, touched);
    });
    this.#watchers.touched(touched);
    return outcome;
  }

  async lastPosition(log: RecordKey): Promise<bigint> {
    this.#checkOpen();
    return positionOf(HEADS + byteText(log), this.#map.get(HEADS + byteText(log)));
  }

  watch(prefix: RecordKey, onChange: () => void): () => void {
    return this.#watchers.watch(prefix, onChange);
  }

  syncCount(): number {
    return this.#map.syncCount();
  }

  /** Ends the watches; the engine closes the map. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watchers.clear();
  }

  async #openAfter(turn: Promise<void>): Promise<void> {
    await turn;
    this.#checkOpen();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new EfsError("SHUTTING_DOWN", "the record store is closed");
  }
}

function run(plan: Plan, view: PlanView, touched: string[]): CommitOutcome {
  const failedCheck = plan.checks.findIndex(([key, expected]) => !matches(view.get(key), expected));
  if (failedCheck !== -1) return { isCommitted: false, failedCheck };
  const heads = new Map<string, bigint>();
  const positions = plan.appends.map(([log]) => {
    const head = HEADS + log;
    const position = (heads.get(head) ?? positionOf(head, view.get(head))) + 1n;
    heads.set(head, position);
    return position;
  });
  const put = (key: string, value: Uint8Array | undefined) => {
    touched.push(key.slice(1));
    view.set(key, value);
  };
  for (const { key, value, position } of plan.writes) {
    put(
      key,
      value && position ? withPosition(value, position.offset, positions[position.append] ?? 0n) : value,
    );
  }
  for (const [key, delta] of plan.adds) {
    put(key, i64(BigInt.asIntN(64, counterOf(key, view.get(key)) + delta)));
  }
  plan.appends.forEach(([log, value], index) => {
    touched.push(log);
    put(RECORDS + log + byteText(i64(positions[index] ?? 0n)), value);
  });
  for (const [head, position] of heads) view.set(head, i64(position));
  return { isCommitted: true, positions };
}

function planOf({ checks = [], writes = [], adds = [], appends = [] }: Batch): Plan {
  const record = (key: RecordKey) => RECORDS + byteText(key);
  return {
    checks: checks.map(({ key, expected }) => [record(key), expected]),
    writes: writes.map(({ key, value, position }) => ({
      key: record(key),
      value: value && copyOf(value),
      position,
    })),
    adds: adds.map(({ key, delta }) => [record(key), delta]),
    appends: appends.map(({ log, value }) => [byteText(log), copyOf(value)]),
  };
}

function copyOf(value: Uint8Array): Uint8Array {
  const copy = allocate(value.length);
  copy.set(value);
  return copy;
}

function matches(value: Uint8Array | undefined, expected: Uint8Array | undefined): boolean {
  if (value === undefined || expected === undefined) return value === expected;
  return equalBytes(value, expected);
}

function withPosition(value: Uint8Array, offset: number, position: bigint): Uint8Array {
  const copy = copyOf(value);
  new DataView(copy.buffer, copy.byteOffset).setBigUint64(offset, position);
  return copy;
}

function counterOf(key: string, value: Uint8Array | undefined): bigint {
  if (value === undefined) return 0n;
  if (value.length !== 8) throw recordCorrupt(key, "a record that is added to is not a counter");
  return new DataView(value.buffer, value.byteOffset).getBigInt64(0);
}

function positionOf(head: string, value: Uint8Array | undefined): bigint {
  if (value === undefined) return 0n;
  if (value.length !== 8) throw recordCorrupt(head, "the last position of a log is not a number");
  return new DataView(value.buffer, value.byteOffset).getBigUint64(0);
}

function i64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, value);
  return bytes;
}
