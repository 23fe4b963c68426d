/** `efscli service enable`: starts a service now and at every start of the daemon; a receiver's address is printed to be copied. */
import { Command } from "commander";
import type { ServiceStatus } from "../../../api/service.ts";
import { action } from "../../action.ts";
import { serviceArgument } from "../../arguments.ts";
import { examples } from "../../help-text.ts";
import type { TextView } from "../../output/view.ts";
import { enabledText, settingFields } from "../../service/service-text.ts";
import type { Session } from "../../session.ts";

export function serviceEnable(session: Session): Command {
  const command = new Command("enable")
    .description("start a service, now and whenever the daemon starts")
    .argument("<name>", "the service", serviceArgument)
    .action(action(session, run, view));
  return examples(command, ["efscli service enable hawaii"]);
}

async function run({ api }: Session, name: string): Promise<ServiceStatus> {
  await api.enableService(name);
  return api.serviceStatus(name);
}

const view: TextView<ServiceStatus> = {
  text: enabledText,
  fields: ({ service }) => settingFields(service),
  name: ({ service }) => service.name,
};
