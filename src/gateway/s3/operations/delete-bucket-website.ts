/** DeleteBucketWebsite: there is none to delete. */
import type { Action } from "../action.ts";

export const deleteBucketWebsite: Action = {
  name: "DeleteBucketWebsite",
  target: "bucket",
  match: { method: "DELETE", query: ["website"] },
  permission: "s3:DeleteBucketWebsite",
  run: async ({ segment, bucket }) => {
    await segment.namespace.showBucket(bucket);
    return { status: 204 };
  },
};
