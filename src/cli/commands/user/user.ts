/** `efscli user`: its verbs. */
import { Command } from "commander";
import type { Session } from "../../session.ts";
import { userCreate } from "./create.ts";
import { userDelete } from "./delete.ts";
import { userDisable, userEnable } from "./enable.ts";
import { userList } from "./list.ts";
import { userPasswd } from "./passwd.ts";
import { userRotate } from "./rotate.ts";
import { userShow } from "./show.ts";

export function userCommand(session: Session): Command {
  return new Command("user")
    .alias("u")
    .description("users of a tenant and their access keys for S3")
    .addCommand(userCreate(session))
    .addCommand(userList(session))
    .addCommand(userShow(session))
    .addCommand(userRotate(session))
    .addCommand(userPasswd(session))
    .addCommand(userEnable(session))
    .addCommand(userDisable(session))
    .addCommand(userDelete(session));
}
