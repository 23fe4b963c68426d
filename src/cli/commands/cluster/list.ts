/** `efscli cluster list`: the clusters of the segment. */
import { Command } from "commander";
import type { ContainerInfo } from "../../../api/namespace.ts";
import { listAction } from "../../action.ts";
import { addListFlags } from "../../flags.ts";
import { examples } from "../../help-text.ts";
import { time } from "../../output/cell.ts";
import type { ListView } from "../../output/view.ts";
import { type ListOptions, listPages, unlessMissing } from "../../pages.ts";
import type { Session } from "../../session.ts";

export function clusterList(session: Session): Command {
  const command = new Command("list")
    .description("list the clusters of the segment")
    .action(listAction(session, run, view));
  addListFlags(command);
  return examples(command, ["efscli cluster list", "efscli cluster list -o name"]);
}

function run(session: Session, options: ListOptions) {
  const { api } = session;
  return listPages(session, options, {
    page: (query) => api.listClusters(query),
    one: (name) => unlessMissing(api.showCluster(name), "CLUSTER_NOT_FOUND"),
  });
}

const view: ListView<ContainerInfo> = {
  columns: [
    ["NAME", (cluster) => cluster.name],
    ["CREATED", (cluster) => time(cluster.created)],
  ],
  empty: "no clusters",
  name: (cluster) => cluster.name,
};
