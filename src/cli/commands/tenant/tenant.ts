/** `efscli tenant`: its verbs. */
import { Command } from "commander";
import type { Session } from "../../session.ts";
import { tenantCreate } from "./create.ts";
import { tenantDelete } from "./delete.ts";
import { tenantList } from "./list.ts";
import { tenantShow } from "./show.ts";

export function tenantCommand(session: Session): Command {
  return new Command("tenant")
    .alias("t")
    .description("tenants of a cluster")
    .addCommand(tenantCreate(session))
    .addCommand(tenantList(session))
    .addCommand(tenantShow(session))
    .addCommand(tenantDelete(session));
}
