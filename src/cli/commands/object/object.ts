/** `efscli object`: its verbs. */
import { Command } from "commander";
import type { Session } from "../../session.ts";
import { objectCopy } from "./copy.ts";
import { objectDelete } from "./delete.ts";
import { objectGet } from "./get.ts";
import { objectList } from "./list.ts";
import { objectPut } from "./put.ts";
import { objectShow } from "./show.ts";
import { objectVersions } from "./versions.ts";

export function objectCommand(session: Session): Command {
  return new Command("object")
    .alias("o")
    .description("objects of a bucket, one at a time or a whole tree")
    .addCommand(objectPut(session))
    .addCommand(objectGet(session))
    .addCommand(objectList(session))
    .addCommand(objectShow(session))
    .addCommand(objectVersions(session))
    .addCommand(objectCopy(session))
    .addCommand(objectDelete(session));
}
