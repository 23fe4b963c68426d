/** PutObjectLockConfiguration: the default retention of a bucket, and the lock itself where versioning is enabled. It is never taken away. */
import { EfsError } from "../../../base/errors.ts";
import type { Action } from "../action.ts";
import { S3Error } from "../errors.ts";
import { bucketLockOf } from "../lock-document.ts";
import { xmlBody } from "../xml-answer.ts";

const BODY_BYTES_MAX = 4096;

export const putObjectLockConfiguration: Action = {
  name: "PutObjectLockConfiguration",
  target: "bucket",
  match: { method: "PUT", query: ["object-lock"] },
  permission: "s3:PutBucketObjectLockConfiguration",
  run: async ({ segment, bucket }, request) => {
    const document = await xmlBody(request, { root: "ObjectLockConfiguration", bytesMax: BODY_BYTES_MAX });
    const lock = bucketLockOf(document);
    try {
      await segment.namespace.updateBucket(bucket, { lock });
    } catch (thrown) {
      if (!(thrown instanceof EfsError && thrown.code === "CONFLICT")) throw thrown;
      throw new S3Error(
        "InvalidBucketState",
        "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
        {
          cause: thrown,
        },
      );
    }
    return { status: 200 };
  },
};
