/** PutBucketNotificationConfiguration: an empty one is taken, others are refused. */
import type { Action } from "../action.ts";
import { notHere } from "../no-configuration.ts";
import { xmlBody } from "../xml-answer.ts";

export const putBucketNotificationConfiguration: Action = {
  name: "PutBucketNotificationConfiguration",
  target: "bucket",
  match: { method: "PUT", query: ["notification"] },
  permission: "s3:PutBucketNotification",
  run: async ({ segment, bucket }, request) => {
    await segment.namespace.showBucket(bucket);
    const document = await xmlBody(request, { root: "NotificationConfiguration", bytesMax: 64 * 1024 });
    if (document.children.length > 0) throw notHere("Notification of changes");
    return { status: 200 };
  },
};
