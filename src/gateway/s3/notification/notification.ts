/**
 * A notification of a bucket as it is kept: which events of which keys go to which webhook, and from where in the log. Events are those that the
 * transaction log can tell; a webhook is named as in the service's setting `X-Webhook-NAME`, so that only admins say where this site sends to.
 */

export interface Notification {
  readonly id: string;
  /** The element that it was put in; all mean the same here. */
  readonly form: "topic" | "queue" | "function";
  readonly webhook: string;
  /** As they were put: `s3:ObjectCreated:*`. */
  readonly events: readonly string[];
  readonly prefix?: string | undefined;
  readonly suffix?: string | undefined;
  /** Of the log that `after` is a position of. */
  readonly logId: string;
  /** Decimal: entries above this position are told. */
  readonly after: string;
}

export const ARN_PREFIX = "arn:efs:webhook:::";
export const WEBHOOK_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** All names of events, without `s3:`. */
export const EVENT_NAMES = [
  "ObjectCreated:Put",
  "ObjectCreated:CompleteMultipartUpload",
  "ObjectRemoved:Delete",
  "ObjectRemoved:DeleteMarkerCreated",
  "ObjectTagging:Put",
  "ObjectTagging:Delete",
  "ObjectAcl:Put",
] as const;
export type EventName = (typeof EVENT_NAMES)[number];

/** What a configuration may ask for. */
export const EVENT_PATTERNS: ReadonlySet<string> = new Set([
  ...EVENT_NAMES.map((name) => `s3:${name}`),
  "s3:ObjectCreated:*",
  "s3:ObjectRemoved:*",
  "s3:ObjectTagging:*",
]);

export function isAskedFor({ events }: Notification, name: EventName): boolean {
  const family = name.slice(0, name.indexOf(":"));
  return events.includes(`s3:${name}`) || events.includes(`s3:${family}:*`);
}

/** Whether some event of a family (`ObjectCreated`) is asked for. */
export function asksForFamily({ events }: Notification, family: string): boolean {
  return events.some((event) => event.startsWith(`s3:${family}:`));
}

export function isForKey({ prefix = "", suffix = "" }: Notification, key: string): boolean {
  return key.startsWith(prefix) && key.endsWith(suffix);
}
