/** A bucket written by S3 at one segment is replicated by ISGW and answers the same to S3 at the other. */
import { createHash } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { seededRandom } from "../../src/base/random.ts";
import { s3Gateway } from "../../src/gateway/s3/gateway.ts";
import { parseServiceName, parseTenantPath } from "../../src/model/names.ts";
import { addressOf, receiverService, Site, senderService, until } from "../gateway/isgw/site.ts";
import { element, elements } from "../support/s3-action.ts";
import { type S3Client, s3Client } from "../support/s3-client.ts";
import type { S3Call, S3Reply } from "../support/s3-model.ts";

const TENANT = "Hawaii/Cola";
const BUCKET = "photos";
const DAY_MS = 86_400_000;
/** Of the answer, not of what is answered. */
const OWN_HEADERS: ReadonlySet<string> = new Set(["date", "x-amz-request-id", "x-amz-id-2"]);
const KEYS = ["plain.txt", "tagged/ü &<é>", "//locked", "parts", "marked", "gone"] as const;

const closing: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface End {
  readonly site: Site;
  readonly ask: S3Client["ask"];
}

/** A segment with an S3 service; users do not cross a link, so the two have none and need none. */
async function endOf(name: string, seed: number): Promise<End> {
  const site = await Site.open({ name, seed });
  closing.push(() => site.close());
  const { segment } = site;
  const tenant = parseTenantPath(TENANT);
  await segment.namespace.createCluster(tenant.cluster);
  await segment.namespace.createTenant(tenant);
  const record = {
    name: parseServiceName("s3-cola"),
    type: "s3",
    isEnabled: true,
    settings: [
      ["X-Auth-Type", "disabled"],
      ["X-HTTP-Port", "0"],
    ],
    served: [TENANT],
    revision: 1,
  } as const;
  await segment.services.create(record);
  const context = { segment, clock: systemClock, random: seededRandom(seed), log: silentLog };
  const gateway = await s3Gateway.start(context, record);
  closing.push(() => gateway.stop());
  const { endpoints } = await until(
    () => gateway.status(),
    (status) => status.state === "listening",
  );
  const port = Number(new URL(endpoints[0] ?? "").port);
  const client = s3Client({ port, accessKey: "NOBODY", secretKey: "nothing is checked" });
  closing.push(async () => client.close());
  return { site, ask: client.ask };
}

async function linked(): Promise<{ readonly near: End; readonly far: End }> {
  const near = await endOf("hawaii", 1);
  const far = await endOf("tokyo", 2);
  const address = await addressOf(await far.site.start(receiverService([TENANT])));
  await near.site.start(senderService(address, [TENANT]));
  return { near, far };
}

async function done(end: End, call: Partial<S3Call> & Pick<S3Call, "method">): Promise<S3Reply> {
  const reply = await end.ask({ bucket: BUCKET, ...call });
  expect(reply.status, reply.text).toBeLessThan(300);
  return reply;
}

const comparableText = (text: string) => text.replace(/<(RequestId|HostId)>[^<]*/g, "<$1>");

const comparable = ({ status, headers, text }: S3Reply) => ({
  status,
  headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name))),
  text: comparableText(text),
});

const versionsOf = async (end: End) =>
  (await end.ask({ method: "GET", bucket: BUCKET, query: { versions: "" } })).text;

/** Every question that is asked of what crossed. */
function questions(versionIds: ReadonlyMap<string, readonly string[]>): readonly S3Call[] {
  const calls: S3Call[] = [
    { method: "GET", bucket: BUCKET, query: { versions: "" } },
    { method: "GET", bucket: BUCKET, query: { "list-type": "2" } },
    { method: "GET", bucket: BUCKET, query: { versioning: "" } },
    { method: "GET", bucket: BUCKET, query: { "object-lock": "" } },
  ];
  for (const key of KEYS) {
    for (const versionId of [undefined, ...(versionIds.get(key) ?? [])]) {
      const query = versionId === undefined ? {} : { versionId };
      const about = { bucket: BUCKET, key };
      const checked = { "x-amz-checksum-mode": "ENABLED" };
      calls.push({ ...about, method: "HEAD", query, headers: checked });
      calls.push({ ...about, method: "GET", query, headers: checked });
      for (const what of ["tagging", "acl", "retention", "legal-hold"])
        calls.push({ ...about, method: "GET", query: { ...query, [what]: "" } });
    }
  }
  calls.push({ method: "GET", bucket: BUCKET, key: "parts", query: { partNumber: "2" } });
  return calls;
}

async function putParts(near: End): Promise<void> {
  const created = await done(near, { method: "POST", key: "parts", query: { uploads: "" } });
  const uploadId = element(created.text, "UploadId") ?? "";
  const parts: string[] = [];
  for (const [index, body] of [seededRandom(4).bytes(5 * 1024 * 1024), "the end"].entries()) {
    const partNumber = String(index + 1);
    const part = await done(near, { method: "PUT", key: "parts", query: { uploadId, partNumber }, body });
    parts.push(`<Part><PartNumber>${partNumber}</PartNumber><ETag>${part.headers.etag}</ETag></Part>`);
  }
  const body = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
  await done(near, { method: "POST", key: "parts", query: { uploadId }, body });
}

/** Versions, delete markers, tags, ACL, locks, parts, checksums, a removed version. */
async function fill(near: End): Promise<void> {
  await done(near, { method: "PUT", headers: { "x-amz-bucket-object-lock-enabled": "true" } });
  const plain = { method: "PUT", key: "plain.txt" };
  await done(near, {
    ...plain,
    body: "one",
    headers: { "content-type": "text/plain", "cache-control": "no-store" },
  });
  const sha1 = createHash("sha1").update("two").digest("base64");
  const headers = { "x-amz-meta-colour": "blue", "x-amz-checksum-sha1": sha1 };
  await done(near, { ...plain, body: "two", headers });
  await done(near, {
    method: "PUT",
    key: KEYS[1],
    body: "3",
    headers: { "x-amz-tagging": "island=Hawaii&year=2026" },
  });
  const untilText = new Date(systemClock.wallMs() + DAY_MS).toISOString();
  await done(near, {
    method: "PUT",
    key: KEYS[2],
    body: "4",
    headers: {
      "x-amz-object-lock-mode": "COMPLIANCE",
      "x-amz-object-lock-retain-until-date": untilText,
      "x-amz-object-lock-legal-hold": "ON",
    },
  });
  await putParts(near);
  await done(near, { method: "PUT", key: "marked", body: "5" });
  await done(near, { method: "DELETE", key: "marked" });
  const gone = await done(near, { method: "PUT", key: "gone", body: "6" });
  await done(near, {
    method: "DELETE",
    key: "gone",
    query: { versionId: gone.headers["x-amz-version-id"] ?? "" },
  });
}

function versionIdsIn(text: string): ReadonlyMap<string, readonly string[]> {
  const ids = new Map<string, string[]>();
  for (const entry of [...elements(text, "Version"), ...elements(text, "DeleteMarker")]) {
    const key = (element(entry, "Key") ?? "")
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replaceAll("&amp;", "&");
    ids.set(key, [...(ids.get(key) ?? []), element(entry, "VersionId") ?? ""]);
  }
  return ids;
}

describe("a bucket that S3 wrote at one segment", () => {
  it("answers every question the same at the other, also after later changes", async () => {
    const { near, far } = await linked();
    await fill(near);
    const check = async () => {
      const wanted = await versionsOf(near);
      await until(
        () => versionsOf(far),
        (text) => comparableText(text) === comparableText(wanted),
        20_000,
      );
      const calls = questions(versionIdsIn(wanted));
      let answered = 0;
      for (const call of calls) {
        const [theirs, ours] = [await near.ask(call), await far.ask(call)];
        expect(comparable(ours), JSON.stringify(call)).toEqual(comparable(theirs));
        if (theirs.status === 200) answered += 1;
      }
      return answered;
    };
    expect(await check()).toBeGreaterThan(40);
    const tagging = "<Tagging><TagSet><Tag><Key>later</Key><Value>1</Value></Tag></TagSet></Tagging>";
    await done(near, { method: "PUT", key: "plain.txt", query: { tagging: "" }, body: tagging });
    await done(near, {
      method: "PUT",
      key: "plain.txt",
      query: { acl: "" },
      headers: { "x-amz-acl": "public-read" },
    });
    await done(near, {
      method: "PUT",
      key: KEYS[2],
      query: { "legal-hold": "" },
      body: "<LegalHold><Status>OFF</Status></LegalHold>",
    });
    await done(near, { method: "DELETE", key: KEYS[1] });
    await done(near, { method: "PUT", key: "last", body: "7" });
    expect(await check()).toBeGreaterThan(40);
    const head = await far.ask({ method: "HEAD", bucket: BUCKET, key: "plain.txt" });
    expect(head.headers).toMatchObject({ "x-amz-meta-colour": "blue", "x-amz-tagging-count": "1" });
    const refused = await far.ask({
      method: "DELETE",
      bucket: BUCKET,
      key: KEYS[2],
      query: { versionId: versionIdsIn(await versionsOf(far)).get(KEYS[2])?.[0] ?? "" },
    });
    expect([refused.status, refused.code]).toEqual([403, "AccessDenied"]);
  }, 60_000);
});
