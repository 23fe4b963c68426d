/** `efscli service disable`: stops a service; its settings, counters and positions stay. */
import { Command } from "commander";
import type { ServiceInfo } from "../../../api/service.ts";
import { action } from "../../action.ts";
import { serviceArgument } from "../../arguments.ts";
import { examples } from "../../help-text.ts";
import type { TextView } from "../../output/view.ts";
import { settingFields } from "../../service/service-text.ts";
import type { Session } from "../../session.ts";

export function serviceDisable(session: Session): Command {
  const command = new Command("disable")
    .description("stop a service; its settings and positions stay")
    .argument("<name>", "the service", serviceArgument)
    .action(action(session, run, view));
  return examples(command, ["efscli service disable hawaii"]);
}

function run({ api }: Session, name: string): Promise<ServiceInfo> {
  return api.disableService(name);
}

const view: TextView<ServiceInfo> = {
  text: () => "X-Status: disabled\n",
  fields: settingFields,
  name: (service) => service.name,
};
