/** `efscli tenant delete`: removes a tenant that is empty. */
import { Command } from "commander";
import { action } from "../../action.ts";
import { tenantArgument } from "../../arguments.ts";
import { type Deleted, deleteIfThere } from "../../containers.ts";
import { examples, notes } from "../../help-text.ts";
import type { SilentView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

export function tenantDelete(session: Session): Command {
  const command = new Command("delete")
    .description("delete an empty tenant")
    .argument("<cluster/tenant>", "the tenant to delete", tenantArgument)
    .option("--if-exists", "succeed when it is not there")
    .action(action(session, run, view));
  examples(command, ["efscli tenant delete Hawaii/Cola", "efscli tenant delete --if-exists Hawaii/Cola"]);
  return notes(
    command,
    "A tenant that has buckets or users, or that a service serves, is not deleted; the error names what is in the way.",
  );
}

function run({ api }: Session, path: string, options: { readonly ifExists?: boolean }): Promise<Deleted> {
  return deleteIfThere(path, () => api.deleteTenant(path), {
    isTolerant: options.ifExists === true,
    codes: ["CLUSTER_NOT_FOUND", "TENANT_NOT_FOUND"],
    blockers: async (limit) => {
      const buckets = (await api.listBuckets(path, { limit })).items;
      return buckets.length > 0 ? buckets : (await api.listUsers(path, { limit })).items;
    },
  });
}

const view: SilentView<Deleted> = { silent: true, name: (deleted) => deleted.path };
