/** `efscli tenant create`: a new tenant of a cluster. */
import { Command } from "commander";
import type { ContainerInfo } from "../../../api/namespace.ts";
import { parseTenantPath } from "../../../model/names.ts";
import { action } from "../../action.ts";
import { tenantArgument } from "../../arguments.ts";
import { createUnlessThere } from "../../containers.ts";
import { customOf } from "../../custom-keys.ts";
import { addCreateFlags, type CreateOptions, refuseFlags } from "../../flags.ts";
import { examples } from "../../help-text.ts";
import type { SilentView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

export function tenantCreate(session: Session): Command {
  const command = new Command("create")
    .description("create a tenant in a cluster")
    .argument("<cluster/tenant>", "the cluster, which is there, and the new name", tenantArgument)
    .action(action(session, run, view));
  addCreateFlags(command);
  refuseFlags(command, [
    "replication-count",
    "number-of-versions",
    "sync-put",
    "ec-data-mode",
    "ec-trigger-policy-timeout",
    "encryption-enabled",
    "select-policy",
  ]);
  return examples(command, [
    "efscli tenant create Hawaii/Cola",
    "efscli tenant create --if-not-exists Hawaii/Cola",
  ]);
}

function run({ api }: Session, path: string, options: CreateOptions): Promise<ContainerInfo> {
  const { cluster, tenant } = parseTenantPath(path);
  return createUnlessThere(
    () => api.createTenant(cluster, { name: tenant, custom: customOf(options.options) }),
    {
      isTolerant: options.ifNotExists === true,
      code: "TENANT_EXISTS",
      show: () => api.showTenant(path),
    },
  );
}

const view: SilentView<ContainerInfo> = { silent: true, name: (tenant) => tenant.name };
