/** GetBucketPolicyStatus: whether the policy lets in who has no account here. */
import { parsePolicy } from "../access/policy.ts";
import type { Action } from "../action.ts";
import { S3Error } from "../errors.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getBucketPolicyStatus: Action = {
  name: "GetBucketPolicyStatus",
  target: "bucket",
  match: { method: "GET", query: ["policyStatus"] },
  permission: "s3:GetBucketPolicyStatus",
  run: async ({ segment, bucket }) => {
    const text = await segment.namespace.getConfig(bucket, "policy");
    if (text === undefined) throw new S3Error("NoSuchBucketPolicy", "The bucket policy does not exist");
    return xmlAnswer("PolicyStatus", { IsPublic: parsePolicy(text, bucket.bucket).isPublic });
  },
};
