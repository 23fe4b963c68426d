/** `efscli object list`: the objects of one bucket, in byte order of their names, as many as there are. */
import { Command } from "commander";
import type { ObjectInfo } from "../../../api/object.ts";
import { EfsError } from "../../../base/errors.ts";
import { listAction } from "../../action.ts";
import { bucketArgument } from "../../arguments.ts";
import { addListFlags } from "../../flags.ts";
import { examples } from "../../help-text.ts";
import { count, size, time } from "../../output/cell.ts";
import type { ListView, Pages } from "../../output/view.ts";
import { type ListOptions, listPages } from "../../pages.ts";
import type { Session } from "../../session.ts";

interface Options extends ListOptions {
  readonly delimiter?: string;
}

/** An object, or names rolled up to a prefix. */
type Row = ObjectInfo | { readonly prefix: string };

export function objectList(session: Session): Command {
  const command = new Command("list")
    .description("list the objects of a bucket")
    .argument("<cluster/tenant/bucket>", "the bucket to look in", bucketArgument)
    .option(
      "--delimiter <text>",
      "roll up names with the same text up to the first of these behind the prefix",
    )
    .action(listAction(session, run, view));
  addListFlags(command);
  return examples(command, [
    "efscli object list Hawaii/Cola/bk1",
    "efscli object list Hawaii/Cola/bk1 --prefix photos/ --delimiter /",
    "efscli object list Hawaii/Cola/bk1 -o json --limit 10",
  ]);
}

function run(session: Session, bucket: string, options: Options): Pages<Row> {
  const { api } = session;
  if (options.delimiter === undefined) {
    return listPages<Row>(session, options, {
      page: (query) => api.listObjects(bucket, query),
      one: async (name) => (await api.showObjects(bucket, [name]))[0] ?? undefined,
    });
  }
  if (options.name !== undefined) throw new EfsError("USAGE", "--delimiter and --name do not go together");
  const { delimiter } = options;
  return listPages<Row>(session, options, {
    page: async (query) => {
      const { items, prefixes, next } = await api.listObjects(bucket, { ...query, delimiter });
      return { items: [...items, ...prefixes.map((prefix) => ({ prefix }))].sort(byName), next };
    },
    one: async () => undefined,
  });
}

const nameOf = (row: Row) => ("prefix" in row ? row.prefix : row.name);

function byName(left: Row, right: Row): number {
  return Buffer.compare(Buffer.from(nameOf(left)), Buffer.from(nameOf(right)));
}

const view: ListView<Row> = {
  columns: [
    ["NAME", nameOf],
    ["SIZE", (row) => ("prefix" in row ? "" : size(row.sizeBytes))],
    ["MODIFIED", (row) => ("prefix" in row ? "" : time(row.modified))],
    ["GENERATION", (row) => ("prefix" in row ? "" : count(row.generation))],
    ["VERSION", (row) => ("prefix" in row ? "" : row.versionId)],
  ],
  empty: "no objects",
  name: nameOf,
};
