/** `efscli service create`: a new service with EdgeFS's keys and start values, disabled and serving nothing. */
import { Command } from "commander";
import type { ServiceInfo } from "../../../api/service.ts";
import { action } from "../../action.ts";
import { serviceArgument } from "../../arguments.ts";
import { createUnlessThere } from "../../containers.ts";
import { examples, notes } from "../../help-text.ts";
import type { SilentView } from "../../output/view.ts";
import { parseServiceType } from "../../service/service-words.ts";
import type { Session } from "../../session.ts";

export function serviceCreate(session: Session): Command {
  const command = new Command("create")
    .description("create a service, to be configured step by step")
    .argument(
      "<type>",
      "isgw: a link to another segment; s3: an S3 endpoint; s3s: one whose hosts name buckets",
      parseServiceType,
    )
    .argument("<name>", "what to call it", serviceArgument)
    .option("--if-not-exists", "succeed when it is there already")
    .action(action(session, run, view));
  examples(command, ["efscli service create isgw hawaii", "efscli service create s3 s3-cola"]);
  return notes(
    command,
    "efscli service add does create, config, serve and enable in one go. What the settings of s3 do: efscli help s3-settings.",
  );
}

function run(
  { api }: Session,
  type: string,
  name: string,
  options: { readonly ifNotExists?: boolean },
): Promise<ServiceInfo> {
  return createUnlessThere(() => api.createService({ type, name }), {
    isTolerant: options.ifNotExists === true,
    code: "SERVICE_EXISTS",
    show: () => api.showService(name),
  });
}

const view: SilentView<ServiceInfo> = { silent: true, name: (service) => service.name };
