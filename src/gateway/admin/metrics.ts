/**
 * `/metrics` in Prometheus' text form: what services count, what the segment holds, what the process uses. Made at each asking from the same statuses that
 * `service show` prints, so that the two never differ. Counters of services survive restarts; those of the process do not.
 */
import type { Counter, Gauge, Registry } from "prom-client";
import type { BucketLinkStatus, LinkCounters, LinkStatus } from "../../model/link-status.ts";
import type { S3Status } from "../../model/s3-status.ts";
import type { AdminContext } from "./context.ts";

type Prometheus = typeof import("prom-client");
type Labels = Readonly<Record<string, string>>;

interface Loaded {
  readonly prometheus: Prometheus;
  /** Process metrics, which gather by themselves. */
  readonly process: Registry;
}

let loading: Promise<Loaded> | undefined;

/** Loaded when somebody asks for the first time. */
function loaded(): Promise<Loaded> {
  loading ??= import("prom-client").then(({ default: prometheus }) => {
    const process = new prometheus.Registry();
    prometheus.collectDefaultMetrics({ register: process });
    return { prometheus, process };
  });
  return loading;
}

export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

export async function metricsText(context: AdminContext): Promise<MetricsText> {
  const { prometheus, process } = await loaded();
  const sheet = new Sheet(prometheus);
  await addSegment(sheet, context);
  for (const service of await context.segment.services.list()) {
    const status = await context.services.status(service);
    const isUp = status.state === "connected" || status.state === "listening";
    const { name, type } = service;
    sheet
      .gauge("efs_service_up", "1 while the service does its work")
      .set({ service: name, type }, isUp ? 1 : 0);
    if (status.kind === "s3") {
      addS3(sheet, name, status);
      addNotifications(sheet, name, status);
    } else addLink(sheet, name, status);
  }
  const text = `${await sheet.text()}\n${await process.metrics()}`;
  return { contentType: process.contentType, text };
}

/** The metrics of one asking, each made when it is first named. */
class Sheet {
  readonly #prometheus: Prometheus;
  readonly #registry: Registry;
  readonly #gauges = new Map<string, Gauge>();
  readonly #counters = new Map<string, Counter>();

  constructor(prometheus: Prometheus) {
    this.#prometheus = prometheus;
    this.#registry = new prometheus.Registry();
  }

  gauge(name: string, help: string, labelNames: readonly string[] = ["service", "type"]): Gauge {
    const known = this.#gauges.get(name);
    if (known !== undefined) return known;
    const made = new this.#prometheus.Gauge({ name, help, labelNames, registers: [this.#registry] });
    this.#gauges.set(name, made);
    return made;
  }

  /** A counter is set once at each asking, from 0. */
  count(
    name: string,
    help: string,
    { labels, value }: { readonly labels: Labels; readonly value: number },
  ): void {
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      const labelNames = Object.keys(labels);
      counter = new this.#prometheus.Counter({ name, help, labelNames, registers: [this.#registry] });
      this.#counters.set(name, counter);
    }
    counter.inc(labels, value);
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

async function addSegment(sheet: Sheet, { segment, daemon }: AdminContext): Promise<void> {
  const usage = await segment.usage();
  sheet
    .gauge("efs_info", "which segment this is", ["version", "name", "segment"])
    .set({ version: daemon.version, name: segment.name, segment: segment.id }, 1);
  const facts: ReadonlyArray<readonly [name: string, help: string, value: number | undefined]> = [
    ["efs_segment_writable", "1 while the segment takes writes", usage.isWritable ? 1 : 0],
    ["efs_segment_objects", "objects whose latest version is not a delete", usage.objectCount],
    ["efs_segment_logical_bytes", "bytes of latest versions as readers see them", usage.logicalBytes],
    ["efs_segment_chunks", "chunks that are stored", usage.chunkCount],
    ["efs_segment_stored_bytes", "bytes of chunks after compression and deduplication", usage.storedBytes],
    ["efs_disk_total_bytes", "size of the file system that holds the segment", usage.totalBytes],
    ["efs_disk_free_bytes", "free bytes of that file system", usage.freeBytes],
  ];
  for (const [name, help, value] of facts) if (value !== undefined) sheet.gauge(name, help, []).set(value);
}

function addS3(sheet: Sheet, service: string, { operations, errors, inFlight }: S3Status): void {
  sheet.gauge("efs_s3_in_flight", "requests under way", ["service"]).set({ service }, inFlight);
  for (const row of operations) {
    const labels = { service, bucket: row.bucket, operation: row.operation };
    sheet.count("efs_s3_requests_total", "requests", { labels, value: row.requests });
    for (const [status, value] of [
      ["4xx", row.clientErrors],
      ["5xx", row.serverErrors],
    ] as const) {
      sheet.count("efs_s3_errors_total", "answers that were errors", {
        labels: { ...labels, class: status },
        value,
      });
    }
    sheet.count("efs_s3_received_bytes_total", "bytes of request bodies", { labels, value: row.bytesIn });
    sheet.count("efs_s3_sent_bytes_total", "bytes of answers' bodies", { labels, value: row.bytesOut });
    const duration = sheet.gauge(
      "efs_s3_request_duration_seconds",
      "time from request to answer, since the start",
      [...Object.keys(labels), "quantile"],
    );
    if (row.p50Ms !== undefined) duration.set({ ...labels, quantile: "0.5" }, row.p50Ms / 1000);
    if (row.p99Ms !== undefined) duration.set({ ...labels, quantile: "0.99" }, row.p99Ms / 1000);
  }
  for (const [code, value] of Object.entries(errors)) {
    sheet.count("efs_s3_error_codes_total", "error answers by AWS's code", {
      labels: { service, code },
      value,
    });
  }
}

function addNotifications(sheet: Sheet, service: string, { notifications = [] }: S3Status): void {
  for (const { bucket, id, webhook, delivered, backlog, state } of notifications) {
    const labels = { service, bucket, notification: id, webhook };
    const names = Object.keys(labels);
    sheet.count("efs_s3_notified_events_total", "events that a webhook acknowledged", {
      labels,
      value: delivered,
    });
    sheet.gauge("efs_s3_notification_backlog", "log entries not looked at yet", names).set(labels, backlog);
    const isFailing = state === "failing" ? 1 : 0;
    sheet.gauge("efs_s3_notification_failing", "1 while the webhook fails", names).set(labels, isFailing);
  }
}

function addLink(sheet: Sheet, service: string, { buckets }: LinkStatus): void {
  for (const bucket of buckets) {
    const labels = { service, path: bucket.path };
    for (const name of Object.keys(bucket.counters) as ReadonlyArray<keyof LinkCounters>) {
      const words = `${name}, as service show -s counts it`;
      sheet.count(`efs_isgw_${snakeCase(name)}_total`, words, { labels, value: bucket.counters[name] });
    }
    for (const [name, help, value] of gaugesOf(bucket)) {
      sheet.gauge(name, help, Object.keys(labels)).set(labels, value);
    }
  }
}

function gaugesOf({ backlog, delayMs, latencyMs, status }: BucketLinkStatus) {
  return [
    ["efs_isgw_backlog_versions", "changes that the far side has not acknowledged", backlog.versions],
    ["efs_isgw_backlog_bytes", "bytes of those changes", backlog.bytes],
    ["efs_isgw_delay_seconds", "age of the newest change when it was applied", delayMs / 1000],
    ["efs_isgw_latency_seconds", "round trip of the last exchange", latencyMs / 1000],
    ["efs_isgw_error", "1 while the bucket does not replicate", status === "error" ? 1 : 0],
  ] as const;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
