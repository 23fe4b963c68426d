/** GetObjectLockConfiguration. */
import type { Action } from "../action.ts";
import { S3Error } from "../errors.ts";
import { lockContent } from "../lock-document.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getObjectLockConfiguration: Action = {
  name: "GetObjectLockConfiguration",
  target: "bucket",
  match: { method: "GET", query: ["object-lock"] },
  permission: "s3:GetBucketObjectLockConfiguration",
  run: async ({ segment, bucket }) => {
    const { lock } = (await segment.namespace.showBucket(bucket)).options;
    if (lock === undefined) {
      throw new S3Error(
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket",
      );
    }
    return xmlAnswer("ObjectLockConfiguration", lockContent(lock));
  },
};
