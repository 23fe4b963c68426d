/**
 * The XML document `NotificationConfiguration`. Topics, queues and functions are all webhooks here: `arn:efs:webhook:::NAME` names the service's setting
 * `X-Webhook-NAME`. What the log cannot tell is refused rather than never sent.
 */
import { createHash } from "node:crypto";
import { S3Error } from "./errors.ts";
import { ARN_PREFIX, EVENT_PATTERNS, type Notification, WEBHOOK_NAME } from "./notification/notification.ts";
import type { XmlChildren, XmlElement } from "./wire/xml.ts";

const NOTIFICATIONS_MAX = 100;
const ID_LENGTH_MAX = 255;
const FILTER_BYTES_MAX = 1024;

const FORMS = [
  ["topic", "TopicConfiguration", "Topic"],
  ["queue", "QueueConfiguration", "Queue"],
  ["function", "CloudFunctionConfiguration", "CloudFunction"],
] as const;

/** What a document asks for; where in the log it begins is for the caller to say. */
export type AskedNotification = Omit<Notification, "logId" | "after">;

/** @throws MalformedXML, InvalidArgument, NotImplemented (EventBridge) */
export function notificationsOf(
  document: XmlElement,
  webhooks: ReadonlySet<string>,
): readonly AskedNotification[] {
  if (document.many("EventBridgeConfiguration").length > 0) {
    throw new S3Error("NotImplemented", `EventBridge is not here: name a webhook, as ${ARN_PREFIX}NAME`);
  }
  document.allow(...FORMS.map(([, name]) => name));
  const asked = FORMS.flatMap(([form, name, target]) =>
    document.many(name).map((element) => notificationOf(element, { form, target, webhooks })),
  );
  if (asked.length > NOTIFICATIONS_MAX) throw invalid(`at most ${NOTIFICATIONS_MAX} configurations`, "", "");
  const ids = new Set<string>();
  for (const { id } of asked) {
    if (ids.has(id)) throw invalid("Same ID used for multiple configurations. IDs must be unique", "Id", id);
    ids.add(id);
  }
  return asked;
}

interface Reading {
  readonly form: Notification["form"];
  readonly target: string;
  readonly webhooks: ReadonlySet<string>;
}

function notificationOf(element: XmlElement, { form, target, webhooks }: Reading): AskedNotification {
  element.allow("Id", target, "Event", "Filter");
  const webhook = webhookOf(element.requiredText(target).trim(), target, webhooks);
  const events = [...new Set(element.many("Event").map(({ text }) => eventOf(text.trim())))];
  if (events.length === 0) throw new S3Error("MalformedXML", `${element.name} must hold Event`);
  const { prefix, suffix } = filterOf(element.one("Filter"));
  const id = element.textOf("Id") ?? "";
  if (id.length > ID_LENGTH_MAX) throw invalid(`an Id has at most ${ID_LENGTH_MAX} characters`, "Id", id);
  // The same configuration without an id is the same again, so that it goes on where it was.
  const made = () =>
    createHash("sha256")
      .update(JSON.stringify([form, webhook, events, prefix, suffix]))
      .digest("hex")
      .slice(0, 16);
  return { id: id === "" ? made() : id, form, webhook, events, prefix, suffix };
}

function webhookOf(arn: string, target: string, webhooks: ReadonlySet<string>): string {
  const name = arn.startsWith(ARN_PREFIX) ? arn.slice(ARN_PREFIX.length) : "";
  if (!WEBHOOK_NAME.test(name)) {
    throw invalid(
      `The destination is ${ARN_PREFIX}NAME, where NAME is a webhook of the service`,
      target,
      arn,
    );
  }
  if (webhooks.has(name)) return name;
  throw invalid(
    `Unable to validate the following destination configurations: an admin has to set X-Webhook-${name} of the service to a URL`,
    target,
    arn,
  );
}

function eventOf(event: string): string {
  if (EVENT_PATTERNS.has(event)) return event;
  const known = [...EVENT_PATTERNS].join(", ");
  throw invalid(`The event is not supported for notifications. Supported are: ${known}`, "Event", event);
}

function filterOf(filter: XmlElement | undefined): Pick<Notification, "prefix" | "suffix"> {
  const found: { prefix?: string; suffix?: string } = {};
  for (const rule of filter?.allow("S3Key").one("S3Key")?.allow("FilterRule").children ?? []) {
    rule.allow("Name", "Value");
    const [name, value] = [rule.requiredText("Name").trim().toLowerCase(), rule.requiredText("Value")];
    if (name !== "prefix" && name !== "suffix") {
      throw invalid("filter rule name must be either prefix or suffix", "Name", name);
    }
    if (found[name] !== undefined) throw invalid(`Cannot specify more than one ${name} rule`, "Name", name);
    if (Buffer.byteLength(value) > FILTER_BYTES_MAX) throw invalid("the value is too long", "Value", value);
    found[name] = value;
  }
  return found;
}

/** What a `NotificationConfiguration` holds. */
export function notificationContent(notifications: readonly Notification[]): XmlChildren {
  const content: Record<string, XmlChildren[]> = {};
  for (const [form, name, target] of FORMS) {
    content[name] = notifications
      .filter((notification) => notification.form === form)
      .map(({ id, webhook, events, prefix, suffix }) => ({
        Id: id,
        [target]: `${ARN_PREFIX}${webhook}`,
        Event: events,
        Filter: filterContent([
          ["prefix", prefix],
          ["suffix", suffix],
        ]),
      }));
  }
  return content;
}

function filterContent(
  rules: ReadonlyArray<readonly [name: string, value: string | undefined]>,
): XmlChildren | undefined {
  const given = rules.flatMap(([Name, Value]) => (Value === undefined ? [] : [{ Name, Value }]));
  return given.length === 0 ? undefined : { S3Key: { FilterRule: given } };
}

function invalid(message: string, name: string, value: string): S3Error {
  const elements = name === "" ? {} : { ArgumentName: name, ArgumentValue: value.slice(0, 256) };
  return new S3Error("InvalidArgument", message, { elements });
}
