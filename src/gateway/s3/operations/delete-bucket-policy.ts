/** DeleteBucketPolicy. */
import type { Action } from "../action.ts";

export const deleteBucketPolicy: Action = {
  name: "DeleteBucketPolicy",
  target: "bucket",
  match: { method: "DELETE", query: ["policy"] },
  permission: "s3:DeleteBucketPolicy",
  run: async ({ segment, bucket }) => {
    await segment.namespace.putConfig(bucket, "policy", undefined);
    return { status: 204 };
  },
};
