/** `efscli bucket set`: changes options of a bucket that is there. */
import { Command, Option } from "commander";
import type { BucketInfo, EncryptionWord } from "../../../api/namespace.ts";
import { EfsError } from "../../../base/errors.ts";
import { action } from "../../action.ts";
import { bucketArgument } from "../../arguments.ts";
import { addBucketFlags, type BucketFlags, bucketFields } from "../../bucket-flags.ts";
import { examples, notes } from "../../help-text.ts";
import type { SilentView } from "../../output/view.ts";
import type { Session } from "../../session.ts";

interface SetFlags extends BucketFlags {
  readonly encryption?: EncryptionWord;
}

export function bucketSet(session: Session): Command {
  const command = new Command("set")
    .description("change options of a bucket")
    .argument("<cluster/tenant/bucket>", "the bucket to change", bucketArgument)
    .addOption(
      new Option("--encryption <kind>", "how contents rest; changes only while the bucket is empty").choices([
        "none",
        "aes256",
      ]),
    )
    .action(action(session, run, view));
  addBucketFlags(command);
  examples(command, [
    "efscli bucket set Hawaii/Cola/bk1 --versioning enabled",
    "efscli bucket set Hawaii/Cola/bk1 --quota 500G --quota-count none",
    "efscli bucket set Hawaii/Cola/bk1 --object-lock compliance:365 --versioning enabled",
  ]);
  return notes(
    command,
    "What is not named stays as it is; --quota none and --quota-count none take a quota away. Versioning that was enabled can be suspended and never is off again; an object lock stays for good, and versioning with it. Fewer versions (-n) take effect with the next write of each object. Options do not cross a link to a bucket that is there.",
  );
}

async function run({ api }: Session, path: string, options: SetFlags): Promise<BucketInfo> {
  const request = { ...bucketFields(options), encryption: options.encryption };
  if (Object.values(request).every((value) => value === undefined)) {
    throw new EfsError("USAGE", "nothing to change was named", {
      hint: "efscli bucket set --help shows what can be changed",
    });
  }
  return api.updateBucket(path, request);
}

const view: SilentView<BucketInfo> = { silent: true, name: (bucket) => bucket.name };
