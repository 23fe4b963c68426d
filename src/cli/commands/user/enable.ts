/** `efscli user enable` and `disable`: whether a user's keys sign anything; the keys themselves stay. */
import { Command } from "commander";
import type { UserInfo } from "../../../api/user.ts";
import { action } from "../../action.ts";
import { tenantArgument, userArgument } from "../../arguments.ts";
import { examples } from "../../help-text.ts";
import type { SilentView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

export function userEnable(session: Session): Command {
  const command = new Command("enable")
    .description("let a user's access keys work again")
    .argument("<cluster/tenant>", "the tenant", tenantArgument)
    .argument("<user>", "the user", userArgument)
    .action(
      action(session, ({ api }: Session, tenant: string, name: string) => api.enableUser(tenant, name), view),
    );
  return examples(command, ["efscli user enable Hawaii/Cola kai"]);
}

export function userDisable(session: Session): Command {
  const command = new Command("disable")
    .description("stop a user's access keys from working; they stay for enable")
    .argument("<cluster/tenant>", "the tenant", tenantArgument)
    .argument("<user>", "the user", userArgument)
    .action(
      action(
        session,
        ({ api }: Session, tenant: string, name: string) => api.disableUser(tenant, name),
        view,
      ),
    );
  return examples(command, ["efscli user disable Hawaii/Cola kai"]);
}

const view: SilentView<UserInfo> = { silent: true, name: (user) => user.name };
