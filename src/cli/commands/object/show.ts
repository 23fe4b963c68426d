/** `efscli object show`: one version of an object as `key: value` lines, in EdgeFS's words and order where EdgeFS had them. */
import { Command } from "commander";
import type { ObjectInfo } from "../../../api/object.ts";
import { parseObjectPath } from "../../../model/names.ts";
import { action } from "../../action.ts";
import { objectArgument, splitObject } from "../../arguments.ts";
import { customFields, type Field } from "../../containers.ts";
import { microseconds } from "../../custom-keys.ts";
import { examples } from "../../help-text.ts";
import { count, size, time } from "../../output/cell.ts";
import type { RecordView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

type Shown = ObjectInfo & { readonly cluster: string; readonly tenant: string; readonly bucket: string };

export function objectShow(session: Session): Command {
  const command = new Command("show")
    .description("show an object")
    .argument("<cluster/tenant/bucket/object>", "the object to show", objectArgument)
    .option("--version-id <id>", "this version instead of the latest (see efscli object versions)")
    .option("--key <key>", "only the value of this key")
    .action(action(session, run, view));
  return examples(command, [
    "efscli object show Hawaii/Cola/bk1/a.txt",
    "efscli object show Hawaii/Cola/bk1/a.txt --key ccow-logical-size",
  ]);
}

async function run({ api }: Session, path: string, options: { readonly versionId?: string }): Promise<Shown> {
  const { bucket, name } = splitObject(path);
  const { cluster, tenant, bucket: bucketName } = parseObjectPath(path);
  return { cluster, tenant, bucket: bucketName, ...(await api.showObject(bucket, name, options.versionId)) };
}

const view: RecordView<Shown> = { fields: fieldsOf, name: (object) => object.name };

function fieldsOf(object: Shown): readonly Field[] {
  // Segment and clock are parts of the version id: 8 bytes of clock, 8 of segment, 8 of writer.
  const segment = object.versionId.slice(16, 32);
  return [
    ["ccow-cluster-id", object.cluster],
    ["ccow-tenant-id", object.tenant],
    ["ccow-bucket-id", object.bucket],
    ["ccow-object-id", object.name],
    ["ccow-vm-content-hash-id", object.contentId ?? "-"],
    ["ccow-uvid-src-guid", segment],
    ["ccow-logical-size", size(object.sizeBytes)],
    ["ccow-uvid-timestamp", { shown: time(object.modified).shown, exact: microseconds(object.modified) }],
    ["ccow-tx-generation-id", count(object.generation)],
    ["ccow-object-deleted", object.isDeleted ? "1" : "0"],
    ["version-id", object.versionId],
    ["latest", object.isLatest ? "yes" : "no"],
    ["content-kind", object.contentKind],
    ["content-type", object.contentType ?? "-"],
    ...customFields(object.metadata),
  ];
}
