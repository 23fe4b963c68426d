/** `efscli cluster show`: one cluster as `key: value` lines. */
import { Command } from "commander";
import type { ContainerInfo } from "../../../api/namespace.ts";
import { action } from "../../action.ts";
import { clusterArgument } from "../../arguments.ts";
import { creationField, customFields } from "../../containers.ts";
import { examples } from "../../help-text.ts";
import type { RecordView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

export function clusterShow(session: Session): Command {
  const command = new Command("show")
    .description("show a cluster")
    .argument("<cluster>", "the cluster to show", clusterArgument)
    .option("--key <key>", "only the value of this key")
    .action(action(session, run, view));
  return examples(command, ["efscli cluster show Hawaii", "efscli cluster show Hawaii -o json"]);
}

function run({ api }: Session, cluster: string): Promise<ContainerInfo> {
  return api.showCluster(cluster);
}

const view: RecordView<ContainerInfo> = {
  fields: (cluster) => [
    ["ccow-cluster-id", cluster.name],
    creationField(cluster),
    ...customFields(cluster.custom),
  ],
  name: (cluster) => cluster.name,
};
