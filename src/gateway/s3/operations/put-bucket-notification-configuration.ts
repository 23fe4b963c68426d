/** PutBucketNotificationConfiguration: replaces all notifications; an empty document removes them. New ones begin with what is written from now on. */
import type { Action, BucketContext } from "../action.ts";
import { readConfig, writeConfig } from "../bucket-config.ts";
import type { Notification } from "../notification/notification.ts";
import { type AskedNotification, notificationsOf } from "../notification-document.ts";
import { xmlBody } from "../xml-answer.ts";

const BYTES_MAX = 256 * 1024;

export const putBucketNotificationConfiguration: Action = {
  name: "PutBucketNotificationConfiguration",
  target: "bucket",
  match: { method: "PUT", query: ["notification"] },
  permission: "s3:PutBucketNotification",
  run: async (context, request) => {
    const { segment, bucket, webhooks = new Set() } = context;
    await segment.namespace.showBucket(bucket);
    const document = await xmlBody(request, { root: "NotificationConfiguration", bytesMax: BYTES_MAX });
    const asked = notificationsOf(document, webhooks);
    const configurations = await placed(context, asked);
    const config = configurations.length === 0 ? undefined : { configurations };
    await writeConfig(context, bucket, "notification", config);
    context.onNotificationsChanged?.(bucket);
    return { status: 200 };
  },
};

/** What was there before under the same id and webhook goes on: nothing that happened meanwhile is left out. */
async function placed(
  context: BucketContext,
  asked: readonly AskedNotification[],
): Promise<readonly Notification[]> {
  const { segment, bucket } = context;
  const before = (await readConfig(context, bucket, "notification"))?.configurations ?? [];
  const head = await segment.replication.logHead(bucket);
  return asked.map((notification) => {
    const known = before.find(({ id, webhook, logId }) => {
      return id === notification.id && webhook === notification.webhook && logId === head.logId;
    });
    const after = known?.after ?? String(head.position);
    return { ...notification, logId: head.logId, after };
  });
}
