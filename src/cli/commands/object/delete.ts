/** `efscli object delete`: a delete is a version of its own; older versions stay as long as the bucket keeps them. */
import { Command, Option } from "commander";
import { EfsError } from "../../../base/errors.ts";
import { action } from "../../action.ts";
import { objectArgument, splitObject } from "../../arguments.ts";
import { type Deleted, deleteIfThere } from "../../containers.ts";
import { examples, notes } from "../../help-text.ts";
import type { SilentView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

interface Options {
  readonly ifExists?: boolean;
  readonly expunge?: boolean;
}

export function objectDelete(session: Session): Command {
  const command = new Command("delete")
    .description("delete an object")
    .argument("<cluster/tenant/bucket/object>", "the object to delete", objectArgument)
    .option("--if-exists", "succeed when it is not there")
    .addOption(new Option("-e, --expunge", "remove its versions for good").hideHelp())
    .action(action(session, run, view));
  examples(command, ["efscli object delete Hawaii/Cola/bk1/a.txt"]);
  return notes(command, "The delete replicates like any other version.");
}

function run({ api }: Session, path: string, options: Options): Promise<Deleted> {
  if (options.expunge === true) {
    throw new EfsError(
      "UNSUPPORTED",
      "--expunge is not supported: versions go when the bucket does not keep them",
    );
  }
  const { bucket, name } = splitObject(path);
  return deleteIfThere(path, () => api.deleteObject(bucket, name), {
    isTolerant: options.ifExists === true,
    codes: ["OBJECT_NOT_FOUND", "BUCKET_NOT_FOUND", "TENANT_NOT_FOUND", "CLUSTER_NOT_FOUND"],
  });
}

const view: SilentView<Deleted> = { silent: true, name: (deleted) => deleted.path };
