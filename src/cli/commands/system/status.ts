/** `efscli system status`: what the segment is, holds and runs. The first line is EdgeFS's. */
import { Command, Option } from "commander";
import type { SystemStatus } from "../../../api/system.ts";
import { EfsError } from "../../../base/errors.ts";
import { formatDuration } from "../../../base/units.ts";
import { action } from "../../action.ts";
import { examples } from "../../help-text.ts";
import { counted, size } from "../../output/cell.ts";
import { forTerminal } from "../../output/escape.ts";
import type { Look, TextView } from "../../output/view.ts";
import { isFault } from "../../service/link-words.ts";
import type { Session } from "../../session.ts";

type Shown = SystemStatus & { readonly mustBeHealthy: boolean };

export function systemStatus(session: Session): Command {
  const command = new Command("status")
    .description("show what the segment is, what it holds and which services it runs")
    .option("--exit-code", "exit 1 unless the segment is online and no enabled service is at fault")
    .addOption(
      new Option("-v, --verbose [level]", "accepted as in EdgeFS; everything is shown anyway").hideHelp(),
    )
    .action(action(session, run, view));
  return examples(command, [
    "efscli system status",
    "efscli system status --exit-code > /dev/null || echo look here",
  ]);
}

async function run({ api }: Session, options: { readonly exitCode?: boolean }): Promise<Shown> {
  return { ...(await api.systemStatus()), mustBeHealthy: options.exitCode === true };
}

const view: TextView<Shown> = {
  text: textOf,
  fields: (status) => [
    ["segment", status.segmentName],
    ["segment-id", status.segmentId],
    ["system-guid", status.systemGuid],
    ["state", stateOf(status)],
    ["version", status.version],
    ["pid", String(status.pid)],
    ["started", status.started],
    ["data-directory", status.dataDirectory],
    ["objects", String(status.objectCount)],
    ["logical-bytes", String(status.logicalBytes)],
    ["chunks", String(status.chunkCount)],
    ["stored-bytes", String(status.storedBytes)],
    ["total-bytes", String(status.totalBytes ?? "")],
    ["free-bytes", String(status.freeBytes ?? "")],
  ],
  name: (status) => status.segmentName,
  json: ({ mustBeHealthy: _, ...status }) => status,
  problem: (status) => {
    if (!status.mustBeHealthy) return undefined;
    const faulty = faultyServices(status).map(({ name, state }) => `${name}: ${state}`);
    const faults = status.isWritable ? faulty : ["the segment is read only", ...faulty];
    return faults.length === 0 ? undefined : new EfsError("UNHEALTHY", faults.join("; "));
  },
};

function stateOf(status: SystemStatus): "ONLINE" | "READONLY" {
  return status.isWritable ? "ONLINE" : "READONLY";
}

function faultyServices(status: SystemStatus): SystemStatus["services"] {
  return status.services.filter((service) => service.isEnabled && isFault(service.state));
}

function textOf(status: Shown, { paint, nowMs }: Look): string {
  const state = stateOf(status);
  const upMs = Math.max(0, nowMs - Date.parse(status.started));
  const free =
    status.freeBytes === null || status.totalBytes === null
      ? ""
      : ` (${size(status.freeBytes).shown} free of ${size(status.totalBytes).shown})`;
  const lines = [
    `ServerID ${status.segmentId} ${forTerminal(status.segmentName)} ${status.isWritable ? paint.good(state) : paint.bad(state)}`,
    `  guid      ${status.systemGuid}`,
    `  daemon    efsd ${status.version}, pid ${status.pid}, up ${formatDuration(upMs)}`,
    `  data      ${forTerminal(status.dataDirectory)}${free}`,
    `  objects   ${counted(status.objectCount, "object")}, ${size(status.logicalBytes).shown}`,
    `  stored    ${counted(status.chunkCount, "chunk")}, ${size(status.storedBytes).shown}`,
  ];
  if (status.services.length === 0) lines.push("  services  none");
  for (const { name, type, isEnabled, state: words } of status.services) {
    const shown = isFault(words) ? paint.bad(words) : words;
    lines.push(`  service   ${forTerminal(name)} (${type}) ${isEnabled ? `enabled: ${shown}` : "disabled"}`);
  }
  return `${lines.join("\n")}\n`;
}
