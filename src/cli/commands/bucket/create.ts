/** `efscli bucket create`: a new bucket of a tenant, with its options, in one step. */
import { Command, Option } from "commander";
import type { BucketInfo } from "../../../api/namespace.ts";
import { EfsError } from "../../../base/errors.ts";
import { parseSize } from "../../../base/units.ts";
import { FIXED_CHUNK_BYTES_MAX, FIXED_CHUNK_BYTES_MIN } from "../../../model/limits.ts";
import { formatTenantPath, parseBucketPath } from "../../../model/names.ts";
import { action } from "../../action.ts";
import { bucketArgument } from "../../arguments.ts";
import { addBucketFlags, type BucketFlags, bucketFields } from "../../bucket-flags.ts";
import { createUnlessThere } from "../../containers.ts";
import { customOf } from "../../custom-keys.ts";
import { addCreateFlags, type CreateOptions, refuseFlags } from "../../flags.ts";
import { examples, notes } from "../../help-text.ts";
import type { SilentView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

interface BucketOptions extends CreateOptions, BucketFlags {
  readonly chunkSize?: number;
  readonly encrypted?: boolean;
}

export function bucketCreate(session: Session): Command {
  const command = new Command("create")
    .description("create a bucket in a tenant")
    .argument("<cluster/tenant/bucket>", "the tenant, which is there, and the new name", bucketArgument)
    .option(
      "-s, --chunk-size <size>",
      "cut objects at this fixed size, 8K to 1M, a power of two (default: by content)",
      parseChunkSize,
    )
    .option("--encrypted", "everything in it rests encrypted, by AES-256-GCM under a key of its own")
    .addOption(edgefsFlag())
    .action(action(session, run, view));
  addBucketFlags(command);
  addCreateFlags(command);
  refuseFlags(command, [
    "replication-count",
    "sync-put",
    "ec-data-mode",
    "ec-trigger-policy-timeout",
    "select-policy",
    "file-object-transparency",
  ]);
  examples(command, [
    "efscli bucket create Hawaii/Cola/bk1",
    "efscli bucket create Hawaii/Cola/disks -s 128K -n 5",
    "efscli bucket create Hawaii/Cola/letters --encrypted",
    "efscli bucket create Hawaii/Cola/backup --object-lock governance:30 --quota 2T",
  ]);
  return notes(
    command,
    "Objects are cut by content, so that an insertion renews only what it touches. A fixed size (-s) suits disk images, where pieces change in place. Chunking never changes afterwards; the rest does by efscli bucket set. An object lock enables versioning. Names of objects and their sizes are not encrypted; the bucket's key is sealed under segment.key of the data directory, without which nothing of the bucket can be read.",
  );
}

function run({ api }: Session, path: string, options: BucketOptions): Promise<BucketInfo> {
  const parsed = parseBucketPath(path);
  const fields = bucketFields(options);
  const request = {
    name: parsed.bucket,
    chunkBytes: options.chunkSize,
    ...fields,
    encryption: options.encrypted === true ? ("aes256" as const) : undefined,
    quotaBytes: fields.quotaBytes ?? undefined,
    quotaObjects: fields.quotaObjects ?? undefined,
    custom: customOf(options.options),
  };
  return createUnlessThere(() => api.createBucket(formatTenantPath(parsed), request), {
    isTolerant: options.ifNotExists === true,
    code: "BUCKET_EXISTS",
    show: () => api.showBucket(path),
  });
}

const view: SilentView<BucketInfo> = { silent: true, name: (bucket) => bucket.name };

/** EdgeFS's word. */
function edgefsFlag(): Option {
  return new Option("-e, --encryption-enabled <1>").choices(["1"]).implies({ encrypted: true }).hideHelp();
}

function parseChunkSize(text: string): number {
  const sizeBytes = parseSize(text);
  const isPowerOfTwo = Number.isInteger(Math.log2(sizeBytes));
  if (isPowerOfTwo && sizeBytes >= FIXED_CHUNK_BYTES_MIN && sizeBytes <= FIXED_CHUNK_BYTES_MAX)
    return sizeBytes;
  throw new EfsError(
    "BAD_VALUE",
    `a chunk size is a power of two from 8K to 1M, not ${JSON.stringify(text)}`,
  );
}
