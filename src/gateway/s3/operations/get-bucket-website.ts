/** GetBucketWebsite: no bucket is served as a website. */
import type { Action } from "../action.ts";
import { S3Error } from "../errors.ts";

export const getBucketWebsite: Action = {
  name: "GetBucketWebsite",
  target: "bucket",
  match: { method: "GET", query: ["website"] },
  permission: "s3:GetBucketWebsite",
  run: async ({ segment, bucket }) => {
    await segment.namespace.showBucket(bucket);
    throw new S3Error(
      "NoSuchWebsiteConfiguration",
      "The specified bucket does not have a website configuration",
    );
  },
};
