/** `x-amz-expiration`: on whatever answers for a latest version, by the same rules as the segment's upkeep, and nowhere else. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { completeMultipartUpload } from "../../../src/gateway/s3/operations/complete-multipart-upload.ts";
import { copyObject } from "../../../src/gateway/s3/operations/copy-object.ts";
import { createMultipartUpload } from "../../../src/gateway/s3/operations/create-multipart-upload.ts";
import { getObject } from "../../../src/gateway/s3/operations/get-object.ts";
import { headObject } from "../../../src/gateway/s3/operations/head-object.ts";
import { putBucketLifecycleConfiguration } from "../../../src/gateway/s3/operations/put-bucket-lifecycle-configuration.ts";
import { putObject } from "../../../src/gateway/s3/operations/put-object.ts";
import { uploadPart } from "../../../src/gateway/s3/operations/upload-part.ts";
import { DAY_MS } from "../../../src/model/lifecycle.ts";
import { parseBucketName } from "../../../src/model/names.ts";
import { runUpkeep } from "../../../src/segment/upkeep.ts";
import { BUCKET_NAME, element, type S3Site, s3Site, TENANT } from "../../support/s3-action.ts";

const HEADER = "x-amz-expiration";
// The clock of the site stands at 2026-01-01.
const IN_3_DAYS = 'expiry-date="Mon, 05 Jan 2026 00:00:00 GMT", rule-id="old%20logs"';

let site: S3Site;
beforeEach(async () => {
  site = await s3Site();
});
afterEach(() => site.segment.close());

async function rules(...content: readonly string[]): Promise<void> {
  const each = content.map((rule) => `<Rule><Status>Enabled</Status>${rule}</Rule>`).join("");
  const body = `<LifecycleConfiguration>${each}</LifecycleConfiguration>`;
  const answer = await site.ask(putBucketLifecycleConfiguration, { query: { lifecycle: "" }, body });
  expect([answer.status, answer.text]).toEqual([200, ""]);
}

const byDays = (filter: string, days = 3) =>
  `<ID>old logs</ID><Filter>${filter}</Filter><Expiration><Days>${days}</Days></Expiration>`;

it("is on puts, copies, uploads by parts and reads of what a rule ends", async () => {
  await rules(byDays("<Prefix>logs/</Prefix>"));
  const key = "logs/a";
  const answers = [await site.ask(putObject, { key, body: "x" })];
  answers.push(await site.ask(getObject, { key }), await site.ask(headObject, { key }));
  answers.push(
    await site.ask(copyObject, { key: "logs/b", headers: { "x-amz-copy-source": "/bk1/logs/a" } }),
  );
  const uploadId =
    element((await site.ask(createMultipartUpload, { key, query: { uploads: "" } })).text, "UploadId") ?? "";
  const part = await site.ask(uploadPart, { key, query: { uploadId, partNumber: "1" }, body: "x" });
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.etag}</ETag></Part></CompleteMultipartUpload>`;
  answers.push(await site.ask(completeMultipartUpload, { key, query: { uploadId }, body }));
  expect(answers.map(({ status, headers }) => [status, headers[HEADER]])).toEqual(
    answers.map(() => [200, IN_3_DAYS]),
  );
});

it("is not on what no rule ends, nor on a version that is named", async () => {
  await rules(byDays("<Prefix>logs/</Prefix>"));
  expect((await site.ask(putObject, { key: "dear", body: "x" })).headers[HEADER]).toBeUndefined();
  await site.ask(putObject, { key: "logs/a", body: "x" });
  const named = await site.ask(getObject, { key: "logs/a", query: { versionId: "null" } });
  expect([named.status, named.headers[HEADER]]).toEqual([200, undefined]);
});

it("knows tags, also of the put itself, and sizes", async () => {
  await rules(
    byDays("<Tag><Key>k</Key><Value>v</Value></Tag>"),
    "<Filter><ObjectSizeGreaterThan>3</ObjectSizeGreaterThan></Filter><Expiration><Days>1</Days></Expiration>",
  );
  const tagged = await site.ask(putObject, { key: "a", body: "x", headers: { "x-amz-tagging": "k=v" } });
  expect(tagged.headers[HEADER]).toBe(IN_3_DAYS);
  expect((await site.ask(putObject, { key: "b", body: "long" })).headers[HEADER]).toMatch(
    /^expiry-date="Sat, 03 Jan/,
  );
  expect((await site.ask(getObject, { key: "a" })).headers[HEADER]).toBe(IN_3_DAYS);
});

it("is left out where a date cannot say it, and where rules cannot be read", async () => {
  await rules(byDays("", 2 ** 31 - 1));
  expect((await site.ask(putObject, { key: "a", body: "x" })).headers[HEADER]).toBeUndefined();
  const bucket = { ...TENANT, bucket: parseBucketName(BUCKET_NAME) };
  await site.segment.namespace.putConfig(bucket, "lifecycle", "nonsense");
  expect(await site.ask(putObject, { key: "b", body: "x" })).toMatchObject({ status: 200 });
});

it("tells when the object goes, to the millisecond", async () => {
  await rules(byDays("<Prefix>logs/</Prefix>"));
  site.clock.advance(DAY_MS / 3);
  const { headers } = await site.ask(putObject, { key: "logs/a", body: "x" });
  const atMs = Date.parse(/expiry-date="([^"]+)"/.exec(headers[HEADER] ?? "")?.[1] ?? "");
  const pass = () =>
    runUpkeep({ segment: site.segment, clock: site.clock, log: silentLog }, new AbortController().signal);
  site.clock.advance(atMs - site.clock.wallMs() - 1);
  await pass();
  expect((await site.ask(headObject, { key: "logs/a" })).status).toBe(200);
  site.clock.advance(1);
  await pass();
  expect((await site.ask(headObject, { key: "logs/a" })).status).toBe(404);
});
