/** DeleteBucketEncryption: while the bucket is empty. */
import type { Action } from "../action.ts";
import { changeEncryption } from "../encryption.ts";

export const deleteBucketEncryption: Action = {
  name: "DeleteBucketEncryption",
  target: "bucket",
  match: { method: "DELETE", query: ["encryption"] },
  permission: "s3:PutEncryptionConfiguration",
  run: async (context) => {
    await changeEncryption(context, context.bucket, "none");
    return { status: 204 };
  },
};
