/** `efscli bucket list`: the buckets of one tenant. */
import { Command } from "commander";
import type { BucketInfo } from "../../../api/namespace.ts";
import { listAction } from "../../action.ts";
import { tenantArgument } from "../../arguments.ts";
import { addListFlags } from "../../flags.ts";
import { examples } from "../../help-text.ts";
import { count, size, time } from "../../output/cell.ts";
import type { ListView } from "../../output/view.ts";
import { type ListOptions, listPages, unlessMissing } from "../../pages.ts";
import type { Session } from "../../session.ts";

export function bucketList(session: Session): Command {
  const command = new Command("list")
    .description("list the buckets of a tenant")
    .argument("<cluster/tenant>", "the tenant to look in", tenantArgument)
    .action(listAction(session, run, view));
  addListFlags(command);
  return examples(command, [
    "efscli bucket list Hawaii/Cola",
    "efscli bucket list Hawaii/Cola -o name",
    "efscli bucket list Hawaii/Cola -o json | jq '.items[].sizeBytes'",
  ]);
}

function run(session: Session, tenant: string, options: ListOptions) {
  const { api } = session;
  return listPages(session, options, {
    page: (query) => api.listBuckets(tenant, query),
    one: (name) => unlessMissing(api.showBucket(`${tenant}/${name}`), "BUCKET_NOT_FOUND"),
  });
}

const view: ListView<BucketInfo> = {
  columns: [
    ["NAME", (bucket) => bucket.name],
    ["OBJECTS", (bucket) => count(bucket.objectCount)],
    ["SIZE", (bucket) => size(bucket.sizeBytes)],
    ["VERSIONS", (bucket) => count(bucket.versionsKept)],
    ["CREATED", (bucket) => time(bucket.created)],
  ],
  empty: "no buckets",
  name: (bucket) => bucket.name,
};
