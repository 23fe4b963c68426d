/** `efscli object versions`: the kept versions of one object, the latest first, deletes among them. */
import { Command } from "commander";
import type { ObjectInfo } from "../../../api/object.ts";
import { EfsError } from "../../../base/errors.ts";
import { listAction } from "../../action.ts";
import { objectArgument, splitObject } from "../../arguments.ts";
import { parseLimit } from "../../flags.ts";
import { examples, notes } from "../../help-text.ts";
import { count, size, time } from "../../output/cell.ts";
import type { ListView, Pages } from "../../output/view.ts";
import type { Session } from "../../session.ts";

export function objectVersions(session: Session): Command {
  const command = new Command("versions")
    .description("list the versions of an object")
    .argument("<cluster/tenant/bucket/object>", "the object", objectArgument)
    .option("--limit <count>", "at most this many (default: all)", parseLimit)
    .action(listAction(session, run, view));
  examples(command, [
    "efscli object versions Hawaii/Cola/bk1/a.txt",
    "efscli object get Hawaii/Cola/bk1/a.txt - --version-id ID",
  ]);
  return notes(
    command,
    "A bucket keeps as many versions as it was created with (efscli bucket create -n COUNT), and all that were written while versioning was enabled.",
  );
}

async function* run({ api }: Session, path: string, options: { readonly limit?: number }): Pages<ObjectInfo> {
  const { bucket, name } = splitObject(path);
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  let isMissing = true;
  let after: string | undefined;
  while (left > 0) {
    // The name itself is the first of all names that begin so; what follows it are other objects.
    const page = await api.listVersions(bucket, { prefix: name, after });
    const own = page.items.filter((version) => version.name === name).slice(0, left);
    if (own.length > 0) yield own;
    isMissing &&= own.length === 0;
    left -= own.length;
    if (page.next === null || page.items.at(-1)?.name !== name) break;
    after = page.next;
  }
  if (isMissing) throw new EfsError("OBJECT_NOT_FOUND", `there is no version of ${path}`);
}

const view: ListView<ObjectInfo> = {
  columns: [
    ["VERSION", (version) => version.versionId],
    ["GENERATION", (version) => count(version.generation)],
    ["SIZE", (version) => size(version.sizeBytes)],
    ["MODIFIED", (version) => time(version.modified)],
    ["STATE", stateOf],
  ],
  empty: "no versions",
  name: (version) => version.versionId,
};

function stateOf(version: ObjectInfo): string {
  if (version.isDeleted) return version.isLatest ? "deleted,latest" : "deleted";
  return version.isLatest ? "latest" : "kept";
}
