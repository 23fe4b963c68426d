/**
 * EdgeFS's statistics of a service, byte for byte in its layout: for each path an empty line, `Stats for PATH:`, an empty line, a table
 * of two columns without outer border (as tablewriter 0.0.1 draws it, spaces at line ends included), an empty line.
 */
import type { ServiceStatus } from "../../api/service.ts";
import { formatDuration, formatSize } from "../../base/units.ts";
import type { BucketLinkStatus } from "../../model/link-status.ts";
import { forTerminal } from "../output/escape.ts";
import { relativeTime } from "./relative-time.ts";

const LABEL_WIDTH = 26;
/** EdgeFS's longest value decides; ours are never narrower than those that it usually had. */
const VALUE_WIDTH_MIN = 16;

type Row = readonly [label: string, value: string];

export function statsText(status: ServiceStatus): string {
  const nowMs = Date.parse(status.now);
  return (status.link?.buckets ?? [])
    .map((bucket) => `\nStats for ${forTerminal(bucket.path)}:\n\n${table(rowsOf(bucket, nowMs))}\n`)
    .join("");
}

function rowsOf(bucket: BucketLinkStatus, nowMs: number): readonly Row[] {
  const { counters } = bucket;
  return [
    ["Timestamp", relativeTime(bucket.timestampMs, nowMs)],
    ["Status", bucket.status],
    ["State", bucket.phase],
    ["Mode", bucket.mode],
    ["Processing delay", formatDuration(bucket.delayMs)],
    ["Latency", formatDuration(bucket.latencyMs)],
    ["Requests", String(counters.requests)],
    ["Version manifests", String(counters.versionManifests)],
    ["Chunk manifests", String(counters.chunkManifests)],
    ["Data chunks sent", String(counters.dataChunksSent)],
    ["Data chunks received", String(counters.dataChunksReceived)],
    ["Snapviews", String(counters.snapviews)],
    ["Bytes sent", formatSize(counters.bytesSent)],
    ["Bytes received", formatSize(counters.bytesReceived)],
    ["Send throughput per sec", formatSize(Math.round(bucket.sendBytesPerSecond))],
    ["Receive throughput per sec", formatSize(Math.round(bucket.receiveBytesPerSecond))],
    ["Network errors", String(counters.networkErrors)],
    ["Local io errors", String(counters.localIoErrors)],
    ["Remote io errors", String(counters.remoteIoErrors)],
  ];
}

function table(rows: readonly Row[]): string {
  const valueWidth = Math.max(VALUE_WIDTH_MIN, ...rows.map(([, value]) => value.length));
  const line = (label: string, value: string) => `  ${label} | ${value}  \n`;
  const rule = `+${"-".repeat(LABEL_WIDTH + 2)}+${"-".repeat(valueWidth + 2)}+\n`;
  const body = rows.map(([label, value]) => line(label.padEnd(LABEL_WIDTH), value.padEnd(valueWidth)));
  return [line(centred("PARAMETER", LABEL_WIDTH), centred("VALUE", valueWidth)), rule, ...body].join("");
}

/** The spare space stands on the right. */
function centred(text: string, width: number): string {
  const left = Math.floor((width - text.length) / 2);
  return `${" ".repeat(left)}${text}`.padEnd(width);
}
