/** DeleteBucketTagging. */
import type { Action } from "../action.ts";
import { writeConfig } from "../bucket-config.ts";

export const deleteBucketTagging: Action = {
  name: "DeleteBucketTagging",
  target: "bucket",
  match: { method: "DELETE", query: ["tagging"] },
  permission: "s3:PutBucketTagging",
  run: async (context) => {
    await writeConfig(context, context.bucket, "tagging", undefined);
    return { status: 204 };
  },
};
