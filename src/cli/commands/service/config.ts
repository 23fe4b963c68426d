/** `efscli service config`: changes settings in EdgeFS's three-argument form or several at once; prints all settings afterwards. */
import { Command } from "commander";
import type { ServiceInfo } from "../../../api/service.ts";
import { EfsError } from "../../../base/errors.ts";
import { action } from "../../action.ts";
import { serviceArgument } from "../../arguments.ts";
import { collect } from "../../flags.ts";
import { examples, notes } from "../../help-text.ts";
import type { TextView } from "../../output/view.ts";
import { settingFields, settingsText } from "../../service/service-text.ts";
import { givenSettings, parseSettingKey } from "../../service/setting-words.ts";
import type { Session } from "../../session.ts";

interface Options {
  readonly unset?: readonly string[];
  readonly valueFile?: string;
}

export function serviceConfig(session: Session): Command {
  const command = new Command("config")
    .description("change settings of a service and print them all")
    .argument("<name>", "the service", serviceArgument)
    .argument("[settings...]", "KEY VALUE, or KEY=VALUE as often as needed; keys begin with X-")
    .option("--unset <key>", "put a setting back to - (may be repeated)", collect(parseSettingKey))
    .option("--value-file <file>", "read the value of the one KEY from a file; - is stdin")
    .action(action(session, run, view));
  examples(command, [
    "efscli service config hawaii X-ISGW-Remote ccow://10.0.0.2:14000",
    "efscli service config hawaii X-ISGW-Direction=1 X-ISGW-Replication=3",
    "efscli service config hawaii X-ISGW-Basic-Auth --value-file key",
    "efscli service config hawaii --unset X-ISGW-Remote",
  ]);
  return notes(
    command,
    "An empty value unsets, as --unset does. Secrets (X-ISGW-Basic-Auth) are taken from a file or stdin only, because everybody on the machine can read arguments.",
  );
}

async function run(
  session: Session,
  name: string,
  words: readonly string[],
  options: Options,
): Promise<ServiceInfo> {
  const settings = new Map(await givenSettings(session, words, options.valueFile));
  for (const key of options.unset ?? []) settings.set(key, null);
  if (settings.size === 0) {
    throw new EfsError("USAGE", "nothing to change", { hint: "give KEY VALUE, KEY=VALUE or --unset KEY" });
  }
  return session.api.configureService(name, { settings: Object.fromEntries(settings) });
}

const view: TextView<ServiceInfo> = {
  text: settingsText,
  fields: settingFields,
  name: (service) => service.name,
};
