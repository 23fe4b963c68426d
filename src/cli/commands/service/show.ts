/**
 * `efscli service show`: settings and served paths as EdgeFS printed them; with -s the counters of each path in EdgeFS's table, and
 * beneath it what EdgeFS never said.
 */
import { Command, Option } from "commander";
import type { ServiceInfo, ServiceStatus } from "../../../api/service.ts";
import { parseDuration } from "../../../base/units.ts";
import { watchAction } from "../../action.ts";
import { serviceArgument } from "../../arguments.ts";
import { examples, notes } from "../../help-text.ts";
import type { Look, TextView } from "../../output/view.ts";
import { linkFields, linkText } from "../../service/link-text.ts";
import { s3Fields, s3Text } from "../../service/s3-text.ts";
import { serviceText, settingFields } from "../../service/service-text.ts";
import { statsText } from "../../service/stats-text.ts";
import { statusJson } from "../../service/status-json.ts";
import type { Session } from "../../session.ts";

interface Options {
  readonly stat?: boolean;
  readonly format?: string;
}

interface Shown {
  readonly service: ServiceInfo;
  /** With -s. */
  readonly status: ServiceStatus | undefined;
  readonly isEdgefsOnly: boolean;
}

export function serviceShow(session: Session): Command {
  const command = new Command("show")
    .description("show a service; with -s what it does")
    .argument("<name>", "the service", serviceArgument)
    .option("-s, --stat", "also counters, state and last error; of links peer and backlog, of s3 latencies")
    .addOption(new Option("--format <form>", "edgefs: the text of EdgeFS alone").choices(["edgefs"]))
    .option("--key <key>", "only the value of this key")
    .option("--watch", "show it again and again until interrupted")
    .option("--every <duration>", "how often with --watch (default: 1s)", parseDuration)
    .action(watchAction(session, run, view));
  examples(command, [
    "efscli service show hawaii",
    "efscli service show hawaii -s",
    "efscli service show hawaii -s --watch",
    "efscli service show hawaii -s -o json | jq -r .link.state",
  ]);
  return notes(
    command,
    "Counters mean transferred; what was already there is counted apart. Tables round, -o json is exact.",
  );
}

async function run({ api }: Session, name: string, options: Options): Promise<Shown> {
  const isEdgefsOnly = options.format === "edgefs";
  if (options.stat !== true) return { service: await api.showService(name), status: undefined, isEdgefsOnly };
  const status = await api.serviceStatus(name);
  return { service: status.service, status, isEdgefsOnly };
}

const view: TextView<Shown> = {
  text: textOf,
  fields: ({ service, status }) => [
    ...settingFields(service),
    ...(status === undefined ? [] : [...linkFields(status), ...s3Fields(status)]),
  ],
  name: ({ service }) => service.name,
  json: ({ service, status }) => (status === undefined ? service : statusJson(status)),
};

function textOf({ service, status, isEdgefsOnly }: Shown, look: Look): string {
  const edgefs = serviceText(service);
  if (status === undefined) return edgefs;
  const withStats = `${edgefs}${statsText(status)}`;
  return isEdgefsOnly ? withStats : `${withStats}${linkText(status, look)}${s3Text(status, look)}`;
}
