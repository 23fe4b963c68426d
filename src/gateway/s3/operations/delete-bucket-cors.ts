/** DeleteBucketCors. */
import type { Action } from "../action.ts";
import { writeConfig } from "../bucket-config.ts";

export const deleteBucketCors: Action = {
  name: "DeleteBucketCors",
  target: "bucket",
  match: { method: "DELETE", query: ["cors"] },
  permission: "s3:PutBucketCORS",
  run: async (context) => {
    await writeConfig(context, context.bucket, "cors", undefined);
    return { status: 204 };
  },
};
