/** Services as text: settings and served paths in EdgeFS's layout (`X-…: value`, `[`, paths, `]`). */
import type { ServiceInfo, ServiceStatus } from "../../api/service.ts";
import { forTerminal } from "../output/escape.ts";
import type { Look } from "../output/view.ts";
import { isFault } from "./link-words.ts";

/** All `X-…: value` lines in print order. */
export function settingsText(service: ServiceInfo): string {
  return Object.entries(service.settings)
    .map(([key, value]) => `${forTerminal(key)}: ${forTerminal(value)}\n`)
    .join("");
}

/** The settings, then the served paths between brackets, each indented by two spaces. */
export function serviceText(service: ServiceInfo): string {
  const paths = service.served.map((path) => `  ${forTerminal(path)}\n`).join("");
  return `${settingsText(service)}[\n${paths}]\n`;
}

/** Settings and served paths for lines of fields. */
export function settingFields(service: ServiceInfo): ReadonlyArray<readonly [key: string, value: string]> {
  return [...Object.entries(service.settings), ...service.served.map((path) => ["serves", path] as const)];
}

/** What is said once a service is enabled: its status, where to reach it, and what is wrong if anything is. */
export function enabledText({ service, link, s3 }: ServiceStatus, { paint }: Look): string {
  const lines = [`X-Status: ${service.isEnabled ? "enabled" : "disabled"}`];
  const status = link ?? s3;
  for (const endpoint of s3?.endpoints ?? []) lines.push(`Listening on ${forTerminal(endpoint)}`);
  if (link?.listenAddress !== undefined) {
    lines.push(
      `Listening on ${forTerminal(link.listenAddress)}; the sender's X-ISGW-Remote is ccow://${forTerminal(link.listenAddress)}`,
    );
  }
  if (status !== undefined && isFault(status.state)) {
    lines.push(paint.bad(`State: ${status.state}: ${forTerminal(status.stateText)}`));
    if (status.lastError?.fix !== undefined) lines.push(`Fix: ${forTerminal(status.lastError.fix)}`);
  }
  if (service.isEnabled && service.served.length === 0) {
    lines.push(
      `Serves nothing yet: efscli service serve ${service.name} ${s3 === undefined ? "CLUSTER/TENANT[/BUCKET]" : "CLUSTER/TENANT"}`,
    );
  }
  return `${lines.join("\n")}\n`;
}
