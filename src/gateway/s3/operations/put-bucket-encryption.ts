/** PutBucketEncryption: refused, for a bucket that only says that it is encrypted is worse than one that does not. */
import type { Action } from "../action.ts";
import { notHere } from "../no-configuration.ts";

export const putBucketEncryption: Action = {
  name: "PutBucketEncryption",
  target: "bucket",
  match: { method: "PUT", query: ["encryption"] },
  permission: "s3:PutEncryptionConfiguration",
  run: async ({ segment, bucket }) => {
    await segment.namespace.showBucket(bucket);
    throw notHere(
      "Encryption of buckets at rest",
      "encrypt the disk of the data directory, or at the client",
    );
  },
};
