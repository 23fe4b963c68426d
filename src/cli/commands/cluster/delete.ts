/** `efscli cluster delete`: removes a cluster that is empty. */
import { Command } from "commander";
import { action } from "../../action.ts";
import { clusterArgument } from "../../arguments.ts";
import { type Deleted, deleteIfThere } from "../../containers.ts";
import { examples, notes } from "../../help-text.ts";
import type { SilentView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

export function clusterDelete(session: Session): Command {
  const command = new Command("delete")
    .description("delete an empty cluster")
    .argument("<cluster>", "the cluster to delete", clusterArgument)
    .option("--if-exists", "succeed when it is not there")
    .action(action(session, run, view));
  examples(command, ["efscli cluster delete Hawaii", "efscli cluster delete --if-exists Hawaii"]);
  return notes(command, "A cluster that has tenants is not deleted; the error names what is in the way.");
}

function run({ api }: Session, path: string, options: { readonly ifExists?: boolean }): Promise<Deleted> {
  return deleteIfThere(path, () => api.deleteCluster(path), {
    isTolerant: options.ifExists === true,
    codes: ["CLUSTER_NOT_FOUND"],
    blockers: async (limit) => (await api.listTenants(path, { limit })).items,
  });
}

const view: SilentView<Deleted> = { silent: true, name: (deleted) => deleted.path };
