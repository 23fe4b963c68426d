/** `efscli cluster create`: a new cluster. */
import { Command } from "commander";
import type { ContainerInfo } from "../../../api/namespace.ts";
import { action } from "../../action.ts";
import { clusterArgument } from "../../arguments.ts";
import { createUnlessThere } from "../../containers.ts";
import { customOf } from "../../custom-keys.ts";
import { addCreateFlags, type CreateOptions, refuseFlags } from "../../flags.ts";
import { examples } from "../../help-text.ts";
import type { SilentView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

export function clusterCreate(session: Session): Command {
  const command = new Command("create")
    .description("create a cluster")
    .argument("<cluster>", "its name", clusterArgument)
    .action(action(session, run, view));
  addCreateFlags(command);
  refuseFlags(command, [
    "replication-count",
    "select-policy",
    "ec-data-mode",
    "ec-trigger-policy-timeout",
    "number-of-versions",
    "encryption-enabled",
  ]);
  return examples(command, ["efscli cluster create Hawaii", "efscli cluster create --if-not-exists Hawaii"]);
}

function run({ api }: Session, name: string, options: CreateOptions): Promise<ContainerInfo> {
  return createUnlessThere(() => api.createCluster({ name, custom: customOf(options.options) }), {
    isTolerant: options.ifNotExists === true,
    code: "CLUSTER_EXISTS",
    show: () => api.showCluster(name),
  });
}

const view: SilentView<ContainerInfo> = { silent: true, name: (cluster) => cluster.name };
