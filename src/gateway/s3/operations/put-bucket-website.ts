/** PutBucketWebsite: refused until buckets are served so. */
import type { Action } from "../action.ts";
import { notHere } from "../no-configuration.ts";

export const putBucketWebsite: Action = {
  name: "PutBucketWebsite",
  target: "bucket",
  match: { method: "PUT", query: ["website"] },
  permission: "s3:PutBucketWebsite",
  run: async ({ segment, bucket }) => {
    await segment.namespace.showBucket(bucket);
    throw notHere("Serving a bucket as a website");
  },
};
