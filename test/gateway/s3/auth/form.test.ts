/** Forms of browser uploads: read under any split and within limits; their policies verified, every field covered, none used after its time. */
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readForm } from "../../../../src/gateway/s3/auth/form-data.ts";
import { limitedContent, verifyForm } from "../../../../src/gateway/s3/auth/post-policy.ts";
import {
  ACCESS_KEY,
  clockAt,
  EXAMPLE_MS,
  findKey,
  from,
  gathered,
  SCOPE,
  signingKey,
  splitAt,
} from "./signing.ts";

const TYPE = "multipart/form-data; boundary=AaB03x";

function form(fields: Readonly<Record<string, string>>, file: Uint8Array | undefined, after = ""): Buffer {
  const parts = Object.entries(fields).map(([name, value]) =>
    Buffer.from(`--AaB03x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`),
  );
  if (file !== undefined) {
    const head =
      'Content-Disposition: form-data; name="file"; filename="C:\\\\photos\\\\cat.jpg"\r\nContent-Type: image/jpeg';
    parts.push(Buffer.from(`--AaB03x\r\n${head}\r\n\r\n`), Buffer.from(file), Buffer.from("\r\n"));
  }
  parts.push(Buffer.from(`${after}--AaB03x--\r\n`));
  return Buffer.concat(parts);
}

const codeOf = async (work: () => Promise<unknown>) => {
  try {
    await work();
    return "passed";
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const readAll = async (bytes: readonly Uint8Array[], type: string | undefined = TYPE) => {
  const { fields, file } = await readForm(type, from(bytes));
  return { fields, name: file.name, content: await gathered(file.content) };
};

describe("a form", () => {
  it("is read whatever it holds and wherever the input is split", async () => {
    const text = fc.string({ unit: "grapheme", maxLength: 20 }).filter((one) => !one.includes("--AaB03x"));
    const names = fc
      .stringMatching(/^[a-z][a-z0-9-]{0,8}$/)
      .filter((name) => name !== "file" && name !== "key");
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.constantFrom("\r\n--AaB03", "\r\n--AaB0\r\n--AaB", "\r\n\r\n", "-").map((one) => Buffer.from(one)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(names, text, { maxKeys: 4, noNullPrototype: true }),
        content,
        fc.array(fc.nat(), { maxLength: 8 }),
        async (fields, file, places) => {
          const found = await readAll(splitAt(form(fields, file), places));
          expect(Object.fromEntries(found.fields)).toEqual(fields);
          expect(found.content.equals(file)).toBe(true);
        },
      ),
      { numRuns: 300, seed: 3 },
    );
  });

  it("puts the file's name, without its path, into the key", async () => {
    const found = await readAll([form({ key: "user/${filename}", acl: "private" }, Buffer.from("x"))]);
    expect([found.fields.get("key"), found.name]).toEqual(["user/cat.jpg", "cat.jpg"]);
  });

  it("is not looked at behind its file", async () => {
    const after = '--AaB03x\r\nContent-Disposition: form-data; name="acl"\r\n\r\npublic-read\r\n';
    const found = await readAll([form({ key: "k" }, Buffer.from("x"), after)]);
    expect([...found.fields.keys()]).toEqual(["key"]);
  });

  it.each<[string, string, readonly Uint8Array[], string?]>([
    [
      "another content type",
      "MalformedPOSTRequest",
      [form({}, Buffer.from("x"))],
      "application/x-www-form-urlencoded",
    ],
    ["no boundary", "MalformedPOSTRequest", [form({}, Buffer.from("x"))], "multipart/form-data"],
    ["no file", "InvalidArgument", [form({ key: "k" }, undefined)]],
    ["no bytes", "MalformedPOSTRequest", []],
    [
      "a field twice",
      "MalformedPOSTRequest",
      [Buffer.concat([form({ key: "a" }, undefined).subarray(0, -12), form({ key: "b" }, Buffer.from("x"))])],
    ],
    [
      "fields above 20 KiB",
      "MaxMessageLengthExceeded",
      [form({ key: "k".repeat(21_000) }, Buffer.from("x"))],
    ],
    [
      "fields above 20 KiB together",
      "MaxMessageLengthExceeded",
      [form({ key: "k".repeat(11_000), acl: "k".repeat(11_000) }, Buffer.from("x"))],
    ],
    [
      "a field without end",
      "MaxMessageLengthExceeded",
      [
        form({}, undefined).subarray(0, 0),
        Buffer.from('--AaB03x\r\nContent-Disposition: form-data; name="a"\r\n\r\n'),
        ...Array(50).fill(Buffer.alloc(1000, "x")),
      ],
    ],
    [
      "a header without end",
      "MaxMessageLengthExceeded",
      [Buffer.from("--AaB03x\r\n"), ...Array(50).fill(Buffer.alloc(1000, "x"))],
    ],
    [
      "a part without a name",
      "MalformedPOSTRequest",
      [Buffer.from("--AaB03x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--AaB03x--\r\n")],
    ],
    [
      "201 fields",
      "MalformedPOSTRequest",
      [form(Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`f${n}`, ""])), Buffer.from("x"))],
    ],
  ])("with %s is refused: %s", async (_, code, bytes, type = TYPE) => {
    expect(await codeOf(() => readAll(bytes, type))).toBe(code);
  });

  it("that breaks off anywhere is refused", async () => {
    const whole = form({ key: "k" }, Buffer.from("hello"));
    for (let length = 0; length < whole.length - 4; length += 1) {
      expect(await codeOf(() => readAll([whole.subarray(0, length)]))).toBe("MalformedPOSTRequest");
    }
  });
});

describe("a form's policy", () => {
  const conditions: readonly unknown[] = [
    { bucket: "sigv4examplebucket" },
    ["starts-with", "$key", "user/user1/"],
    { acl: "public-read" },
    ["starts-with", "$Content-Type", "image/"],
    ["content-length-range", 2, 5],
    { "x-amz-credential": `${ACCESS_KEY}/${SCOPE}` },
    { "x-amz-algorithm": "AWS4-HMAC-SHA256" },
    { "x-amz-date": "20130524T000000Z" },
  ];
  const expiration = "2013-05-24T12:00:00.000Z";
  interface Change {
    readonly fields?: Readonly<Record<string, string | undefined>>;
    readonly policy?: unknown;
    readonly nowMs?: number;
    readonly secret?: string;
    readonly bucket?: string;
  }
  const verify = ({
    fields = {},
    policy = { expiration, conditions },
    nowMs = EXAMPLE_MS,
    secret,
    bucket = "sigv4examplebucket",
  }: Change = {}) => {
    const text = Buffer.from(typeof policy === "string" ? policy : JSON.stringify(policy)).toString("base64");
    const all = {
      key: "user/user1/cat.jpg",
      acl: "public-read",
      "content-type": "image/jpeg",
      "x-amz-credential": `${ACCESS_KEY}/${SCOPE}`,
      "x-amz-algorithm": "AWS4-HMAC-SHA256",
      "x-amz-date": "20130524T000000Z",
      "x-ignore-me": "x",
      policy: text,
      "x-amz-signature": createHmac("sha256", signingKey(SCOPE, secret)).update(text).digest("hex"),
      ...fields,
    };
    const given = new Map(
      Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    return verifyForm(given, { clock: clockAt(nowMs), findKey, region: "us-east-1", bucket });
  };

  it("lets its signer upload what fits it", async () => {
    expect(await verify()).toEqual({
      identity: { kind: "user", user: "maria", isAdmin: false, accessKey: ACCESS_KEY },
      lengthRange: { bytesMin: 2, bytesMax: 5 },
    });
  });

  it("is signed as AWS's published example is", () => {
    // The example's policy is signed as its base64 text; the key is of 29 December 2015.
    const key = signingKey("20151229/us-east-1/s3/aws4_request");
    const text =
      "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9";
    expect(createHmac("sha256", key).update(text).digest("hex")).toBe(
      "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e",
    );
  });

  const without = (index: number) => ({ expiration, conditions: conditions.filter((_, at) => at !== index) });
  it.each<[string, string, Change]>([
    ["after its expiry, although all else fits", "AccessDenied", { nowMs: Date.parse(expiration) }],
    ["with a wrong secret", "SignatureDoesNotMatch", { secret: "wrong" }],
    [
      "with another policy than was signed",
      "SignatureDoesNotMatch",
      { fields: { policy: Buffer.from(JSON.stringify({ expiration, conditions: [] })).toString("base64") } },
    ],
    ["with a key outside of what it allows", "AccessDenied", { fields: { key: "user/user2/cat.jpg" } }],
    ["with another ACL", "AccessDenied", { fields: { acl: "private" } }],
    [
      "with one of several content types outside",
      "AccessDenied",
      { fields: { "content-type": "image/png,text/html" } },
    ],
    ["without a field that it names", "AccessDenied", { fields: { acl: undefined } }],
    ["with a field that it does not cover", "AccessDenied", { fields: { "x-amz-meta-more": "x" } }],
    ["sent to another bucket", "AccessDenied", { bucket: "other" }],
    ["that does not name its bucket", "AccessDenied", { policy: without(0) }],
    ["that does not cover its credential", "AccessDenied", { policy: without(5) }],
    ["with an unknown key", "InvalidAccessKeyId", { fields: { "x-amz-credential": `AKIDOTHER/${SCOPE}` } }],
    ["with the day of another date", "InvalidArgument", { fields: { "x-amz-date": "20130525T000000Z" } }],
    ["without its signature", "InvalidArgument", { fields: { "x-amz-signature": undefined } }],
    ["that is absent although signed", "InvalidArgument", { fields: { policy: undefined } }],
    ["of version 2", "InvalidRequest", { fields: { awsaccesskeyid: "A" } }],
    [
      "eight days after it was signed",
      "AccessDenied",
      { policy: { expiration: "2014-01-01T00:00:00Z", conditions }, nowMs: EXAMPLE_MS + 8 * 86_400_000 },
    ],
    ["that is no JSON", "InvalidPolicyDocument", { policy: "{" }],
    ["without expiration", "InvalidPolicyDocument", { policy: { conditions } }],
    [
      "with an expiration of no sense",
      "InvalidPolicyDocument",
      { policy: { expiration: "tomorrow", conditions } },
    ],
    ["without conditions", "InvalidPolicyDocument", { policy: { expiration } }],
    [
      "with a condition of no sense",
      "InvalidPolicyDocument",
      { policy: { expiration, conditions: [["eq", "$key"]] } },
    ],
    [
      "with an unknown operator",
      "InvalidPolicyDocument",
      { policy: { expiration, conditions: [["ends-with", "$key", "x"]] } },
    ],
    [
      "with a negative length",
      "InvalidPolicyDocument",
      { policy: { expiration, conditions: [["content-length-range", -1, 5]] } },
    ],
  ])("%s is refused: %s", async (_, code, change) => {
    expect(await codeOf(() => verify(change))).toBe(code);
  });

  it("is not needed by nobody in particular", async () => {
    const verified = await verifyForm(new Map([["key", "k"]]), {
      clock: clockAt(EXAMPLE_MS),
      findKey,
      region: undefined,
      bucket: "b",
    });
    expect(verified).toEqual({ identity: { kind: "anonymous" }, lengthRange: undefined });
  });

  it("limits the length of the file", async () => {
    const send = (text: string) => () =>
      gathered(limitedContent(from([Buffer.from(text)]), { bytesMin: 2, bytesMax: 5 }));
    expect(await codeOf(send("hello"))).toBe("passed");
    expect(await codeOf(send("hellos"))).toBe("EntityTooLarge");
    expect(await codeOf(send("h"))).toBe("EntityTooSmall");
  });
});
