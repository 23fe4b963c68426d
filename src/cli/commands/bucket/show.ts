/** `efscli bucket show`: one bucket as `key: value` lines, in EdgeFS's words and order where EdgeFS had them. */
import { Command } from "commander";
import type { BucketInfo } from "../../../api/namespace.ts";
import { parseBucketPath } from "../../../model/names.ts";
import { action } from "../../action.ts";
import { bucketArgument } from "../../arguments.ts";
import { lockText } from "../../bucket-flags.ts";
import { creationField, customFields, type Field } from "../../containers.ts";
import { examples } from "../../help-text.ts";
import { count, size } from "../../output/cell.ts";
import type { RecordView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

type Shown = BucketInfo & { readonly cluster: string; readonly tenant: string };

export function bucketShow(session: Session): Command {
  const command = new Command("show")
    .description("show a bucket")
    .argument("<cluster/tenant/bucket>", "the bucket to show", bucketArgument)
    .option("--key <key>", "only the value of this key")
    .action(action(session, run, view));
  return examples(command, [
    "efscli bucket show Hawaii/Cola/bk1",
    "efscli bucket show Hawaii/Cola/bk1 --key ccow-object-count",
  ]);
}

async function run({ api }: Session, path: string): Promise<Shown> {
  const { cluster, tenant } = parseBucketPath(path);
  return { cluster, tenant, ...(await api.showBucket(path)) };
}

const view: RecordView<Shown> = {
  fields: fieldsOf,
  name: (bucket) => bucket.name,
};

function fieldsOf(bucket: Shown): readonly Field[] {
  const chunkSize: readonly Field[] =
    bucket.chunkBytes === null ? [] : [["ccow-chunkmap-chunk-size", size(bucket.chunkBytes)]];
  return [
    ["ccow-cluster-id", bucket.cluster],
    ["ccow-tenant-id", bucket.tenant],
    ["ccow-bucket-id", bucket.name],
    ["ccow-logical-size", size(bucket.sizeBytes)],
    ["ccow-object-count", count(bucket.objectCount)],
    creationField(bucket),
    ["ccow-chunkmap-type", bucket.chunking],
    ...chunkSize,
    ["ccow-number-of-versions", count(bucket.versionsKept)],
    ["versioning", bucket.versioning],
    ["object-lock", lockText(bucket.objectLock)],
    ["encryption", bucket.encryption],
    ["quota", bucket.quotaBytes === null ? "none" : size(bucket.quotaBytes)],
    ["quota-count", bucket.quotaObjects === null ? "none" : count(bucket.quotaObjects)],
    ["log-id", bucket.logId],
    ...customFields(bucket.custom),
  ];
}
