/** `efscli service unserve`: stop serving a tenant or bucket; prints EdgeFS's line once it is done. */
import { Command } from "commander";
import type { ServiceInfo } from "../../../api/service.ts";
import { action } from "../../action.ts";
import { servedArgument, serviceArgument } from "../../arguments.ts";
import { examples } from "../../help-text.ts";
import { forTerminal } from "../../output/escape.ts";
import type { TextView } from "../../output/view.ts";
import { settingFields } from "../../service/service-text.ts";
import { isS3Type } from "../../service/service-words.ts";
import type { Session } from "../../session.ts";

interface Unserved {
  readonly path: string;
  readonly service: ServiceInfo;
}

export function serviceUnserve(session: Session): Command {
  const command = new Command("unserve")
    .description("stop serving a tenant or bucket")
    .argument("<name>", "the service", serviceArgument)
    .argument("<path>", "the path as it is served: CLUSTER/TENANT or CLUSTER/TENANT/BUCKET", servedArgument)
    .action(action(session, run, view));
  return examples(command, ["efscli service unserve hawaii Hawaii/Cola/bk1"]);
}

async function run({ api }: Session, name: string, path: string): Promise<Unserved> {
  return { path, service: await api.unserve(name, path) };
}

const view: TextView<Unserved> = {
  text: ({ path, service }) => `Removing ${isS3Type(service) ? "export " : ""}${forTerminal(path)}\n`,
  fields: ({ service }) => settingFields(service),
  name: ({ path }) => path,
  json: ({ service }) => service,
};
