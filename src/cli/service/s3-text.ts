/** What an S3 service does, for people and as fields: its state in words, where it listens, a table of operations for each bucket, errors by code. */
import type { ServiceStatus } from "../../api/service.ts";
import { formatSize } from "../../base/units.ts";
import type { S3NotificationStatus, S3OperationStatus, S3Status } from "../../model/s3-status.ts";
import { forTerminal } from "../output/escape.ts";
import type { Look } from "../output/view.ts";
import { relativeTime } from "./relative-time.ts";

const LABEL_WIDTH = 16;
const GAP = "   ";

type Column = readonly [header: string, cell: (row: S3OperationStatus) => string, isLeft?: boolean];

const COLUMNS: readonly Column[] = [
  ["BUCKET", ({ bucket }) => forTerminal(bucket), true],
  ["OPERATION", ({ operation }) => forTerminal(operation), true],
  ["REQUESTS", ({ requests }) => String(requests)],
  ["4XX", ({ clientErrors }) => String(clientErrors)],
  ["5XX", ({ serverErrors }) => String(serverErrors)],
  ["IN", ({ bytesIn }) => formatSize(bytesIn)],
  ["OUT", ({ bytesOut }) => formatSize(bytesOut)],
  ["P50", ({ p50Ms }) => latency(p50Ms)],
  ["P99", ({ p99Ms }) => latency(p99Ms)],
];

/** Empty for services of other types. */
export function s3Text({ service, s3, now }: ServiceStatus, look: Look): string {
  if (s3 === undefined) return "";
  const { paint } = look;
  const isBad = s3.state === "error";
  const lines = [`S3: ${isBad ? paint.bad("ERROR") : stateColour(s3, look)(s3.state)}`];
  if (s3.stateText !== s3.state) lines.push(`  ${forTerminal(s3.stateText)}`);
  const rows: ReadonlyArray<readonly [string, string]> = [
    ["Listens on", s3.endpoints.length === 0 ? "nothing" : s3.endpoints.join(", ")],
    ["Tenant", s3.tenant ?? `none: efscli service serve ${service.name} CLUSTER/TENANT`],
    ["In flight", String(s3.inFlight)],
    ["Last error", errorText(s3, Date.parse(now))],
    ...(isBad && s3.lastError?.fix !== undefined ? ([["Fix", s3.lastError.fix]] as const) : []),
  ];
  lines.push(...rows.map(([label, text]) => `  ${label.padEnd(LABEL_WIDTH)}${forTerminal(text)}`));
  if (s3.operations.length > 0) lines.push("", ...table(s3.operations, look));
  const notifications = s3.notifications ?? [];
  if (notifications.length > 0) {
    lines.push("", "Notifications:");
    lines.push(...notifications.map((each) => notificationText(each, { nowMs: Date.parse(now), look })));
  }
  const errors = Object.entries(s3.errors);
  if (errors.length > 0) {
    lines.push("", "Errors answered:");
    lines.push(...errors.map(([code, times]) => `  ${forTerminal(code)}: ${times}`));
  }
  return `\n${lines.join("\n")}\n`;
}

/** The same as fields, exact, for tab-separated output. */
export function s3Fields({ s3 }: ServiceStatus): ReadonlyArray<readonly [key: string, value: string]> {
  if (s3 === undefined) return [];
  const fields: Array<readonly [string, string]> = [
    ["state", s3.state],
    ["state-text", s3.stateText],
    ...s3.endpoints.map((endpoint) => ["endpoint", endpoint] as const),
    ["tenant", s3.tenant ?? ""],
    ["in-flight", String(s3.inFlight)],
    ["last-error", s3.lastError?.code ?? ""],
    ["last-error-text", s3.lastError?.message ?? ""],
    ["fix", s3.lastError?.fix ?? ""],
  ];
  for (const { bucket, operation, ...counts } of s3.operations) {
    for (const [name, value] of Object.entries(counts)) {
      fields.push([`${bucket}.${operation}.${name}`, value === undefined ? "" : String(value)]);
    }
  }
  for (const { bucket, id, lastError, ...counts } of s3.notifications ?? []) {
    const name = `notification.${bucket}.${id}`;
    for (const [key, value] of Object.entries(counts)) fields.push([`${name}.${key}`, String(value)]);
    fields.push([`${name}.last-error-text`, lastError?.message ?? ""]);
  }
  for (const [code, times] of Object.entries(s3.errors)) fields.push([`error.${code}`, String(times)]);
  return fields;
}

/** `bk1/id to webhook audit: delivering, 12 delivered, 0 entries behind`. */
function notificationText(
  { bucket, id, webhook, state, delivered, backlog, lastError }: S3NotificationStatus,
  { nowMs, look: { paint } }: { readonly nowMs: number; readonly look: Look },
): string {
  const where = forTerminal(`${bucket}/${id} to webhook ${webhook}`);
  const entries = backlog === 1 ? "entry" : "entries";
  const how = `${delivered} delivered, ${backlog} log ${entries} behind`;
  if (state === "delivering" || lastError === undefined) return `  ${where}: ${paint.good(state)}, ${how}`;
  const why = forTerminal(`${lastError.message} (${lastError.code}), ${relativeTime(lastError.atMs, nowMs)}`);
  return `  ${where}: ${paint.bad("FAILING")}, ${how}: ${why}`;
}

function table(operations: readonly S3OperationStatus[], { paint }: Look): readonly string[] {
  const cells = operations.map((row) => COLUMNS.map(([, cell]) => cell(row)));
  const widths = COLUMNS.map(([header], at) =>
    Math.max(header.length, ...cells.map((row) => row[at]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((text, at) =>
        COLUMNS[at]?.[2] === true ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0),
      )
      .join(GAP)
      .trimEnd();
  return [paint.strong(line(COLUMNS.map(([header]) => header))), ...cells.map(line)];
}

/** Three digits, as `0.42 ms` or `1.31 s`; `-`: nothing in this run. */
function latency(elapsedMs: number | undefined): string {
  if (elapsedMs === undefined) return "-";
  const [value, unit] = elapsedMs < 1000 ? [elapsedMs, "ms"] : [elapsedMs / 1000, "s"];
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${unit}`;
}

function errorText({ lastError }: S3Status, nowMs: number): string {
  if (lastError === undefined) return "none";
  return `${lastError.message} (${lastError.code}), ${relativeTime(lastError.atMs, nowMs)}`;
}

function stateColour({ state }: S3Status, { paint }: Look): (text: string) => string {
  if (state === "listening") return paint.good;
  return state === "disabled" ? paint.faint : paint.warn;
}
