/** PutBucketRequestPayment: only what is the case is taken. */
import type { Action } from "../action.ts";
import { S3Error } from "../errors.ts";
import { notHere } from "../no-configuration.ts";
import { xmlBody } from "../xml-answer.ts";

export const putBucketRequestPayment: Action = {
  name: "PutBucketRequestPayment",
  target: "bucket",
  match: { method: "PUT", query: ["requestPayment"] },
  permission: "s3:PutBucketRequestPayment",
  run: async ({ segment, bucket }, request) => {
    await segment.namespace.showBucket(bucket);
    const document = await xmlBody(request, { root: "RequestPaymentConfiguration", bytesMax: 4096 });
    const payer = document.allow("Payer").requiredText("Payer");
    if (payer === "Requester") throw notHere("Payment by who asks");
    if (payer !== "BucketOwner") throw new S3Error("MalformedXML");
    return { status: 200 };
  },
};
