/** `efscli user list`: the users of one tenant. */
import { Command } from "commander";
import type { UserInfo } from "../../../api/user.ts";
import { listAction } from "../../action.ts";
import { tenantArgument } from "../../arguments.ts";
import { addListFlags } from "../../flags.ts";
import { examples } from "../../help-text.ts";
import { time } from "../../output/cell.ts";
import type { ListView } from "../../output/view.ts";
import { type ListOptions, listPages, unlessMissing } from "../../pages.ts";
import type { Session } from "../../session.ts";

export function userList(session: Session): Command {
  const command = new Command("list")
    .description("list the users of a tenant")
    .argument("<cluster/tenant>", "the tenant to look in", tenantArgument)
    .action(listAction(session, run, view));
  addListFlags(command);
  return examples(command, ["efscli user list Hawaii/Cola", "efscli user list Hawaii/Cola -o name"]);
}

function run(session: Session, tenant: string, options: ListOptions) {
  const { api } = session;
  return listPages(session, options, {
    page: (query) => api.listUsers(tenant, query),
    one: (name) => unlessMissing(api.showUser(tenant, name), "USER_NOT_FOUND"),
  });
}

const view: ListView<UserInfo> = {
  columns: [
    ["NAME", (user) => user.name],
    ["ADMINISTRATOR", (user) => (user.isAdmin ? "A" : "")],
    ["STATE", (user) => (user.isEnabled ? "enabled" : "disabled")],
    ["ACCESS KEYS", (user) => user.keys.map((key) => key.accessKey).join(",")],
    ["CREATED", (user) => time(user.created)],
  ],
  empty: "no users",
  name: (user) => user.name,
};
