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
  readonly versionId?: string;
  readonly expunge?: boolean;
}

export function objectDelete(session: Session): Command {
  const command = new Command("delete")
    .description("delete an object")
    .argument("<cluster/tenant/bucket/object>", "the object to delete", objectArgument)
    .option("--if-exists", "succeed when it is not there")
    .option("--version-id <id>", "remove this version for good (see efscli object versions)")
    .addOption(new Option("-e, --expunge", "remove its versions for good").hideHelp())
    .action(action(session, run, view));
  examples(command, [
    "efscli object delete Hawaii/Cola/bk1/a.txt",
    "efscli object delete Hawaii/Cola/bk1/a.txt --version-id ID",
  ]);
  return notes(
    command,
    "The delete is a version and replicates like any other. With --version-id the version is gone for good, here and over links, and the one before it shows again; a version under legal hold or retention stays.",
  );
}

function run({ api }: Session, path: string, options: Options): Promise<Deleted> {
  if (options.expunge === true) {
    throw new EfsError(
      "UNSUPPORTED",
      "--expunge is not supported: remove one version with --version-id, or let the bucket keep fewer",
    );
  }
  const { bucket, name } = splitObject(path);
  return deleteIfThere(path, () => api.deleteObject(bucket, name, options.versionId), {
    isTolerant: options.ifExists === true,
    codes: [
      "VERSION_NOT_FOUND",
      "OBJECT_NOT_FOUND",
      "BUCKET_NOT_FOUND",
      "TENANT_NOT_FOUND",
      "CLUSTER_NOT_FOUND",
    ],
  });
}

const view: SilentView<Deleted> = { silent: true, name: (deleted) => deleted.path };
