/** `efscli object put`: a file, stdin or a whole directory into a bucket. Durable when it returns. */
import { Command } from "commander";
import type { ObjectInfo } from "../../../api/object.ts";
import { EfsError } from "../../../base/errors.ts";
import { action } from "../../action.ts";
import { collectPairs, refuseFlags } from "../../flags.ts";
import { examples, notes } from "../../help-text.ts";
import { putOne } from "../../object/put-one.ts";
import { putSummary, someFailed } from "../../object/tree-text.ts";
import type { TextView } from "../../output/view.ts";
import type { Session } from "../../session.ts";
import type { PutTally } from "../../tree/put-tree.ts";

export interface PutOptions {
  readonly recursive?: boolean;
  readonly checksum?: boolean;
  readonly delete?: boolean;
  readonly maxDelete?: string;
  readonly clobber?: boolean;
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export type PutResult =
  | { readonly kind: "object"; readonly object: ObjectInfo }
  | { readonly kind: "tree"; readonly tally: PutTally };

export function objectPut(session: Session): Command {
  const command = new Command("put")
    .description("store a file, stdin or a directory")
    .argument("<path>", "CLUSTER/TENANT/BUCKET/OBJECT; with -r the directory to take")
    .argument("<file>", "the file to take, - for stdin; with -r CLUSTER/TENANT/BUCKET[/PREFIX]")
    .option("-r, --recursive", "store a directory with all files below it")
    .option("--checksum", "with -r: compare content, not size and time")
    .option("--delete", "with -r: remove objects that have no file")
    .option(
      "--max-delete <limit>",
      "with --delete: stop before more than this many or this share would go (default: 50%)",
    )
    .option("--no-clobber", "fail when the object is there already")
    .option("--content-type <type>", "media type of the object")
    .option("--metadata <k=v>", "user metadata (several: k=v,k2=v2 or again)", collectPairs)
    .option("--options <k=v>", "the same as --metadata", collectPairs)
    .action(action(session, run, view));
  refuseFlags(command, [
    "chunk-size",
    "number-of-versions",
    "sync-put",
    "ec-data-mode",
    "encryption-enabled",
  ]);
  examples(command, [
    "efscli object put Hawaii/Cola/bk1/a.txt ./a.txt",
    "tar c . | efscli object put Hawaii/Cola/bk1/here.tar -",
    "efscli object put -r ./photos Hawaii/Cola/bk1/photos",
    "efscli object put -r ./photos Hawaii/Cola/bk1/photos --delete",
  ]);
  notes(command, NOTES);
  return command;
}

const NOTES =
  "With -r, files whose size and modification time are stored already are skipped, so that a second run is quick; time and mode are kept as metadata (efs-mtime, efs-mode). Symbolic links, empty directories and special files are left out and counted. A file that cannot be read, or changes while it is read, is named and the others go on (exit 1).\n\nBefore --delete removes anything, what would go is counted; more than --max-delete stops with exit 7 before anything is put or removed.";

async function run(
  session: Session,
  first: string,
  second: string,
  given: PutOptions & { readonly options?: PutOptions["metadata"] },
): Promise<PutResult> {
  const options = { ...given, metadata: merged(given.metadata, given.options) };
  checkTogether(options);
  if (options.recursive !== true)
    return { kind: "object", object: await putOne(session, first, second, options) };
  const { putDirectory } = await import("../../object/put-directory.ts");
  return { kind: "tree", tally: await putDirectory(session, first, second, options) };
}

function merged(
  left: PutOptions["metadata"],
  right: PutOptions["metadata"],
): Readonly<Record<string, string>> {
  const both = Object.entries({ ...left, ...right });
  return Object.fromEntries(both.map(([key, value]) => [key.toLowerCase(), value]));
}

function checkTogether(options: PutOptions): void {
  const isTree = options.recursive === true;
  const has = Object.entries({
    "--checksum": !isTree && options.checksum === true,
    "--delete": !isTree && options.delete === true,
    "--max-delete": options.delete !== true && options.maxDelete !== undefined,
    "--no-clobber": isTree && options.clobber === false,
    "--content-type": isTree && options.contentType !== undefined,
    "--metadata": isTree && Object.keys(options.metadata ?? {}).length > 0,
  }).find(([, isMisplaced]) => isMisplaced)?.[0];
  if (has === undefined) return;
  const why =
    has === "--max-delete" ? "goes with --delete only" : isTree ? "does not go with -r" : "goes with -r only";
  throw new EfsError("USAGE", `${has} ${why}`);
}

const view: TextView<PutResult> = {
  text: (result) => (result.kind === "object" ? "" : putSummary(result.tally)),
  fields: (result) => (result.kind === "object" ? [["version-id", result.object.versionId]] : []),
  name: (result) => (result.kind === "object" ? result.object.name : String(result.tally.storedFiles)),
  json: (result) => (result.kind === "object" ? result.object : result.tally),
  problem: (result) => (result.kind === "object" ? undefined : someFailed(result.tally.failedFiles)),
};
