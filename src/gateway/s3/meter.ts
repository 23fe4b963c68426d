/**
 * What an S3 service counts: requests, errors, bytes and latencies for each operation of each bucket, and how often each error code was answered.
 * Counters are written down now and then and taken up at a start; latencies are of this run. Rows are bounded: what is beyond goes under `*`.
 */
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import type { ServiceName } from "../../model/names.ts";
import type { S3OperationStatus } from "../../model/s3-status.ts";
import type { ServiceStore } from "../../segment/services.ts";
import { S3_CODES } from "./errors.ts";
import { Latencies } from "./latencies.ts";

const ROWS_MAX = 1000;
/** A page of rows stays well below the 128 KiB of one state. */
const PAGE_ROWS = 100;
const PAGE_PREFIX = "s3-counters/";
const ERRORS_KEY = "s3-errors";
const REST = "*";

export interface Counted {
  /** AWS's name, `-` for a request that was for none. */
  readonly operation: string;
  /** `-`: none, or one that is not there or not for this client. */
  readonly bucket: string;
  readonly status: number;
  /** AWS's code of an answer that is an error. */
  readonly code: string | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly elapsedMs: number;
}

interface Row {
  readonly operation: string;
  readonly bucket: string;
  requests: number;
  clientErrors: number;
  serverErrors: number;
  bytesIn: number;
  bytesOut: number;
  readonly latencies: Latencies;
}

export class Meter {
  readonly #services: ServiceStore;
  readonly #service: ServiceName;
  /** Bucket to operation to row. */
  readonly #rows = new Map<string, Map<string, Row>>();
  /** In order of making: the pages that are written. */
  readonly #ordered: Row[] = [];
  readonly #dirtyPages = new Set<number>();
  readonly #pageOf = new Map<Row, number>();
  readonly #errors = new Map<string, number>();
  #areErrorsDirty = false;
  #writing: Promise<void> = Promise.resolve();
  inFlight = 0;

  private constructor(services: ServiceStore, service: ServiceName) {
    this.#services = services;
    this.#service = service;
  }

  /** With what earlier runs counted. What cannot be read counts from 0 again: counters are never worth a failed start. */
  static async open(services: ServiceStore, service: ServiceName): Promise<Meter> {
    const meter = new Meter(services, service);
    for (const { value } of await services.listState(service, PAGE_PREFIX)) meter.#takeUp(parsed(value));
    const errors = parsed((await services.getState(service, ERRORS_KEY)) ?? new Uint8Array());
    for (const [code, times] of Object.entries(typeof errors === "object" && errors !== null ? errors : {})) {
      if (Object.hasOwn(S3_CODES, code)) meter.#errors.set(code, count(times));
    }
    return meter;
  }

  count({ operation, bucket, status, code, bytesIn, bytesOut, elapsedMs }: Counted): void {
    const row = this.#row(operation, bucket);
    row.requests += 1;
    if (status >= 500) row.serverErrors += 1;
    else if (status >= 400) row.clientErrors += 1;
    row.bytesIn += bytesIn;
    row.bytesOut += bytesOut;
    row.latencies.add(elapsedMs);
    this.#dirtyPages.add(this.#pageOf.get(row) ?? 0);
    if (code === undefined) return;
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
    this.#areErrorsDirty = true;
  }

  /** By bucket, then by operation. */
  operations(): readonly S3OperationStatus[] {
    return this.#ordered
      .map(({ latencies, ...row }) => ({
        ...row,
        p50Ms: latencies.quantile(0.5),
        p99Ms: latencies.quantile(0.99),
      }))
      .sort((one, other) => compared(one.bucket, other.bucket) || compared(one.operation, other.operation));
  }

  errors(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#errors].sort(([one], [other]) => compared(one, other)));
  }

  /** Writes down what changed. One at a time. @throws what the segment throws */
  write(): Promise<void> {
    const turn = this.#writing.then(() => this.#write());
    this.#writing = turn.catch(() => undefined);
    return turn;
  }

  async #write(): Promise<void> {
    for (const page of [...this.#dirtyPages]) {
      this.#dirtyPages.delete(page);
      const rows = this.#ordered.slice(page * PAGE_ROWS, (page + 1) * PAGE_ROWS);
      const stored = rows.map((row) => [
        row.operation,
        row.bucket,
        row.requests,
        row.clientErrors,
        row.serverErrors,
        row.bytesIn,
        row.bytesOut,
      ]);
      await this.#put(`${PAGE_PREFIX}${String(page).padStart(3, "0")}`, stored, () =>
        this.#dirtyPages.add(page),
      );
    }
    if (!this.#areErrorsDirty) return;
    this.#areErrorsDirty = false;
    await this.#put(ERRORS_KEY, Object.fromEntries(this.#errors), () => {
      this.#areErrorsDirty = true;
    });
  }

  async #put(key: string, value: unknown, onFailure: () => void): Promise<void> {
    try {
      await this.#services.putState(this.#service, key, utf8(JSON.stringify(value)));
    } catch (thrown) {
      onFailure();
      throw thrown;
    }
  }

  #row(operation: string, bucket: string): Row {
    const known = this.#rows.get(bucket)?.get(operation);
    if (known !== undefined) return known;
    const isFull = this.#ordered.length >= ROWS_MAX && bucket !== REST;
    return isFull ? this.#row(operation, REST) : this.#made(operation, bucket);
  }

  #made(operation: string, bucket: string): Row {
    const row: Row = {
      operation,
      bucket,
      requests: 0,
      clientErrors: 0,
      serverErrors: 0,
      bytesIn: 0,
      bytesOut: 0,
      latencies: new Latencies(),
    };
    const ofBucket = this.#rows.get(bucket) ?? new Map<string, Row>();
    ofBucket.set(operation, row);
    this.#rows.set(bucket, ofBucket);
    this.#pageOf.set(row, Math.floor(this.#ordered.length / PAGE_ROWS));
    this.#ordered.push(row);
    return row;
  }

  #takeUp(page: unknown): void {
    for (const stored of Array.isArray(page) ? page : []) {
      if (!Array.isArray(stored) || typeof stored[0] !== "string" || typeof stored[1] !== "string") continue;
      const row = this.#row(stored[0], stored[1]);
      row.requests += count(stored[2]);
      row.clientErrors += count(stored[3]);
      row.serverErrors += count(stored[4]);
      row.bytesIn += count(stored[5]);
      row.bytesOut += count(stored[6]);
    }
  }
}

function parsed(value: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(value) ?? "null");
  } catch {
    return undefined;
  }
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function compared(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
