/** `efscli tenant list`: the tenants of one cluster. */
import { Command } from "commander";
import type { ContainerInfo } from "../../../api/namespace.ts";
import { listAction } from "../../action.ts";
import { clusterArgument } from "../../arguments.ts";
import { addListFlags } from "../../flags.ts";
import { examples } from "../../help-text.ts";
import { time } from "../../output/cell.ts";
import type { ListView } from "../../output/view.ts";
import { type ListOptions, listPages, unlessMissing } from "../../pages.ts";
import type { Session } from "../../session.ts";

export function tenantList(session: Session): Command {
  const command = new Command("list")
    .description("list the tenants of a cluster")
    .argument("<cluster>", "the cluster to look in", clusterArgument)
    .action(listAction(session, run, view));
  addListFlags(command);
  return examples(command, ["efscli tenant list Hawaii", "efscli tenant list Hawaii --prefix Co -o name"]);
}

function run(session: Session, cluster: string, options: ListOptions) {
  const { api } = session;
  return listPages(session, options, {
    page: (query) => api.listTenants(cluster, query),
    one: (name) => unlessMissing(api.showTenant(`${cluster}/${name}`), "TENANT_NOT_FOUND"),
  });
}

const view: ListView<ContainerInfo> = {
  columns: [
    ["NAME", (tenant) => tenant.name],
    ["CREATED", (tenant) => time(tenant.created)],
  ],
  empty: "no tenants",
  name: (tenant) => tenant.name,
};
