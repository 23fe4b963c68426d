/** DeleteBucketWebsite: the bucket is not served as a website any more. */
import type { Action } from "../action.ts";
import { writeConfig } from "../bucket-config.ts";

export const deleteBucketWebsite: Action = {
  name: "DeleteBucketWebsite",
  target: "bucket",
  match: { method: "DELETE", query: ["website"] },
  permission: "s3:DeleteBucketWebsite",
  run: async (context) => {
    await writeConfig(context, context.bucket, "website", undefined);
    return { status: 204 };
  },
};
