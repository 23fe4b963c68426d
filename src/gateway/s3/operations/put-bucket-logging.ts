/** PutBucketLogging: an empty status is taken, others are refused. */
import type { Action } from "../action.ts";
import { notHere } from "../no-configuration.ts";
import { xmlBody } from "../xml-answer.ts";

export const putBucketLogging: Action = {
  name: "PutBucketLogging",
  target: "bucket",
  match: { method: "PUT", query: ["logging"] },
  permission: "s3:PutBucketLogging",
  run: async ({ segment, bucket }, request) => {
    await segment.namespace.showBucket(bucket);
    const document = await xmlBody(request, { root: "BucketLoggingStatus", bytesMax: 64 * 1024 });
    if (document.children.length > 0) {
      throw notHere("Logging access into a bucket", "the service logs it with X-Access-Log");
    }
    return { status: 200 };
  },
};
