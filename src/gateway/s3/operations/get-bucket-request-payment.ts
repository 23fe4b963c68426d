/** GetBucketRequestPayment: nobody pays here, which is called BucketOwner. */
import type { Action } from "../action.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getBucketRequestPayment: Action = {
  name: "GetBucketRequestPayment",
  target: "bucket",
  match: { method: "GET", query: ["requestPayment"] },
  permission: "s3:GetBucketRequestPayment",
  run: async ({ segment, bucket }) => {
    await segment.namespace.showBucket(bucket);
    return xmlAnswer("RequestPaymentConfiguration", { Payer: "BucketOwner" });
  },
};
