/** GetBucketTagging. */
import type { Action } from "../action.ts";
import { readConfig } from "../bucket-config.ts";
import { S3Error } from "../errors.ts";
import { taggingContent } from "../tagging-document.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getBucketTagging: Action = {
  name: "GetBucketTagging",
  target: "bucket",
  match: { method: "GET", query: ["tagging"] },
  permission: "s3:GetBucketTagging",
  run: async (context) => {
    const config = await readConfig(context, context.bucket, "tagging");
    if (config === undefined) throw new S3Error("NoSuchTagSet", "The TagSet does not exist");
    return xmlAnswer("Tagging", taggingContent(config.tags));
  },
};
