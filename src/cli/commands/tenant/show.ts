/** `efscli tenant show`: one tenant as `key: value` lines. */
import { Command } from "commander";
import type { ContainerInfo } from "../../../api/namespace.ts";
import { parseTenantPath } from "../../../model/names.ts";
import { action } from "../../action.ts";
import { tenantArgument } from "../../arguments.ts";
import { creationField, customFields } from "../../containers.ts";
import { examples } from "../../help-text.ts";
import type { RecordView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

type Shown = ContainerInfo & { readonly cluster: string };

export function tenantShow(session: Session): Command {
  const command = new Command("show")
    .description("show a tenant")
    .argument("<cluster/tenant>", "the tenant to show", tenantArgument)
    .option("--key <key>", "only the value of this key")
    .action(action(session, run, view));
  return examples(command, ["efscli tenant show Hawaii/Cola", "efscli tenant show Hawaii/Cola -o json"]);
}

async function run({ api }: Session, path: string): Promise<Shown> {
  const { cluster } = parseTenantPath(path);
  return { cluster, ...(await api.showTenant(path)) };
}

const view: RecordView<Shown> = {
  fields: (tenant) => [
    ["ccow-cluster-id", tenant.cluster],
    ["ccow-tenant-id", tenant.name],
    creationField(tenant),
    ...customFields(tenant.custom),
  ],
  name: (tenant) => tenant.name,
};
