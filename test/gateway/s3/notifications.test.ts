/** Notifications: the document, what is told of each change, and delivery at least once, in order, from a durable position. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { Notifier } from "../../../src/gateway/s3/notification/notifier.ts";
import { completeMultipartUpload } from "../../../src/gateway/s3/operations/complete-multipart-upload.ts";
import { createMultipartUpload } from "../../../src/gateway/s3/operations/create-multipart-upload.ts";
import { deleteObject } from "../../../src/gateway/s3/operations/delete-object.ts";
import { getBucketNotificationConfiguration as getConfig } from "../../../src/gateway/s3/operations/get-bucket-notification-configuration.ts";
import { putBucketNotificationConfiguration as putConfig } from "../../../src/gateway/s3/operations/put-bucket-notification-configuration.ts";
import { putObject } from "../../../src/gateway/s3/operations/put-object.ts";
import { putObjectTagging } from "../../../src/gateway/s3/operations/put-object-tagging.ts";
import { uploadPart } from "../../../src/gateway/s3/operations/upload-part.ts";
import { parseBucketName, parseServiceName } from "../../../src/model/names.ts";
import { START_SETTINGS } from "../../../src/model/service.ts";
import { object, testSegment, withBucket } from "../../segment/support.ts";
import { BUCKET_NAME, element, type S3Site, s3Site, TENANT } from "../../support/s3-action.ts";
import { until } from "../../support/until.ts";
import { WaitingClock } from "../../support/waiting-clock.ts";
import { startWebhook, type Webhook } from "../../support/webhook.ts";

const SERVICE = parseServiceName("s3-cola");
const BUCKET = { ...TENANT, bucket: parseBucketName(BUCKET_NAME) };

interface Asked {
  readonly id?: string;
  readonly form?: "Topic" | "Queue" | "CloudFunction";
  readonly arn?: string;
  readonly events?: readonly string[];
  readonly filter?: string;
}

function document(...asked: readonly Asked[]): string {
  const each = asked.map(
    ({
      id,
      form = "Queue",
      arn = "arn:efs:webhook:::audit",
      events = ["s3:ObjectCreated:*"],
      filter = "",
    }) => {
      const eventsXml = events.map((event) => `<Event>${event}</Event>`).join("");
      const idXml = id === undefined ? "" : `<Id>${id}</Id>`;
      return `<${form}Configuration>${idXml}<${form}>${arn}</${form}>${eventsXml}${filter}</${form}Configuration>`;
    },
  );
  return `<NotificationConfiguration>${each.join("")}</NotificationConfiguration>`;
}

const filter = (name: string, value: string) =>
  `<Filter><S3Key><FilterRule><Name>${name}</Name><Value>${value}</Value></FilterRule></S3Key></Filter>`;

let site: S3Site;
let clock: WaitingClock;
let hook: Webhook;
let notifier: Notifier;
let webhooks: Map<string, URL>;

function begin(): Notifier {
  const context = { segment: site.segment, clock, random: seededRandom(3), log: silentLog };
  const begun = new Notifier(context, SERVICE);
  begun.configure({ tenant: TENANT, region: "us-east-1", webhooks });
  return begun;
}

/** Lets the clock run until something is true. */
async function soon(isTrue: () => boolean): Promise<void> {
  await until(async () => {
    await clock.advance(1000);
    return isTrue();
  });
}

const put = (...asked: readonly Asked[]) =>
  site.ask(putConfig, { query: { notification: "" }, body: document(...asked) });
const told = () => hook.events.map(({ eventName, s3 }) => `${eventName} ${s3.object.key}`);

beforeEach(async () => {
  clock = new WaitingClock();
  hook = await startWebhook();
  webhooks = new Map([["audit", hook.url]]);
  site = await s3Site({
    context: { webhooks: new Set(["audit"]), onNotificationsChanged: (bucket) => notifier.changed(bucket) },
  });
  await site.segment.services.create({
    name: SERVICE,
    type: "s3",
    isEnabled: true,
    settings: START_SETTINGS.s3,
    served: [],
  });
  notifier = begin();
});

afterEach(async () => {
  await notifier.stop();
  await hook.close();
  await site.segment.close();
});

describe("the configuration of notifications", () => {
  it("reads back as it was put, in all three forms", async () => {
    const asked: Asked[] = [
      { id: "t", form: "Topic", events: ["s3:ObjectRemoved:*", "s3:ObjectAcl:Put"] },
      { id: "q", filter: filter("suffix", ".jpg") },
      { id: "f", form: "CloudFunction", filter: filter("prefix", "a &amp; b/") },
    ];
    expect((await put(...asked)).status).toBe(200);
    const { text } = await site.ask(getConfig, { query: { notification: "" } });
    const plain = text.replaceAll(/<\?xml.*\?>\n| xmlns="[^"]*"/g, "").replaceAll("<Name>", "<Name>");
    expect(plain).toBe(document(...asked));
  });

  it("is empty where there is none, and an empty document removes what there is", async () => {
    await put({ id: "a" });
    await put();
    const { text } = await site.ask(getConfig, { query: { notification: "" } });
    expect(element(text, "NotificationConfiguration")).toBe("");
    expect(await site.segment.namespace.getConfig(BUCKET, "notification")).toBeUndefined();
    await soon(() => notifier.status().length === 0);
  });

  it.each<[string, Asked, string]>([
    ["an unknown webhook", { arn: "arn:efs:webhook:::other" }, "InvalidArgument"],
    ["an ARN of AWS", { arn: "arn:aws:sqs:us-east-1:1:q" }, "InvalidArgument"],
    ["a URL", { arn: "http://127.0.0.1/" }, "InvalidArgument"],
    ["an event that the log cannot tell", { events: ["s3:ObjectCreated:Copy"] }, "InvalidArgument"],
    ["no event", { events: [] }, "MalformedXML"],
    ["a filter of another kind", { filter: filter("regex", "a") }, "InvalidArgument"],
    ["something else", { filter: "<Nonsense/>" }, "MalformedXML"],
  ])("refuses %s and keeps what there was", async (_, asked, code) => {
    await put({ id: "before" });
    expect((await put(asked)).code).toBe(code);
    const { text } = await site.ask(getConfig, { query: { notification: "" } });
    expect(element(text, "Id")).toBe("before");
  });

  it("refuses an id that is given twice", async () => {
    expect((await put({ id: "a" }, { id: "a", form: "Topic" })).code).toBe("InvalidArgument");
  });
});

describe("what is told", () => {
  it("names each change as S3 does, with what belongs to it", async () => {
    await put({ id: "all", events: ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*"] });
    await site.ask(putObject, { key: "a b/é+(1)", body: "hello" });
    const tagging = "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>";
    await site.ask(putObjectTagging, { key: "a b/é+(1)", query: { tagging: "" }, body: tagging });
    await soon(() => hook.events.length === 2);
    await site.ask(deleteObject, { key: "a b/é+(1)" });
    await soon(() => hook.events.length === 3);
    const key = "a+b/%C3%A9%2B%281%29";
    expect(told()).toEqual([
      `ObjectCreated:Put ${key}`,
      `ObjectTagging:Put ${key}`,
      `ObjectRemoved:Delete ${key}`,
    ]);
    expect(hook.events[0]).toMatchObject({
      eventSource: `efs:s3:${site.segment.id}`,
      awsRegion: "us-east-1",
      s3: {
        configurationId: "all",
        bucket: { name: BUCKET_NAME },
        object: { size: 5, sequencer: "0000000000000001" },
      },
    });
    expect(hook.events[0]?.s3.object.versionId).toBeUndefined();
  });

  it("tells markers from removals, and content of several parts, with version ids", async () => {
    await site.segment.namespace.updateBucket(BUCKET, { versioning: "enabled" });
    await put({ id: "all", events: ["s3:ObjectCreated:CompleteMultipartUpload", "s3:ObjectRemoved:*"] });
    const begun = await site.ask(createMultipartUpload, { key: "m", query: { uploads: "" } });
    const uploadId = element(begun.text, "UploadId") ?? "";
    const part = await site.ask(uploadPart, { key: "m", query: { uploadId, partNumber: "1" }, body: "x" });
    const parts = `<Part><PartNumber>1</PartNumber><ETag>${part.headers.etag}</ETag></Part>`;
    const body = `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`;
    const made = await site.ask(completeMultipartUpload, { key: "m", query: { uploadId }, body });
    const versionId = made.headers["x-amz-version-id"] ?? "";
    await site.ask(putObject, { key: "one-piece", body: "x" });
    await soon(() => hook.events.length === 1);
    await site.ask(deleteObject, { key: "m" });
    await site.ask(deleteObject, { key: "m", query: { versionId } });
    await soon(() => hook.events.length === 3);
    expect(told()).toEqual([
      "ObjectCreated:CompleteMultipartUpload m",
      "ObjectRemoved:DeleteMarkerCreated m",
      "ObjectRemoved:Delete m",
    ]);
    expect(hook.events[0]?.s3.object).toMatchObject({ versionId, eTag: expect.stringMatching(/-1$/) });
    expect(hook.events[2]?.s3.object.versionId).toBe(versionId);
  });

  it("tells what came through a link, by whom it was written", async () => {
    const other = await withBucket(await testSegment({ seed: 9 }));
    const version = await other.objects.put(object("from-afar", BUCKET), new Uint8Array());
    await put({ id: "a" });
    await site.segment.replication.apply({ bucket: BUCKET, versions: [version], via: other.id });
    await soon(() => hook.events.length === 1);
    expect(hook.events[0]).toMatchObject({
      eventName: "ObjectCreated:Put",
      eventSource: `efs:s3:${other.id}`,
      responseElements: { "x-efs-segment": site.segment.id, "x-efs-via": other.id },
      s3: { object: { key: "from-afar", size: 0 } },
    });
    await other.close();
  });

  it("keeps to prefix and suffix", async () => {
    await put({ id: "a", filter: filter("prefix", "in/") }, { id: "b", filter: filter("suffix", ".jpg") });
    for (const key of ["in/a", "in/b.jpg", "out"]) await site.ask(putObject, { key, body: "x" });
    await soon(() => hook.events.length === 3);
    const each = hook.events.map(({ s3 }) => `${s3.configurationId} ${s3.object.key}`).sort();
    expect(each).toEqual(["a in/a", "a in/b.jpg", "b in/b.jpg"]);
  });

  it("finds what is asked for among many that are not, in order and whole", async () => {
    webhooks.clear();
    await put(
      { id: "a", filter: filter("prefix", "in/") },
      { id: "none", filter: filter("prefix", "nowhere/") },
    );
    const keys: string[] = [];
    for (let at = 0; at < 1500; at += 1) {
      const key = at > 600 && at < 900 ? `in/${at}` : `out/${at}`;
      await site.segment.objects.put(object(key, BUCKET), Uint8Array.of(1));
      if (key.startsWith("in/")) keys.push(key);
    }
    webhooks.set("audit", hook.url);
    await soon(() => notifier.status().every(({ backlog }) => backlog === 0));
    expect(hook.events.map(({ s3 }) => s3.object.key)).toEqual(keys);
  });

  it("begins with what comes after the configuration was put", async () => {
    await site.ask(putObject, { key: "before", body: "x" });
    await put({ id: "a" });
    await site.ask(putObject, { key: "after", body: "x" });
    await soon(() => hook.events.length === 1);
    expect(told()).toEqual(["ObjectCreated:Put after"]);
  });

  it.each(["s3:ObjectCreated:*", "s3:ObjectCreated:CompleteMultipartUpload"])(
    "tells who asked for %s of a version that is no longer kept, without what only it knew",
    async (event) => {
      webhooks.clear();
      await put({ id: "a", events: [event] });
      for (const body of ["x", "xx"]) await site.ask(putObject, { key: "a", body });
      webhooks.set("audit", hook.url);
      await soon(() => notifier.status()[0]?.backlog === 0);
      const sizes = hook.events.map(({ s3 }) => s3.object.size);
      expect(sizes).toEqual(event.endsWith("*") ? [1, 2] : [1]);
      expect(hook.events[0]?.s3.object.eTag).toBeUndefined();
    },
  );
});

describe("delivery", () => {
  it("goes on until the webhook answers 2xx, in order, each once when nothing is lost", async () => {
    await put({ id: "a" });
    hook.answer = 500;
    for (let at = 0; at < 250; at += 1)
      await site.ask(putObject, { key: `k${String(at).padStart(3, "0")}`, body: "x" });
    await soon(() => hook.posts >= 3);
    expect(notifier.status()).toMatchObject([
      {
        id: "a",
        state: "failing",
        delivered: 0,
        lastError: { code: "UNAVAILABLE", message: "the webhook answered 500" },
      },
    ]);
    await soon(() => (notifier.status()[0]?.backlog ?? 0) === 250);
    hook.answer = 302;
    const before = hook.posts;
    await soon(() => hook.posts > before);
    expect(hook.events).toEqual([]);
    hook.answer = 200;
    await soon(() => hook.events.length >= 250);
    const keys = hook.events.map(({ s3 }) => s3.object.key);
    expect(keys).toEqual([...keys].sort());
    expect(new Set(keys).size).toBe(250);
    await soon(() => notifier.status()[0]?.backlog === 0);
    expect(notifier.status()).toMatchObject([{ state: "delivering", delivered: 250 }]);
  });

  it("cuts off a webhook that is silent, and one that is down holds up nobody", async () => {
    webhooks.set("dead", new URL("http://127.0.0.1:9/"));
    site = await s3Site({
      segment: site.segment,
      context: {
        webhooks: new Set(["audit", "dead"]),
        onNotificationsChanged: (bucket) => notifier.changed(bucket),
      },
    });
    await put({ id: "a" }, { id: "b", arn: "arn:efs:webhook:::dead" });
    await site.ask(putObject, { key: "one", body: "x" });
    await soon(() => hook.events.length === 1);
    hook.answer = "silence";
    await site.ask(putObject, { key: "two", body: "x" });
    await soon(() => notifier.status().find(({ id }) => id === "a")?.lastError?.code === "TIMEOUT");
    hook.answer = 200;
    await soon(() => hook.events.length >= 2);
    expect(told().slice(0, 2)).toEqual(["ObjectCreated:Put one", "ObjectCreated:Put two"]);
    expect(notifier.status().find(({ id }) => id === "b")).toMatchObject({
      state: "failing",
      lastError: { message: expect.stringMatching(/ECONNREFUSED/) },
    });
  });

  it("goes on where it was after a stop, and forgets a position with its configuration", async () => {
    await put({ id: "a" });
    await site.ask(putObject, { key: "one", body: "x" });
    await soon(() => notifier.status()[0]?.delivered === 1);
    await notifier.stop();
    await site.ask(putObject, { key: "two", body: "x" });
    notifier = begin();
    await soon(() => hook.events.length === 2);
    expect(told()).toEqual(["ObjectCreated:Put one", "ObjectCreated:Put two"]);
    await soon(() => notifier.status()[0]?.delivered === 2);
    await put();
    await soon(() => notifier.status().length === 0);
    await until(async () => (await site.segment.services.listState(SERVICE, "notification/")).length === 0);
  });

  it("goes on where it was when events or filter change under the same id", async () => {
    await put({ id: "a" });
    await site.ask(putObject, { key: "one", body: "x" });
    await soon(() => notifier.status()[0]?.delivered === 1);
    await put({ id: "a", events: ["s3:ObjectCreated:Put"], filter: filter("prefix", "t") });
    await site.ask(putObject, { key: "two", body: "x" });
    await soon(() => hook.events.length === 2);
    expect(told()).toEqual(["ObjectCreated:Put one", "ObjectCreated:Put two"]);
  });

  it("waits for a webhook that an admin unset, and tells so", async () => {
    webhooks.clear();
    await put({ id: "a" });
    await site.ask(putObject, { key: "one", body: "x" });
    await soon(() => notifier.status()[0]?.lastError?.code === "SERVICE_INCOMPLETE");
    webhooks = new Map([["audit", new URL(hook.url.href.replace("//", "//amy:secret@"))]]);
    notifier.configure({ tenant: TENANT, region: "us-east-1", webhooks });
    await soon(() => hook.events.length === 1);
    expect(hook.authorization).toBe(`Basic ${Buffer.from("amy:secret").toString("base64")}`);
  });

  it("tells nothing of a bucket that was deleted and made anew under the same name", async () => {
    await put({ id: "a" });
    await soon(() => notifier.status().length === 1);
    await site.segment.namespace.deleteBucket(BUCKET);
    await site.segment.namespace.ensureBucket(BUCKET, {});
    await site.ask(putObject, { key: "one", body: "x" });
    await soon(() => notifier.status().length === 0);
    expect(hook.posts).toBe(0);
  });
});
