/** PutBucketPolicy: a policy that is understood to the last word, or none. */
import { fromUtf8 } from "../../../base/bytes.ts";
import { POLICY_BYTES_MAX, parsePolicy } from "../access/policy.ts";
import { requirePolicyNotBlocked } from "../access/public-access-block.ts";
import type { Action } from "../action.ts";
import { readConfig } from "../bucket-config.ts";
import { S3Error } from "../errors.ts";
import { checkedBytes } from "../xml-answer.ts";

export const putBucketPolicy: Action = {
  name: "PutBucketPolicy",
  target: "bucket",
  match: { method: "PUT", query: ["policy"] },
  permission: "s3:PutBucketPolicy",
  run: async (context, { body }) => {
    const { bucket, segment } = context;
    // What is a little too long gets the words of the policy's own limit.
    const text = fromUtf8(await checkedBytes(body, 4 * POLICY_BYTES_MAX));
    if (text === undefined) throw new S3Error("MalformedPolicy", "The policy is not UTF-8");
    const policy = parsePolicy(text, bucket.bucket);
    requirePolicyNotBlocked(policy, await readConfig(context, bucket, "public-access-block"));
    await segment.namespace.putConfig(bucket, "policy", text);
    return { status: 204 };
  },
};
