/** `efscli cluster`: its verbs. */
import { Command } from "commander";
import type { Session } from "../../session.ts";
import { clusterCreate } from "./create.ts";
import { clusterDelete } from "./delete.ts";
import { clusterList } from "./list.ts";
import { clusterShow } from "./show.ts";

export function clusterCommand(session: Session): Command {
  return new Command("cluster")
    .alias("c")
    .description("clusters: the first part of every path")
    .addCommand(clusterCreate(session))
    .addCommand(clusterList(session))
    .addCommand(clusterShow(session))
    .addCommand(clusterDelete(session));
}
