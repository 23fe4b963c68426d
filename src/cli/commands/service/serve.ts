/** `efscli service serve`: serve a tenant or bucket through a service; prints EdgeFS's line once it is done. */
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

interface Served {
  readonly path: string;
  readonly service: ServiceInfo;
}

export function serviceServe(session: Session): Command {
  const command = new Command("serve")
    .description("serve a tenant or bucket through a service")
    .argument("<name>", "the service", serviceArgument)
    .argument("<path>", "the tenant or bucket: CLUSTER/TENANT or CLUSTER/TENANT/BUCKET", servedArgument)
    .action(action(session, run, view));
  return examples(command, [
    "efscli service serve hawaii Hawaii/Cola/bk1",
    "efscli service serve s3-cola Hawaii/Cola",
  ]);
}

async function run({ api }: Session, name: string, path: string): Promise<Served> {
  return { path, service: await api.serve(name, path) };
}

const view: TextView<Served> = {
  text: ({ path, service }) => `Serving new ${isS3Type(service) ? "tenant " : ""}${forTerminal(path)}\n`,
  fields: ({ service }) => settingFields(service),
  name: ({ path }) => path,
  json: ({ service }) => service,
};
