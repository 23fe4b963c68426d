/** GetBucketAccelerateConfiguration: never accelerated. */
import type { Action } from "../action.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getBucketAccelerateConfiguration: Action = {
  name: "GetBucketAccelerateConfiguration",
  target: "bucket",
  match: { method: "GET", query: ["accelerate"] },
  permission: "s3:GetAccelerateConfiguration",
  run: async ({ segment, bucket }) => {
    await segment.namespace.showBucket(bucket);
    return xmlAnswer("AccelerateConfiguration", {});
  },
};
