/** `efscli user delete`: removes a user; its keys sign nothing from then on, its objects stay. */
import { Command } from "commander";
import { action } from "../../action.ts";
import { tenantArgument, userArgument } from "../../arguments.ts";
import { type Deleted, deleteIfThere } from "../../containers.ts";
import { examples, notes } from "../../help-text.ts";
import type { SilentView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

export function userDelete(session: Session): Command {
  const command = new Command("delete")
    .description("delete a user and its access keys")
    .argument("<cluster/tenant>", "the tenant", tenantArgument)
    .argument("<user>", "the user to delete", userArgument)
    .option("--if-exists", "succeed when it is not there")
    .action(action(session, run, view));
  examples(command, ["efscli user delete Hawaii/Cola kai", "efscli user delete --if-exists Hawaii/Cola kai"]);
  return notes(command, "Buckets and objects belong to the tenant and stay where they are.");
}

function run(
  { api }: Session,
  tenant: string,
  name: string,
  options: { readonly ifExists?: boolean },
): Promise<Deleted> {
  return deleteIfThere(`${tenant}/${name}`, () => api.deleteUser(tenant, name), {
    isTolerant: options.ifExists === true,
    codes: ["TENANT_NOT_FOUND", "USER_NOT_FOUND"],
  });
}

const view: SilentView<Deleted> = { silent: true, name: (deleted) => deleted.path };
