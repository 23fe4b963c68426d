/** GetBucketLogging: access is logged by the service (X-Access-Log), not into buckets. */
import type { Action } from "../action.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getBucketLogging: Action = {
  name: "GetBucketLogging",
  target: "bucket",
  match: { method: "GET", query: ["logging"] },
  permission: "s3:GetBucketLogging",
  run: async ({ segment, bucket }) => {
    await segment.namespace.showBucket(bucket);
    return xmlAnswer("BucketLoggingStatus", {});
  },
};
