/** `efscli bucket`: its verbs. */
import { Command } from "commander";
import type { Session } from "../../session.ts";
import { bucketCreate } from "./create.ts";
import { bucketDelete } from "./delete.ts";
import { bucketList } from "./list.ts";
import { bucketSet } from "./set.ts";
import { bucketShow } from "./show.ts";

export function bucketCommand(session: Session): Command {
  return new Command("bucket")
    .alias("b")
    .description("buckets of a tenant")
    .addCommand(bucketCreate(session))
    .addCommand(bucketList(session))
    .addCommand(bucketShow(session))
    .addCommand(bucketSet(session))
    .addCommand(bucketDelete(session));
}
