/** `efscli service`: its verbs. */
import { Command } from "commander";
import type { Session } from "../../session.ts";
import { serviceAdd } from "./add.ts";
import { serviceConfig } from "./config.ts";
import { serviceCreate } from "./create.ts";
import { serviceDelete } from "./delete.ts";
import { serviceDisable } from "./disable.ts";
import { serviceEnable } from "./enable.ts";
import { serviceList } from "./list.ts";
import { serviceServe } from "./serve.ts";
import { serviceShow } from "./show.ts";
import { serviceUnserve } from "./unserve.ts";

export function serviceCommand(session: Session): Command {
  return new Command("service")
    .alias("s")
    .description("services: links (isgw) to other segments")
    .addCommand(serviceAdd(session))
    .addCommand(serviceCreate(session))
    .addCommand(serviceConfig(session))
    .addCommand(serviceServe(session))
    .addCommand(serviceUnserve(session))
    .addCommand(serviceEnable(session))
    .addCommand(serviceDisable(session))
    .addCommand(serviceList(session))
    .addCommand(serviceShow(session))
    .addCommand(serviceDelete(session));
}
