/** `efscli service delete`: removes a service with its counters and positions; what it replicated stays. */
import { Command } from "commander";
import { action } from "../../action.ts";
import { serviceArgument } from "../../arguments.ts";
import { type Deleted, deleteIfThere } from "../../containers.ts";
import { examples, notes } from "../../help-text.ts";
import type { SilentView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

interface Options {
  readonly ifExists?: boolean;
  readonly force?: boolean;
}

export function serviceDelete(session: Session): Command {
  const command = new Command("delete")
    .description("delete a service that is disabled")
    .argument("<name>", "the service to delete", serviceArgument)
    .option("--if-exists", "succeed when it is not there")
    .option("--force", "disable it first when it is enabled")
    .action(action(session, run, view));
  examples(command, ["efscli service delete hawaii", "efscli service delete --force hawaii"]);
  return notes(command, "Counters and positions of the service go with it; objects stay where they are.");
}

function run({ api }: Session, name: string, options: Options): Promise<Deleted> {
  const work = async () => {
    if (options.force === true) await api.disableService(name);
    await api.deleteService(name);
  };
  return deleteIfThere(name, work, { isTolerant: options.ifExists === true, codes: ["SERVICE_NOT_FOUND"] });
}

const view: SilentView<Deleted> = { silent: true, name: (deleted) => deleted.path };
