/** Signatures in header and query: AWS's published examples, the SDK's own signer as oracle, and everything that must be refused. */
import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SignedRequest } from "../../../../src/gateway/s3/auth/canonical-request.ts";
import { Verifier } from "../../../../src/gateway/s3/auth/verifier.ts";
import { ACCESS_KEY, clockAt, EXAMPLE_MS, findKey, SCOPE, SECRET_KEY, signer } from "./signing.ts";

const EMPTY = createHash("sha256").digest("hex");
const HOST = "examplebucket.s3.amazonaws.com";

const verifierAt = (nowMs: number, region: string | undefined = "us-east-1") =>
  new Verifier({ clock: clockAt(nowMs), findKey, region });
const verifier = verifierAt(EXAMPLE_MS);

function request(method: string, target: string, headers: Record<string, string>): SignedRequest {
  return { method, target, headers: new Map(Object.entries(headers)) };
}

function authorization(signedHeaders: string, signature: string, scope = SCOPE): string {
  return `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY}/${scope},SignedHeaders=${signedHeaders},Signature=${signature}`;
}

const getObject = request("GET", "/test.txt", {
  host: HOST,
  range: "bytes=0-9",
  "x-amz-content-sha256": EMPTY,
  "x-amz-date": "20130524T000000Z",
  authorization: authorization(
    "host;range;x-amz-content-sha256;x-amz-date",
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  ),
});
const PRESIGNED =
  "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
const presigned = request("GET", PRESIGNED, { host: HOST });

const withHeaders = (base: SignedRequest, headers: Record<string, string | undefined>): SignedRequest => {
  const all = new Map(base.headers);
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) all.delete(name);
    else all.set(name, value);
  }
  return { ...base, headers: all };
};

describe("AWS's published examples", () => {
  it.each([
    ["GET Object", getObject],
    [
      "PUT Object",
      request("PUT", "/test%24file.text", {
        host: HOST,
        date: "Fri, 24 May 2013 00:00:00 GMT",
        "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
        "x-amz-date": "20130524T000000Z",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        authorization: authorization(
          "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
          "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
      }),
    ],
    [
      "GET Bucket Lifecycle",
      request("GET", "/?lifecycle", {
        host: HOST,
        "x-amz-content-sha256": EMPTY,
        "x-amz-date": "20130524T000000Z",
        authorization: authorization(
          "host;x-amz-content-sha256;x-amz-date",
          "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
      }),
    ],
    [
      "List Objects",
      request("GET", "/?prefix=J&max-keys=2", {
        host: HOST,
        "x-amz-content-sha256": EMPTY,
        "x-amz-date": "20130524T000000Z",
        authorization: authorization(
          "host;x-amz-content-sha256;x-amz-date",
          "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ).replaceAll(",", ", "),
      }),
    ],
    ["presigned GET", presigned],
  ])("%s is the user's", async (_, example) => {
    const { identity } = await verifier.verify(example);
    expect(identity).toEqual({ kind: "user", user: "maria", isAdmin: false, accessKey: ACCESS_KEY });
  });

  it("a chunked upload hands on its seed signature and signing key", async () => {
    const { payload } = await verifier.verify(
      request("PUT", "/examplebucket/chunkObject.txt", {
        host: "s3.amazonaws.com",
        "x-amz-date": "20130524T000000Z",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": "66560",
        "content-length": "66824",
        authorization: authorization(
          "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
          signer.seedSignature,
        ),
      }),
    );
    expect(payload).toEqual({ kind: "chunked", hasTrailer: false, signer });
  });
});

describe("the SDK's signer", () => {
  class Sha256 {
    readonly #hash;
    constructor(secret?: Uint8Array | string) {
      this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret);
    }
    update(data: Uint8Array | string) {
      this.#hash.update(data);
    }
    async digest() {
      return new Uint8Array(this.#hash.digest());
    }
    reset() {
      throw new Error("not used");
    }
  }
  const sdk = new SignatureV4({
    credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY },
    region: "us-east-1",
    service: "s3",
    sha256: Sha256 as never,
    uriEscapePath: false,
    applyChecksum: true,
  });
  const escaped = (text: string) =>
    encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const target = (path: string, query: Record<string, unknown>) => {
    const pairs = Object.entries(query).map(([name, value]) => `${escaped(name)}=${escaped(String(value))}`);
    return pairs.length === 0 ? path : `${path}?${pairs.join("&")}`;
  };
  const key = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
  const queryName = fc
    .string({ minLength: 1, maxLength: 8 })
    .filter((name) => !/^(x-amz|__proto__$)/i.test(name));
  const shapes = fc.record({
    method: fc.constantFrom("GET", "PUT", "HEAD", "DELETE", "POST"),
    key,
    query: fc.dictionary(queryName, fc.string({ maxLength: 10 }), { maxKeys: 4, noNullPrototype: true }),
    metadata: fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/),
  });
  const signable = (shape: typeof shapes extends fc.Arbitrary<infer Shape> ? Shape : never) => ({
    method: shape.method,
    protocol: "http:",
    hostname: "localhost",
    headers: { host: "localhost:9982", "x-amz-meta-note": shape.metadata },
    path: `/bucket/${shape.key.split("/").map(escaped).join("/")}`,
    query: shape.query,
  });

  it("is understood for any key, query and header value, and no other request passes", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async (shape) => {
        const plain = signable(shape);
        const signed = await sdk.sign(plain, { signingDate: new Date(EXAMPLE_MS) });
        const sent = request(shape.method, target(plain.path, shape.query), signed.headers);
        expect((await verifier.verify(sent)).identity.kind).toBe("user");
        const others = [
          { ...sent, method: "PATCH" },
          { ...sent, target: sent.target.replace("/bucket/", "/bucket2/") },
          { ...sent, target: `${sent.target}${sent.target.includes("?") ? "&" : "?"}acl` },
          withHeaders(sent, { "x-amz-meta-note": `${shape.metadata}!` }),
          withHeaders(sent, { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" }),
        ];
        for (const other of others) {
          await expect(verifier.verify(other)).rejects.toMatchObject({ code: "SignatureDoesNotMatch" });
        }
      }),
      { numRuns: 150, seed: 5 },
    );
  });

  it("is understood when it presigns", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async (shape) => {
        const plain = signable(shape);
        const unsigned = {
          ...plain,
          headers: { ...plain.headers, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
        };
        const signed = await sdk.presign(unsigned, {
          signingDate: new Date(EXAMPLE_MS),
          expiresIn: 60,
          unhoistableHeaders: new Set(["x-amz-meta-note"]),
        });
        const headers = { host: "localhost:9982", "x-amz-meta-note": shape.metadata };
        const sent = request(shape.method, target(signed.path, signed.query ?? {}), headers);
        expect((await verifier.verify(sent)).kind).toBe("presigned");
        await expect(verifier.verify({ ...sent, method: "PATCH" })).rejects.toMatchObject({
          code: "SignatureDoesNotMatch",
        });
      }),
      { numRuns: 100, seed: 6 },
    );
  });

  it("is understood when the client percent-encodes more or less than needed", async () => {
    const plain = signable({ method: "GET", key: "a(b)=~c d/e", query: { "pre fix": "+x" }, metadata: "m" });
    const { headers } = await sdk.sign(plain, { signingDate: new Date(EXAMPLE_MS) });
    for (const sent of [
      "/bucket/a(b)=~c%20d/e?pre%20fix=%2Bx",
      "/bucket/%61%28b%29%3d%7ec%20d%2fe?pre+fix=%2bx",
    ]) {
      expect((await verifier.verify(request("GET", sent, headers))).identity.kind).toBe("user");
    }
  });
});

describe("what is refused", () => {
  const code = (fault: SignedRequest, using = verifier) =>
    using.verify(fault).then(
      () => "passed",
      (error: { code: string }) => error.code,
    );
  const signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
  const authorised = (text: string) => withHeaders(getObject, { authorization: text });

  it.each<[string, string, SignedRequest]>([
    ["another method", "SignatureDoesNotMatch", { ...getObject, method: "PUT" }],
    ["a changed header", "SignatureDoesNotMatch", withHeaders(getObject, { range: "bytes=0-10" })],
    ["a signed header that is absent", "SignatureDoesNotMatch", withHeaders(getObject, { range: undefined })],
    [
      "an x-amz- header beside the signed",
      "AccessDenied",
      withHeaders(getObject, { "x-amz-acl": "public-read" }),
    ],
    [
      "a host that is not signed",
      "AccessDenied",
      authorised(authorization("range;x-amz-content-sha256;x-amz-date", signature)),
    ],
    [
      "an unknown key",
      "InvalidAccessKeyId",
      authorised(
        authorization("host;range;x-amz-content-sha256;x-amz-date", signature).replace("AKIA", "AKIB"),
      ),
    ],
    [
      "no payload word",
      "InvalidRequest",
      withHeaders(getObject, {
        "x-amz-content-sha256": undefined,
        authorization: authorization("host;range;x-amz-date", signature),
      }),
    ],
    [
      "another region",
      "AuthorizationHeaderMalformed",
      authorised(authorization("host", signature, "20130524/mars/s3/aws4_request")),
    ],
    [
      "another service",
      "AuthorizationHeaderMalformed",
      authorised(authorization("host", signature, "20130524/us-east-1/iam/aws4_request")),
    ],
    [
      "another day",
      "AuthorizationHeaderMalformed",
      authorised(authorization("host", signature, "20130525/us-east-1/s3/aws4_request")),
    ],
    [
      "a credential of four parts",
      "AuthorizationHeaderMalformed",
      authorised(authorization("host", signature, "us-east-1/s3/aws4_request")),
    ],
    ["a short signature", "AuthorizationHeaderMalformed", authorised(authorization("host", "f0e8"))],
    [
      "signed headers out of order",
      "AuthorizationHeaderMalformed",
      authorised(authorization("range;host", signature)),
    ],
    ["an empty header", "AuthorizationHeaderMalformed", authorised("AWS4-HMAC-SHA256")],
    ["no date", "AccessDenied", withHeaders(getObject, { "x-amz-date": undefined })],
    ["a date that is none", "AccessDenied", withHeaders(getObject, { "x-amz-date": "20131399T000000Z" })],
    [
      "a signature of version 2",
      "InvalidRequest",
      authorised("AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg="),
    ],
    [
      "a presigned signature of version 2",
      "InvalidRequest",
      request("GET", "/a?AWSAccessKeyId=A&Expires=1&Signature=x", { host: HOST }),
    ],
    ["an asymmetric signature", "NotImplemented", authorised("AWS4-ECDSA-P256-SHA256 Credential=a")],
    ["another scheme", "InvalidArgument", authorised("Bearer abc")],
    ["both ways at once", "InvalidArgument", { ...getObject, target: PRESIGNED }],
    [
      "a presigned address that lost a parameter",
      "AuthorizationQueryParametersError",
      { ...presigned, target: PRESIGNED.replace(/&X-Amz-Expires=\d+/, "") },
    ],
    [
      "a week and a second",
      "AuthorizationQueryParametersError",
      { ...presigned, target: PRESIGNED.replace("86400", "604801") },
    ],
    [
      "no second at all",
      "AuthorizationQueryParametersError",
      { ...presigned, target: PRESIGNED.replace("86400", "0") },
    ],
    [
      "a longer life than was signed",
      "SignatureDoesNotMatch",
      { ...presigned, target: PRESIGNED.replace("86400", "604800") },
    ],
    [
      "a parameter given twice",
      "AuthorizationQueryParametersError",
      { ...presigned, target: `${PRESIGNED}&X-Amz-Expires=1` },
    ],
    ["a further parameter", "SignatureDoesNotMatch", { ...presigned, target: `${PRESIGNED}&versionId=x` }],
    ["a bare percent sign", "InvalidRequest", { ...getObject, target: "/a%zz" }],
    [
      "a payload word of no sense",
      "InvalidArgument",
      request("PUT", "/a", { host: HOST, "x-amz-content-sha256": "abc" }),
    ],
    [
      "chunks signed by nobody",
      "InvalidRequest",
      request("PUT", "/a", { host: HOST, "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" }),
    ],
  ])("%s: %s", async (_, expected, fault) => {
    expect(await code(fault)).toBe(expected);
  });

  it("clocks more than 15 minutes apart", async () => {
    const minute = 60_000;
    expect(await code(getObject, verifierAt(EXAMPLE_MS + 15 * minute))).toBe("passed");
    expect(await code(getObject, verifierAt(EXAMPLE_MS - 15 * minute))).toBe("passed");
    expect(await code(getObject, verifierAt(EXAMPLE_MS + 15 * minute + 1))).toBe("RequestTimeTooSkewed");
    expect(await code(getObject, verifierAt(EXAMPLE_MS - 15 * minute - 1))).toBe("RequestTimeTooSkewed");
  });

  it("a presigned address before its time and after it", async () => {
    expect(await code(presigned, verifierAt(EXAMPLE_MS + 86_400_000))).toBe("passed");
    expect(await code(presigned, verifierAt(EXAMPLE_MS + 86_400_001))).toBe("AccessDenied");
    expect(await code(presigned, verifierAt(EXAMPLE_MS - 900_001))).toBe("AccessDenied");
  });

  it("names the region that it expects", async () => {
    const fault = authorised(authorization("host", signature, "20130524/mars/s3/aws4_request"));
    await expect(verifier.verify(fault)).rejects.toMatchObject({ elements: { Region: "us-east-1" } });
    expect(await code(getObject, verifierAt(EXAMPLE_MS, undefined))).toBe("passed");
  });

  it("never tells a secret", async () => {
    const error = await verifier.verify({ ...getObject, method: "PUT" }).catch((thrown: unknown) => thrown);
    expect(JSON.stringify(error) + String(error)).not.toContain(SECRET_KEY);
    expect(error).toMatchObject({ elements: { AWSAccessKeyId: ACCESS_KEY } });
  });

  it("an old key once the secret has changed, although its signing key was kept", async () => {
    let secretKey = SECRET_KEY;
    const owned = new Verifier({
      clock: clockAt(EXAMPLE_MS),
      region: undefined,
      findKey: async (name) => {
        const found = await findKey(name);
        return found === undefined ? undefined : { ...found, secretKey };
      },
    });
    expect(await code(getObject, owned)).toBe("passed");
    secretKey = "another-secret-of-forty-characters-00000";
    expect(await code(getObject, owned)).toBe("SignatureDoesNotMatch");
  });

  it("whatever stands in the header, with an answer and never a crash", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", maxLength: 200 }), fc.boolean(), async (text, isQuery) => {
        const fault = isQuery
          ? { ...presigned, target: `/a?X-Amz-Algorithm=${text}&X-Amz-Signature=${text}` }
          : authorised(`AWS4-HMAC-SHA256 ${text}`);
        await expect(verifier.verify(fault)).rejects.toMatchObject({ name: "S3Error" });
      }),
      { numRuns: 300, seed: 7 },
    );
  });
});

it("a request that claims nothing is anonymous", async () => {
  const { identity, kind, payload } = await verifier.verify(request("GET", "/a?list-type=2", { host: HOST }));
  expect([identity, kind, payload]).toEqual([{ kind: "anonymous" }, "anonymous", { kind: "plain" }]);
});
