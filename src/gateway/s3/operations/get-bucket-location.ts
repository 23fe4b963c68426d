/** GetBucketLocation: the region of the endpoint; empty for us-east-1, as AWS has it, and where none is set. */
import type { Action } from "../action.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getBucketLocation: Action = {
  name: "GetBucketLocation",
  target: "bucket",
  match: { method: "GET", query: ["location"] },
  permission: "s3:GetBucketLocation",
  run: async ({ segment, bucket, region }) => {
    await segment.namespace.showBucket(bucket);
    return xmlAnswer("LocationConstraint", {
      "#text": region === "us-east-1" ? "" : region,
    });
  },
};
