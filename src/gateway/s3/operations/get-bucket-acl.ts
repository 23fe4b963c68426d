/** GetBucketAcl: the grants that the canned ACL stands for. */
import { aclContent } from "../access/acl.ts";
import type { Action } from "../action.ts";
import { bucketAcl } from "../bucket-config.ts";
import { ownerOf } from "../owner.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getBucketAcl: Action = {
  name: "GetBucketAcl",
  target: "bucket",
  match: { method: "GET", query: ["acl"] },
  permission: "s3:GetBucketAcl",
  run: async (context) => {
    const canned = await bucketAcl(context, context.bucket);
    return xmlAnswer("AccessControlPolicy", aclContent(canned, ownerOf(context.tenant)));
  },
};
