/** PutBucketReplication: refused; an isgw service replicates. */
import type { Action } from "../action.ts";
import { notHere } from "../no-configuration.ts";

export const putBucketReplication: Action = {
  name: "PutBucketReplication",
  target: "bucket",
  match: { method: "PUT", query: ["replication"] },
  permission: "s3:PutReplicationConfiguration",
  run: async ({ segment, bucket }) => {
    await segment.namespace.showBucket(bucket);
    throw notHere(
      "Replication by bucket configuration",
      "an isgw service replicates (efscli service add isgw)",
    );
  },
};
