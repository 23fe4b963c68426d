/** GetBucketEncryption: no bucket is encrypted at rest. */
import type { Action } from "../action.ts";
import { S3Error } from "../errors.ts";

export const getBucketEncryption: Action = {
  name: "GetBucketEncryption",
  target: "bucket",
  match: { method: "GET", query: ["encryption"] },
  permission: "s3:GetEncryptionConfiguration",
  run: async ({ segment, bucket }) => {
    await segment.namespace.showBucket(bucket);
    throw new S3Error(
      "ServerSideEncryptionConfigurationNotFoundError",
      "The server side encryption configuration was not found",
    );
  },
};
