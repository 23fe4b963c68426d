/** `efscli user show`: one user and its access keys; never a secret. */
import { Command } from "commander";
import type { UserInfo } from "../../../api/user.ts";
import { action } from "../../action.ts";
import { tenantArgument, userArgument } from "../../arguments.ts";
import { examples, notes } from "../../help-text.ts";
import type { TextView } from "../../output/view.ts";
import type { Session } from "../../session.ts";
import { userFields, userText } from "../../user/user-text.ts";

export function userShow(session: Session): Command {
  const command = new Command("show")
    .description("show a user and its access keys")
    .argument("<cluster/tenant>", "the tenant", tenantArgument)
    .argument("<user>", "the user", userArgument)
    .action(action(session, run, view));
  examples(command, ["efscli user show Hawaii/Cola kai", "efscli user show Hawaii/Cola kai -o json"]);
  return notes(
    command,
    "A secret key that was lost is not shown again: efscli user rotate makes another one.",
  );
}

function run({ api }: Session, tenant: string, name: string): Promise<UserInfo> {
  return api.showUser(tenant, name);
}

const view: TextView<UserInfo> = { text: userText, fields: userFields, name: (user) => user.name };
