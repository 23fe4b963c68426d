/** DeleteBucketReplication: there is none to delete. */
import type { Action } from "../action.ts";

export const deleteBucketReplication: Action = {
  name: "DeleteBucketReplication",
  target: "bucket",
  match: { method: "DELETE", query: ["replication"] },
  permission: "s3:PutReplicationConfiguration",
  run: async ({ segment, bucket }) => {
    await segment.namespace.showBucket(bucket);
    return { status: 204 };
  },
};
