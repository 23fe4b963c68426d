/** GetBucketReplication: replication is an isgw service's, for admins to see and set up. */
import type { Action } from "../action.ts";
import { S3Error } from "../errors.ts";

export const getBucketReplication: Action = {
  name: "GetBucketReplication",
  target: "bucket",
  match: { method: "GET", query: ["replication"] },
  permission: "s3:GetReplicationConfiguration",
  run: async ({ segment, bucket }) => {
    await segment.namespace.showBucket(bucket);
    throw new S3Error("ReplicationConfigurationNotFoundError", "The replication configuration was not found");
  },
};
