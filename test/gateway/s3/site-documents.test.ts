/** Documents of notifications and websites: read back as what they were made of, and refused in S3's words whatever else they are. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { S3Error } from "../../../src/gateway/s3/errors.ts";
import { EVENT_PATTERNS, type Notification } from "../../../src/gateway/s3/notification/notification.ts";
import { notificationContent, notificationsOf } from "../../../src/gateway/s3/notification-document.ts";
import type { Website } from "../../../src/gateway/s3/website/website.ts";
import { websiteContent, websiteOf } from "../../../src/gateway/s3/website-document.ts";
import { parseXml, type XmlChildren, xmlDocument } from "../../../src/gateway/s3/wire/xml.ts";

const WEBHOOKS = new Set(["audit", "images_2", "A-b"]);
const read = (root: string, content: XmlChildren) => parseXml(utf8(xmlDocument(root, content)), root);
const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const text = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  .filter((value) => !/[\p{Cc}\p{Cs}]/u.test(value));
const notification: fc.Arbitrary<Notification> = fc.record({
  id: text,
  form: fc.constantFrom("topic" as const, "queue" as const, "function" as const),
  webhook: fc.constantFrom(...WEBHOOKS),
  events: fc.subarray([...EVENT_PATTERNS], { minLength: 1 }),
  prefix: fc.option(text, { nil: undefined }),
  suffix: fc.option(text, { nil: undefined }),
  logId: fc.constant("L"),
  after: fc.constant("0"),
});
const trimmed = text.map((value) => value.trim()).filter((value) => value !== "");
const website: fc.Arbitrary<Website> = fc.oneof(
  fc.record({
    indexSuffix: trimmed.filter((value) => !value.includes("/")),
    errorKey: fc.option(text, { nil: undefined }),
  }),
  fc.record({
    redirectAll: fc.record({
      host: fc.stringMatching(/^[a-z]([a-z.-]{0,9}[a-z])?(:\d{1,5})?$/),
      protocol: fc.option(fc.constantFrom("http" as const, "https" as const), { nil: undefined }),
    }),
  }),
);

it("notifications read back as they were put", async () => {
  const many = fc.uniqueArray(notification, { maxLength: 6, selector: ({ id }) => id });
  await fc.assert(
    fc.asyncProperty(many, async (given) => {
      const document = await read("NotificationConfiguration", notificationContent(throughJson(given)));
      const found = notificationsOf(document, WEBHOOKS).map((each) => ({ ...each, logId: "L", after: "0" }));
      const byForm = ["topic", "queue", "function"].flatMap((form) =>
        given.filter((each) => each.form === form),
      );
      expect(throughJson(found)).toEqual(throughJson(byForm));
    }),
    { seed: 51, numRuns: 150 },
  );
});

it("websites read back as they were put", async () => {
  await fc.assert(
    fc.asyncProperty(website, async (given) => {
      const found = websiteOf(await read("WebsiteConfiguration", websiteContent(throughJson(given))));
      expect(throughJson(found)).toEqual(throughJson(given));
    }),
    { seed: 52, numRuns: 150 },
  );
});

it("what is made of elements at random is refused by an S3Error or understood", async () => {
  const names = [
    "TopicConfiguration",
    "QueueConfiguration",
    "Queue",
    "Topic",
    "Id",
    "Event",
    "Filter",
    "S3Key",
    "FilterRule",
    "Name",
    "Value",
    "IndexDocument",
    "Suffix",
    "ErrorDocument",
    "Key",
    "RedirectAllRequestsTo",
    "HostName",
    "Protocol",
    "RoutingRules",
  ];
  const texts = [
    "",
    "arn:efs:webhook:::audit",
    "s3:ObjectCreated:*",
    "prefix",
    "index.html",
    "a/b",
    "https",
    " ",
    "&#0;",
  ];
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom(...texts),
      fc
        .array(fc.tuple(fc.constantFrom(...names), tie("tree")), { maxLength: 4 })
        .map((children) => children.map(([name, inner]) => `<${name}>${inner}</${name}>`).join("")),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(tree, async (inner) => {
      for (const root of ["NotificationConfiguration", "WebsiteConfiguration"]) {
        try {
          const document = await parseXml(utf8(`<${root}>${inner}</${root}>`), root);
          if (root.startsWith("N")) notificationsOf(document, WEBHOOKS);
          else websiteOf(document);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(S3Error);
        }
      }
    }),
    { seed: 53, numRuns: 1000 },
  );
});
