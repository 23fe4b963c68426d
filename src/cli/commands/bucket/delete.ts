/** `efscli bucket delete`: removes a bucket that is empty. */
import { Command } from "commander";
import { action } from "../../action.ts";
import { bucketArgument } from "../../arguments.ts";
import { type Deleted, deleteIfThere } from "../../containers.ts";
import { examples, notes } from "../../help-text.ts";
import type { SilentView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

export function bucketDelete(session: Session): Command {
  const command = new Command("delete")
    .description("delete an empty bucket")
    .argument("<cluster/tenant/bucket>", "the bucket to delete", bucketArgument)
    .option("--if-exists", "succeed when it is not there")
    .action(action(session, run, view));
  examples(command, [
    "efscli bucket delete Hawaii/Cola/bk1",
    "efscli bucket delete --if-exists Hawaii/Cola/bk1",
  ]);
  return notes(
    command,
    "A bucket that has objects, or that a service serves, is not deleted; the error names what is in the way.",
  );
}

function run({ api }: Session, path: string, options: { readonly ifExists?: boolean }): Promise<Deleted> {
  return deleteIfThere(path, () => api.deleteBucket(path), {
    isTolerant: options.ifExists === true,
    codes: ["CLUSTER_NOT_FOUND", "TENANT_NOT_FOUND", "BUCKET_NOT_FOUND"],
    blockers: async (limit) => (await api.listObjects(path, { limit })).items,
  });
}

const view: SilentView<Deleted> = { silent: true, name: (deleted) => deleted.path };
