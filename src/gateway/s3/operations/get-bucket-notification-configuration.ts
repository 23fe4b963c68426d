/** GetBucketNotificationConfiguration: none can be put, so none is there. */
import type { Action } from "../action.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getBucketNotificationConfiguration: Action = {
  name: "GetBucketNotificationConfiguration",
  target: "bucket",
  match: { method: "GET", query: ["notification"] },
  permission: "s3:GetBucketNotification",
  run: async ({ segment, bucket }) => {
    await segment.namespace.showBucket(bucket);
    return xmlAnswer("NotificationConfiguration", {});
  },
};
