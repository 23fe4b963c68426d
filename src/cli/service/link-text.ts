/**
 * What EdgeFS never said of a link, for people and as fields: state in words, the peer, where data lands, what was already there,
 * what waits, the last error and what mends it. Stands beneath EdgeFS's text, never in it; a fault comes first and in red.
 */
import type { ServiceStatus } from "../../api/service.ts";
import { formatDuration, formatSize } from "../../base/units.ts";
import type { BucketLinkStatus, LinkCounters, LinkStatus } from "../../model/link-status.ts";
import { counted } from "../output/cell.ts";
import { forTerminal } from "../output/escape.ts";
import type { Look } from "../output/view.ts";
import { isFault } from "./link-words.ts";
import { relativeTime } from "./relative-time.ts";

type Row = readonly [label: string, text: string];

const LABEL_WIDTH = 16;
/** `X-ISGW-Direction` of a service whose data lands here. */
const RECEIVE = "2";

export function linkText(status: ServiceStatus, { paint }: Look): string {
  const { link, service } = status;
  if (link === undefined) return "";
  const nowMs = Date.parse(status.now);
  const isBad =
    isFault(link.state) ||
    (link.state !== "disabled" && link.buckets.some((bucket) => bucket.status === "error"));
  const state = `${isBad ? "ERROR: " : ""}${link.state}`;
  const colour = isBad ? paint.bad : colourOf(link, paint);
  const lines = [`Link: ${colour(state)}`];
  if (link.stateText !== "" && link.stateText !== link.state) {
    lines.push(`  ${colour(forTerminal(link.stateText))}`);
  }
  lines.push(...linkRows(link, { nowMs, isBad }).map(line));
  const isReceiver = service.settings["X-ISGW-Direction"] === RECEIVE;
  for (const bucket of link.buckets) {
    lines.push("", `${forTerminal(bucket.path)}:`, ...bucketRows(bucket, { link, isReceiver }).map(line));
  }
  if (link.buckets.length === 0) lines.push(...nothingServed(service.name, service.served, link));
  return `\n${lines.join("\n")}\n`;
}

function line([label, text]: Row): string {
  return `  ${label.padEnd(LABEL_WIDTH)}${forTerminal(text)}`;
}

function colourOf(link: LinkStatus, paint: Look["paint"]): (text: string) => string {
  if (link.state === "connected") return paint.good;
  return link.state === "disabled" ? paint.faint : paint.warn;
}

function nothingServed(name: string, served: readonly string[], link: LinkStatus): readonly string[] {
  if (served.length === 0) {
    return [line(["Serves", `nothing: efscli service serve ${name} CLUSTER/TENANT/BUCKET`])];
  }
  return link.state === "connected" ? [line(["Serves", "no bucket of what is served is here yet"])] : [];
}

function linkRows(
  link: LinkStatus,
  { nowMs, isBad }: { readonly nowMs: number; readonly isBad: boolean },
): readonly Row[] {
  const { peer, listenAddress, lastError, nextAttemptMs } = link;
  const rows: Row[] = [
    [
      "Peer",
      peer === undefined ? "not met yet" : `${peer.name} (segment ${peer.segment}) at ${peer.address}`,
    ],
  ];
  if (listenAddress !== undefined) rows.push(["Listens on", listenAddress]);
  rows.push([
    "Encrypted",
    link.isEncrypted ? "yes, TLS 1.3" : "no: compressed only, so keep the network private",
  ]);
  rows.push(["Last error", lastError === undefined ? "none" : errorText(lastError, nowMs)]);
  // An error that is over stays readable, but there is nothing left to mend.
  if (isBad && lastError?.fix !== undefined) rows.push(["Fix", lastError.fix]);
  if (nextAttemptMs !== undefined) rows.push(["Next attempt", waitText(nextAttemptMs - nowMs)]);
  return rows;
}

function errorText(error: NonNullable<LinkStatus["lastError"]>, nowMs: number): string {
  return `${error.message} (${error.code}), ${relativeTime(error.atMs, nowMs)}`;
}

function waitText(waitMs: number): string {
  return waitMs <= 0 ? "now" : `in ${formatDuration(waitMs)}`;
}

function bucketRows(
  bucket: BucketLinkStatus,
  { link, isReceiver }: { readonly link: LinkStatus; readonly isReceiver: boolean },
): readonly Row[] {
  const { counters, backlog, initialPass } = bucket;
  const far = link.peer === undefined ? "at the far side" : `at ${link.peer.name}`;
  const rows: Row[] = [
    ["Destination", `${bucket.destination} ${isReceiver ? "here" : far}`],
    [
      isReceiver ? "Already here" : "Already there",
      `${counted(counters.alreadyThereVersions, "version")}, ${counted(counters.alreadyThereChunks, "chunk")}, ${formatSize(counters.alreadyThereBytes)} (not sent)`,
    ],
    ["Payload bytes", formatSize(counters.payloadBytes)],
    ["Control bytes", formatSize(counters.controlBytes)],
    [
      "Backlog",
      backlog.versions === 0 && backlog.bytes === 0
        ? "none"
        : `${counted(backlog.versions, "version")}, ${formatSize(backlog.bytes)}`,
    ],
  ];
  const other = otherChanges(counters);
  if (other !== undefined) rows.push(["Other changes", other]);
  if (initialPass !== undefined) {
    const left =
      initialPass.remainingMs === undefined ? "" : `, about ${formatDuration(initialPass.remainingMs)} left`;
    rows.push(["Initial pass", `${Math.floor(initialPass.share * 100)} %${left}`]);
  }
  return rows;
}

/** What crossed besides versions; undefined: nothing. */
function otherChanges(counters: LinkCounters): string | undefined {
  const { annotations, expunges, refusedExpunges } = counters;
  if (annotations + expunges + refusedExpunges === 0) return undefined;
  const refused = refusedExpunges === 0 ? "" : `, ${refusedExpunges} forbidden by a lock`;
  return `${counted(annotations, "annotation")}, ${counted(expunges, "version")} removed${refused}`;
}

/** The same as fields, exact, for tab-separated output. */
export function linkFields(status: ServiceStatus): ReadonlyArray<readonly [key: string, value: string]> {
  const { link } = status;
  if (link === undefined) return [];
  const fields: Array<readonly [string, string]> = [
    ["state", link.state],
    ["state-text", link.stateText],
    ["peer-segment", link.peer?.segment ?? ""],
    ["peer-name", link.peer?.name ?? ""],
    ["peer-address", link.peer?.address ?? ""],
    ["listen-address", link.listenAddress ?? ""],
    ["encrypted", String(link.isEncrypted)],
    ["last-error", link.lastError?.code ?? ""],
    ["last-error-text", link.lastError?.message ?? ""],
    ["fix", link.lastError?.fix ?? ""],
  ];
  for (const bucket of link.buckets) {
    const { counters, backlog, initialPass, path, ...facts } = bucket;
    const values = { ...facts, ...counters, backlogVersions: backlog.versions, backlogBytes: backlog.bytes };
    for (const [name, value] of Object.entries(values)) fields.push([`${path}.${name}`, String(value)]);
    fields.push([`${path}.initialPassShare`, initialPass === undefined ? "" : String(initialPass.share)]);
  }
  return fields;
}
