/** `efscli object get`: an object into a file or to stdout, or a whole bucket into a directory. */
import { Command } from "commander";
import type { ObjectInfo } from "../../../api/object.ts";
import { EfsError } from "../../../base/errors.ts";
import { action } from "../../action.ts";
import { examples, notes } from "../../help-text.ts";
import { parseRange, type Range } from "../../object/byte-range.ts";
import { type Gotten, getOne } from "../../object/get-one.ts";
import { getSummary, someFailed } from "../../object/tree-text.ts";
import type { BytesView } from "../../output/view.ts";
import type { Session } from "../../session.ts";
import type { GetTally } from "../../tree/get-tree.ts";

interface Options {
  readonly recursive?: boolean;
  readonly range?: Range;
  readonly versionId?: string;
  readonly clobber?: boolean;
}

type Result = ({ readonly kind: "object" } & Gotten) | { readonly kind: "tree"; readonly tally: GetTally };

export function objectGet(session: Session): Command {
  const command = new Command("get")
    .description("write an object to a file or stdout, or a bucket into a directory")
    .argument("<path>", "CLUSTER/TENANT/BUCKET/OBJECT; with -r CLUSTER/TENANT/BUCKET[/PREFIX]")
    .argument(
      "[file]",
      "the file to write (default: the last part of the name), - for stdout; with -r a directory",
    )
    .option("-r, --recursive", "write all objects below the prefix into a directory")
    .option(
      "--range <from-to>",
      "only these bytes, counted from 0: 0-99, 100-, -100 (the last 100)",
      parseRange,
    )
    .option("--version-id <id>", "this version instead of the latest (see efscli object versions)")
    .option("--no-clobber", "fail when the file is there already")
    .action(action(session, run, view));
  examples(command, [
    "efscli object get Hawaii/Cola/bk1/a.txt",
    "efscli object get Hawaii/Cola/bk1/a.txt - | head",
    "efscli object get -r Hawaii/Cola/bk1/photos ./photos",
  ]);
  return notes(
    command,
    "A file is written beside its place and moved there when it is whole, so a failure leaves the old one. With -r, times and modes are restored, files of the same size and time are left alone, and names that would lead out of the directory, or cannot be files there, are named while the others go on (exit 1).",
  );
}

async function run(
  session: Session,
  path: string,
  file: string | undefined,
  options: Options,
): Promise<Result> {
  if (options.recursive !== true) return { kind: "object", ...(await getOne(session, path, file, options)) };
  const misplaced = [
    options.range === undefined ? "" : "--range",
    options.versionId === undefined ? "" : "--version-id",
    options.clobber === false ? "--no-clobber" : "",
  ].find((flag) => flag !== "");
  if (misplaced !== undefined) throw new EfsError("USAGE", `${misplaced} does not go with -r`);
  if (file === undefined || file === "-") {
    throw new EfsError("USAGE", "with -r a directory to write into is needed");
  }
  const { getDirectory } = await import("../../object/get-directory.ts");
  return { kind: "tree", tally: await getDirectory(session, path, file) };
}

const view: BytesView<Result> = {
  bytes: (result) => (result.kind === "object" ? result.bytes : undefined),
  text: (result) => (result.kind === "object" ? "" : getSummary(result.tally)),
  name: (result) => (result.kind === "object" ? result.file : String(result.tally.writtenFiles)),
  json: (result) => (result.kind === "object" ? jsonOf(result) : result.tally),
  problem: (result) => (result.kind === "object" ? undefined : someFailed(result.tally.failedFiles)),
};

function jsonOf({ file, info }: { readonly file: string; readonly info: ObjectInfo }): object {
  return { file, ...info };
}
