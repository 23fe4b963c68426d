/** `efscli object copy` (EdgeFS: clone): other objects with the same content, one or a whole bucket; no data moves. */
import { Command } from "commander";
import type { ObjectInfo } from "../../../api/object.ts";
import { EfsError } from "../../../base/errors.ts";
import { action } from "../../action.ts";
import { objectArgument, splitTree } from "../../arguments.ts";
import { collectPairs, refuseFlags } from "../../flags.ts";
import { examples, notes } from "../../help-text.ts";
import { someFailed } from "../../object/tree-text.ts";
import { counted, size } from "../../output/cell.ts";
import type { TextView } from "../../output/view.ts";
import type { Session } from "../../session.ts";
import { type CopyTally, copyTree, emptyCopyTally } from "../../tree/copy-tree.ts";

interface Options {
  readonly recursive?: boolean;
  readonly versionId?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

type Result =
  | { readonly kind: "object"; readonly object: ObjectInfo }
  | { readonly kind: "tree"; readonly tally: CopyTally };

export function objectCopy(session: Session): Command {
  const command = new Command("copy")
    .alias("clone")
    .description("copy an object, or a bucket, without moving data")
    .argument("<from>", "CLUSTER/TENANT/BUCKET/OBJECT to copy; with -r CLUSTER/TENANT/BUCKET[/PREFIX]")
    .argument("<to>", "CLUSTER/TENANT/BUCKET/OBJECT to make; with -r CLUSTER/TENANT/BUCKET[/PREFIX]")
    .option("-r, --recursive", "copy all objects below the prefix")
    .option("--version-id <id>", "copy this version instead of the latest")
    .option(
      "--metadata <k=v>",
      "metadata of the copy (default: that of the source; several: k=v,k2=v2)",
      collectPairs,
    )
    .action(action(session, run, view));
  refuseFlags(command, ["chunk-size", "number-of-versions", "ec-data-mode"]);
  examples(command, [
    "efscli object copy Hawaii/Cola/bk1/a.txt Hawaii/Cola/bk1/b.txt",
    "efscli object copy Hawaii/Cola/bk1/a.txt Hawaii/Cola/bk1/a.txt --version-id ID",
    "efscli object copy -r Hawaii/Cola/bk1 Hawaii/Cola/bk2",
  ]);
  return notes(
    command,
    "An object that is there already gets a new version. Copying an old version onto its own name brings it back. With -r the bucket that is copied to must be there.",
  );
}

async function run(session: Session, from: string, to: string, options: Options): Promise<Result> {
  const { versionId, metadata } = options;
  if (options.recursive === true) {
    if (versionId !== undefined) throw new EfsError("USAGE", "--version-id does not go with -r");
    if (metadata !== undefined) throw new EfsError("USAGE", "--metadata does not go with -r");
    return { kind: "tree", tally: await copyAll(session, from, to) };
  }
  const places = { from: objectArgument(from), to: objectArgument(to) };
  const object = await session.api.copyObject({ ...places, fromVersionId: versionId, metadata });
  return { kind: "object", object };
}

async function copyAll({ api, talk, signal }: Session, from: string, to: string): Promise<CopyTally> {
  const tally = emptyCopyTally();
  const places = { from: splitTree(from), to: splitTree(to) };
  const progress = await talk.progress(() => `${counted(tally.copiedObjects, "object")} copied`);
  try {
    await copyTree({ api, talk, signal, ...places }, tally);
    return tally;
  } finally {
    progress.stop();
  }
}

const view: TextView<Result> = {
  text: (result) =>
    result.kind === "object"
      ? ""
      : `copied ${counted(result.tally.copiedObjects, "object")} (${size(result.tally.copiedBytes).shown}); no data moved\n`,
  fields: (result) => (result.kind === "object" ? [["version-id", result.object.versionId]] : []),
  name: (result) => (result.kind === "object" ? result.object.name : String(result.tally.copiedObjects)),
  json: (result) => (result.kind === "object" ? result.object : result.tally),
  problem: (result) => (result.kind === "object" ? undefined : someFailed(result.tally.failedObjects)),
};
