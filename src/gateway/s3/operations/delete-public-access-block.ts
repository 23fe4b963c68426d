/** DeletePublicAccessBlock. */
import type { Action } from "../action.ts";
import { writeConfig } from "../bucket-config.ts";

export const deletePublicAccessBlock: Action = {
  name: "DeletePublicAccessBlock",
  target: "bucket",
  match: { method: "DELETE", query: ["publicAccessBlock"] },
  permission: "s3:PutBucketPublicAccessBlock",
  run: async (context) => {
    await writeConfig(context, context.bucket, "public-access-block", undefined);
    return { status: 204 };
  },
};
