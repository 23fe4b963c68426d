/** DeleteBucketLifecycle. */
import type { Action } from "../action.ts";
import { writeConfig } from "../bucket-config.ts";

export const deleteBucketLifecycle: Action = {
  name: "DeleteBucketLifecycle",
  target: "bucket",
  match: { method: "DELETE", query: ["lifecycle"] },
  permission: "s3:PutLifecycleConfiguration",
  run: async (context) => {
    await writeConfig(context, context.bucket, "lifecycle", undefined);
    return { status: 204 };
  },
};
