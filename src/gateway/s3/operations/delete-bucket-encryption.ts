/** DeleteBucketEncryption: there is none to delete. */
import type { Action } from "../action.ts";

export const deleteBucketEncryption: Action = {
  name: "DeleteBucketEncryption",
  target: "bucket",
  match: { method: "DELETE", query: ["encryption"] },
  permission: "s3:PutEncryptionConfiguration",
  run: async ({ segment, bucket }) => {
    await segment.namespace.showBucket(bucket);
    return { status: 204 };
  },
};
