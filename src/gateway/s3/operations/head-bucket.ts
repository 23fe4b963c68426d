/** HeadBucket: that it is there, and where. */
import type { Action } from "../action.ts";

export const headBucket: Action = {
  name: "HeadBucket",
  target: "bucket",
  match: { method: "HEAD" },
  permission: "s3:ListBucket",
  run: async ({ segment, bucket, region }) => {
    await segment.namespace.showBucket(bucket);
    return {
      status: 200,
      headers: {
        "x-amz-bucket-region": region,
        "x-amz-access-point-alias": "false",
      },
    };
  },
};
