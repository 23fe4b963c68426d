/** DeleteBucketOwnershipControls. */
import type { Action } from "../action.ts";
import { writeConfig } from "../bucket-config.ts";

export const deleteBucketOwnershipControls: Action = {
  name: "DeleteBucketOwnershipControls",
  target: "bucket",
  match: { method: "DELETE", query: ["ownershipControls"] },
  permission: "s3:PutBucketOwnershipControls",
  run: async (context) => {
    await writeConfig(context, context.bucket, "ownership", undefined);
    return { status: 204 };
  },
};
