/** `efscli object copy` (EdgeFS: clone): another object with the same content; no data moves. */
import { Command } from "commander";
import type { ObjectInfo } from "../../../api/object.ts";
import { action } from "../../action.ts";
import { objectArgument } from "../../arguments.ts";
import { collectPairs, refuseFlags } from "../../flags.ts";
import { examples, notes } from "../../help-text.ts";
import type { SilentView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

interface Options {
  readonly versionId?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export function objectCopy(session: Session): Command {
  const command = new Command("copy")
    .alias("clone")
    .description("copy an object without moving data")
    .argument("<from>", "CLUSTER/TENANT/BUCKET/OBJECT to copy", objectArgument)
    .argument("<to>", "CLUSTER/TENANT/BUCKET/OBJECT to make", objectArgument)
    .option("--version-id <id>", "copy this version instead of the latest")
    .option(
      "--metadata <k=v>",
      "metadata of the copy (default: that of the source; several: k=v,k2=v2)",
      collectPairs,
    )
    .action(action(session, run, view));
  refuseFlags(command, ["chunk-size", "number-of-versions", "replication-count", "ec-data-mode"]);
  examples(command, [
    "efscli object copy Hawaii/Cola/bk1/a.txt Hawaii/Cola/bk1/b.txt",
    "efscli object copy Hawaii/Cola/bk1/a.txt Hawaii/Cola/bk1/a.txt --version-id ID",
  ]);
  return notes(
    command,
    "An object that is there already gets a new version. Copying an old version onto its own name brings it back.",
  );
}

function run({ api }: Session, from: string, to: string, options: Options): Promise<ObjectInfo> {
  return api.copyObject({ from, to, fromVersionId: options.versionId, metadata: options.metadata });
}

const view: SilentView<ObjectInfo> = { silent: true, name: (object) => object.name };
