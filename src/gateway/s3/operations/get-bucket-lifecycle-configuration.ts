/** GetBucketLifecycleConfiguration: the rules as they were put. */
import type { Action } from "../action.ts";
import { readConfig } from "../bucket-config.ts";
import { S3Error } from "../errors.ts";
import { lifecycleContent } from "../lifecycle-document.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getBucketLifecycleConfiguration: Action = {
  name: "GetBucketLifecycleConfiguration",
  target: "bucket",
  match: { method: "GET", query: ["lifecycle"] },
  permission: "s3:GetLifecycleConfiguration",
  run: async (context) => {
    const config = await readConfig(context, context.bucket, "lifecycle");
    if (config === undefined) {
      throw new S3Error("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist");
    }
    return xmlAnswer("LifecycleConfiguration", lifecycleContent(config.rules));
  },
};
