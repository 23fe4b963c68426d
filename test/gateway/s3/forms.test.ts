/** PostObject: uploads by a browser's form, signed and anonymous. */
import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { getObject } from "../../../src/gateway/s3/operations/get-object.ts";
import { headObject } from "../../../src/gateway/s3/operations/head-object.ts";
import { postObject } from "../../../src/gateway/s3/operations/post-object.ts";
import { TestClock, testSegment } from "../../segment/support.ts";
import { ANONYMOUS, type Answer, element, type S3Site, s3Site, TENANT } from "../../support/s3-action.ts";

const DAY = "20260101";
const DATE = `${DAY}T000000Z`;
const KEY = "AKIDPOST";
const SECRET = "secret-secret-secret";

interface Signing {
  readonly conditions?: readonly unknown[];
  readonly expiration?: string;
  readonly secret?: string;
}

async function siteWithUser(): Promise<S3Site> {
  const clock = new TestClock();
  const segment = await testSegment({ clock, segmentKey: new Uint8Array(32) });
  const site = await s3Site({ segment });
  await segment.users.create(TENANT, "amy", { accessKey: KEY, secretKey: SECRET });
  return { ...site, clock };
}

function signed(fields: Readonly<Record<string, string>>, signing: Signing = {}): Record<string, string> {
  const sealed: Record<string, string> = {
    ...fields,
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-credential": `${KEY}/${DAY}/us-east-1/s3/aws4_request`,
    "x-amz-date": DATE,
  };
  const conditions = [
    { bucket: "bk1" },
    ...Object.entries(sealed).map(([name, value]) =>
      name === "key" ? ["starts-with", "$key", ""] : { [name]: value },
    ),
    ...(signing.conditions ?? []),
  ];
  const expiration = signing.expiration ?? "2026-01-01T01:00:00Z";
  const policy = Buffer.from(JSON.stringify({ expiration, conditions })).toString("base64");
  const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
  const key = [DAY, "us-east-1", "s3", "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${signing.secret ?? SECRET}`,
  );
  return { ...sealed, policy, "x-amz-signature": hmac(key, policy).toString("hex") };
}

function post(site: S3Site, fields: Readonly<Record<string, string>>, file = "hello"): Promise<Answer> {
  const parts = Object.entries(fields).map(
    ([name, value]) => `--XX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const body = `${parts.join("")}--XX\r\nContent-Disposition: form-data; name="file"; filename="C:\\a\\pic.png"\r\nContent-Type: image/png\r\n\r\n${file}\r\n--XX--\r\n`;
  const headers = { "Content-Type": "multipart/form-data; boundary=XX" };
  return site.ask(postObject, { body, headers, identity: ANONYMOUS, pieceBytes: 100 });
}

describe("a form", () => {
  it("that is signed puts its file with what its fields say", async () => {
    const site = await siteWithUser();
    const tagging = "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>";
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the form says it so
    const fields = { key: "up/${filename}", "Content-Type": "image/png", "x-amz-meta-who": "Zoë", tagging };
    const answer = await post(site, signed(fields));
    expect(answer).toMatchObject({ status: 204, text: "" });
    expect(answer.headers).toEqual({
      etag: '"5d41402abc4b2a76b9719d911017c592"',
      location: "http://s3.test:9982/bk1/up/pic.png",
    });
    const got = await site.ask(getObject, { key: "up/pic.png" });
    expect(got.text).toBe("hello");
    expect(got.headers).toMatchObject({
      "content-type": "image/png",
      "x-amz-meta-who": `=?UTF-8?B?${Buffer.from("Zoë").toString("base64")}?=`,
      "x-amz-tagging-count": "1",
    });
  });

  it.each([
    [{ success_action_status: "200" }, 200],
    [{ success_action_status: "404" }, 204],
    [{ success_action_redirect: "javascript:alert(1)" }, 204],
    [{ success_action_redirect: "https://here.example/done?x=1" }, 303],
    [{ success_action_status: "201" }, 201],
  ] as Array<[Record<string, string>, number]>)("with %j is answered with %i", async (fields, status) => {
    const site = await siteWithUser();
    const answer = await post(site, signed({ key: "a b", ...fields }));
    expect(answer.status).toBe(status);
    if (status === 201) {
      expect(element(answer.text, "Location")).toBe("http://s3.test:9982/bk1/a%20b");
      expect([element(answer.text, "Bucket"), element(answer.text, "Key")]).toEqual(["bk1", "a b"]);
    }
    if (status === 303) {
      const etag = encodeURIComponent('"5d41402abc4b2a76b9719d911017c592"');
      expect(answer.headers.location).toBe(`https://here.example/done?x=1&bucket=bk1&key=a+b&etag=${etag}`);
    }
  });

  it.each([
    ["a wrong secret", signed({ key: "a" }, { secret: "x".repeat(20) }), "SignatureDoesNotMatch"],
    ["an expired policy", signed({ key: "a" }, { expiration: "2025-12-31T00:00:00Z" }), "AccessDenied"],
    ["a condition that fails", signed({ key: "a" }, { conditions: [{ acl: "private" }] }), "AccessDenied"],
    ["a field without condition", { ...signed({ key: "a" }), "x-amz-meta-a": "1" }, "AccessDenied"],
    [
      "too long a file",
      signed({ key: "a" }, { conditions: [["content-length-range", 0, 4]] }),
      "EntityTooLarge",
    ],
    [
      "too short a file",
      signed({ key: "a" }, { conditions: [["content-length-range", 6, 9]] }),
      "EntityTooSmall",
    ],
    ["no key", signed({}), "InvalidArgument"],
    ["too long a key", signed({ key: "x".repeat(1025) }), "KeyTooLongError"],
    ["a wrong MD5", signed({ key: "a", "Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg==" }), "BadDigest"],
    ["a public ACL of who is no admin", signed({ key: "a", acl: "public-read" }), "AccessDenied"],
  ])("with %s is refused and leaves nothing", async (_, fields, code) => {
    const site = await siteWithUser();
    expect((await post(site, fields)).code).toBe(code);
    expect((await site.ask(headObject, { key: "a" })).code).toBe("NoSuchKey");
  });

  it("of a user of another tenant is refused", async () => {
    const site = await siteWithUser();
    const other = { ...TENANT, tenant: "Pepsi" as typeof TENANT.tenant };
    await site.segment.namespace.createTenant(other);
    await site.segment.users.delete(TENANT, "amy");
    await site.segment.users.create(other, "amy", { accessKey: KEY, secretKey: SECRET });
    expect((await post(site, signed({ key: "a" }))).code).toBe("InvalidAccessKeyId");
  });

  it("without policy is anonymous, and asks the bucket's policy", async () => {
    const site = await siteWithUser();
    expect((await post(site, { key: "a" })).status).toBe(204);
    expect(site.asked).toEqual(["s3:PutObject bk1/a"]);
    site.denied.add("s3:PutObject");
    expect((await post(site, { key: "b" })).code).toBe("AccessDenied");
  });
});
