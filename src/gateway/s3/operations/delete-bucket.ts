/** DeleteBucket: one that is empty, with all that was configured of it. */
import { EfsError } from "../../../base/errors.ts";
import type { Action } from "../action.ts";
import { S3Error } from "../errors.ts";

export const deleteBucket: Action = {
  name: "DeleteBucket",
  target: "bucket",
  match: { method: "DELETE" },
  permission: "s3:DeleteBucket",
  run: async ({ segment, bucket }) => {
    try {
      await segment.namespace.deleteBucket(bucket);
    } catch (thrown) {
      throw asAnswer(thrown);
    }
    return { status: 204 };
  },
};

function asAnswer(thrown: unknown): unknown {
  if (!(thrown instanceof EfsError)) return thrown;
  if (thrown.code === "NOT_EMPTY") {
    return new S3Error("BucketNotEmpty", "The bucket you tried to delete is not empty", { cause: thrown });
  }
  // An isgw service names the bucket: its admin has to end that first.
  if (thrown.code === "IN_USE") {
    return new S3Error("InvalidBucketState", `The bucket is in use: ${thrown.message}`, { cause: thrown });
  }
  return thrown;
}
