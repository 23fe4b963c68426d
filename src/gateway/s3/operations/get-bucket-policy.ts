/** GetBucketPolicy: the text as it was put. */
import type { Action } from "../action.ts";
import { S3Error } from "../errors.ts";

export const getBucketPolicy: Action = {
  name: "GetBucketPolicy",
  target: "bucket",
  match: { method: "GET", query: ["policy"] },
  permission: "s3:GetBucketPolicy",
  run: async ({ segment, bucket }) => {
    const text = await segment.namespace.getConfig(bucket, "policy");
    if (text === undefined) throw new S3Error("NoSuchBucketPolicy", "The bucket policy does not exist");
    return { status: 200, headers: { "Content-Type": "application/json" }, body: text };
  },
};
