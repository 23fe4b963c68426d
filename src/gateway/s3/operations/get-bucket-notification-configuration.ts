/** GetBucketNotificationConfiguration: the notifications as they were put; an empty document where there are none. */
import type { Action } from "../action.ts";
import { readConfig } from "../bucket-config.ts";
import { notificationContent } from "../notification-document.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getBucketNotificationConfiguration: Action = {
  name: "GetBucketNotificationConfiguration",
  target: "bucket",
  match: { method: "GET", query: ["notification"] },
  permission: "s3:GetBucketNotification",
  run: async (context) => {
    const config = await readConfig(context, context.bucket, "notification");
    return xmlAnswer("NotificationConfiguration", notificationContent(config?.configurations ?? []));
  },
};
