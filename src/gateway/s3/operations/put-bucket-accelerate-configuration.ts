/** PutBucketAccelerateConfiguration: only Suspended is taken. */
import type { Action } from "../action.ts";
import { S3Error } from "../errors.ts";
import { notHere } from "../no-configuration.ts";
import { xmlBody } from "../xml-answer.ts";

export const putBucketAccelerateConfiguration: Action = {
  name: "PutBucketAccelerateConfiguration",
  target: "bucket",
  match: { method: "PUT", query: ["accelerate"] },
  permission: "s3:PutAccelerateConfiguration",
  run: async ({ segment, bucket }, request) => {
    await segment.namespace.showBucket(bucket);
    const document = await xmlBody(request, { root: "AccelerateConfiguration", bytesMax: 4096 });
    const status = document.allow("Status").requiredText("Status");
    if (status === "Enabled") throw notHere("Transfer acceleration");
    if (status !== "Suspended") throw new S3Error("MalformedXML");
    return { status: 200 };
  },
};
