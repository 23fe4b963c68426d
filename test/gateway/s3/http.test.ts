import { createHash } from "node:crypto";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Action } from "../../../src/gateway/s3/action.ts";
import { exchange, parseAnswers, rawRequest } from "../../support/raw-http.ts";
import { element } from "../../support/s3-action.ts";
import { type GatewayOptions, startGateway, type TestGateway } from "../../support/s3-gateway.ts";
import { until } from "../../support/until.ts";

const OPEN = { "X-Auth-Type": "disabled" };
const MIB = 1024 * 1024;

let gateway: TestGateway;
afterEach(() => gateway?.stop());

async function started(options: GatewayOptions = { settings: OPEN }): Promise<TestGateway> {
  gateway = await startGateway(options);
  return gateway;
}

async function withBucket(options: GatewayOptions = { settings: OPEN }): Promise<TestGateway> {
  await started(options);
  await ask("PUT", "/bk1");
  return gateway;
}

const ask = (
  method: string,
  target: string,
  more: { headers?: Record<string, string>; body?: string } = {},
) =>
  rawRequest(gateway.place, {
    method,
    target,
    body: more.body,
    headers: {
      ...(more.body === undefined ? {} : { "content-length": String(more.body.length) }),
      ...more.headers,
    },
  });

const bytesStored = async (key: string) => (await ask("GET", `/bk1/${key}`)).status;

describe("what is no request, or two at once", () => {
  it("with both length headers is refused and the connection closed", async () => {
    await withBucket();
    const smuggled = "GET /bk1/hidden HTTP/1.1\r\nhost: a\r\n\r\n";
    const text = await exchange(gateway.place, [
      `PUT /bk1/a HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    ]);
    const answers = parseAnswers(text);
    expect(answers.map(({ status }) => status)).toEqual([400]);
    expect(element(answers[0]?.body ?? "", "Code")).toBe("BadRequest");
    expect(await bytesStored("a")).toBe(404);
  });

  it.each([
    ["two lengths", "PUT /bk1/a HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"],
    ["a length that is none", "PUT /bk1/a HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n"],
    ["a folded header", "GET /bk1 HTTP/1.1\r\nhost: a\r\nx-amz-meta-a: b\r\n c\r\nbad header: 1\r\n\r\n"],
    ["a space before the colon", "GET /bk1 HTTP/1.1\r\nhost: a\r\ntransfer-encoding : chunked\r\n\r\n"],
    ["an unknown coding", "PUT /bk1/a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, gzip\r\n\r\n"],
    ["garbage", "\u0016\u0003\u0001 hello\r\n\r\n"],
  ])("with %s is refused and the connection closed", async (_what, bytes) => {
    await started();
    const [answer, ...others] = parseAnswers(await exchange(gateway.place, [bytes]));
    expect(answer?.status).toBe(400);
    expect(others).toEqual([]);
  });

  it.each([
    ["no host", "GET /bk1 HTTP/1.1\r\n\r\n"],
    ["two hosts", "GET /bk1 HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n"],
  ])("with %s is refused in S3's words", async (_what, bytes) => {
    await started();
    const [answer] = parseAnswers(await exchange(gateway.place, [bytes], { isEnding: true }));
    expect([answer?.status, element(answer?.body ?? "", "Code")]).toEqual([400, "BadRequest"]);
  });

  it("that expects what nobody knows is answered as if it did not", async () => {
    await withBucket();
    const answer = await ask("GET", "/bk1", { headers: { expect: "wonders" } });
    expect(answer.status).toBe(200);
  });

  it("with 100 KB of headers is refused in S3's words", async () => {
    await started();
    const [answer] = parseAnswers(
      await exchange(gateway.place, [
        `GET / HTTP/1.1\r\nhost: a\r\nx-amz-meta-a: ${"x".repeat(100 * 1024)}\r\n\r\n`,
      ]),
    );
    expect(answer?.status).toBe(400);
    expect(element(answer?.body ?? "", "Code")).toBe("RequestHeaderSectionTooLarge");
  });

  it("takes headers of 60 KB", async () => {
    await started();
    expect((await ask("GET", "/", { headers: { "x-other": "x".repeat(60 * 1024) } })).status).toBe(200);
  });

  it("that sends its headers too slowly is cut off", async () => {
    await started({ settings: OPEN, headersTimeoutMs: 200 });
    const [answer] = parseAnswers(await exchange(gateway.place, ["GET / HTTP/1.1\r\nhost: a\r\n"]));
    expect(element(answer?.body ?? "", "Code")).toBe("RequestTimeout");
  });
});

describe("bodies", () => {
  it("that end before their length are IncompleteBody and leave nothing", async () => {
    await withBucket();
    for (const size of [10, 2 * MIB]) {
      const head = `PUT /bk1/a HTTP/1.1\r\nhost: a\r\ncontent-length: ${size}\r\n\r\nabc`;
      const [answer] = parseAnswers(await exchange(gateway.place, [head], { isEnding: true }));
      expect(element(answer?.body ?? "", "Code")).toBe("IncompleteBody");
      expect(await bytesStored("a")).toBe(404);
    }
  });

  it("that break off with the connection leave nothing, and the one before untouched", async () => {
    await withBucket();
    await ask("PUT", "/bk1/a", { body: "before" });
    const head = `PUT /bk1/a HTTP/1.1\r\nhost: a\r\ncontent-length: ${4 * MIB}\r\n\r\n`;
    await exchange(gateway.place, [head, Buffer.alloc(2 * MIB)], { isCutting: true });
    await until(() => gateway.meter.inFlight === 0);
    expect((await ask("GET", "/bk1/a")).body).toBe("before");
  });

  it("that come too slowly are RequestTimeout", async () => {
    await withBucket();
    const head = "PUT /bk1/a HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\nabc";
    const answered = exchange(gateway.place, [head]);
    await until(() => gateway.meter.inFlight === 1);
    const isOver = answered.then(() => true);
    while (!(await Promise.race([isOver, gateway.clock.advance(5000).then(() => false)])));
    const [answer] = parseAnswers(await answered);
    expect(element(answer?.body ?? "", "Code")).toBe("RequestTimeout");
  });

  it("are asked for by 100 Continue only of clients who may send them", async () => {
    await withBucket();
    const text = await exchange(gateway.place, [
      "PUT /bk1/a HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: 3\r\n\r\n",
      "abc",
    ]);
    expect(text.startsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")).toBe(true);
    await gateway.stop();
    await started({});
    const refused = await exchange(
      gateway.place,
      ["PUT /bk1/a HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n"],
      { isEnding: true },
    );
    expect(refused.startsWith("HTTP/1.1 403")).toBe(true);
    expect(refused).not.toContain("100 Continue");
  });

  it("that nobody reads are drained a little, so that the refusal is seen, and the connection closes", async () => {
    await started({});
    const head = `PUT /bk1/a HTTP/1.1\r\nhost: a\r\ncontent-length: ${3 * MIB}\r\n\r\n`;
    const [answer] = parseAnswers(await exchange(gateway.place, [head, Buffer.alloc(3 * MIB)]));
    expect(answer?.status).toBe(403);
    expect(answer?.headers.connection).toBe("close");
  });

  it("that turn out to be wrong in the middle are answered too", async () => {
    await withBucket();
    const head = `PUT /bk1/a HTTP/1.1\r\nhost: a\r\ncontent-length: ${5 * MIB}\r\nx-amz-decoded-content-length: 5000000\r\nx-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n\r\n`;
    const [answer] = parseAnswers(await exchange(gateway.place, [head, Buffer.alloc(5 * MIB, "z")]));
    expect(answer?.status).toBe(400);
    expect(await bytesStored("a")).toBe(404);
  });

  it("without a length are MissingContentLength", async () => {
    await withBucket();
    const [answer] = parseAnswers(
      await exchange(gateway.place, [
        "PUT /bk1/a HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      ]),
    );
    expect(answer?.status).toBe(411);
    expect(element(answer?.body ?? "", "Code")).toBe("MissingContentLength");
  });

  it("of 3 MiB come back as they went in, with their MD5", async () => {
    await withBucket();
    const body = Buffer.alloc(3 * MIB, "0123456789abcdef\n");
    const [put] = parseAnswers(
      await exchange(gateway.place, [
        `PUT /bk1/big HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`,
        body,
      ]),
    );
    expect(put?.headers.etag).toBe(`"${createHash("md5").update(body).digest("hex")}"`);
    const got = await ask("GET", "/bk1/big");
    expect(Buffer.from(got.body, "latin1").equals(body)).toBe(true);
  });
});

describe("answers", () => {
  it("carry request ids, date and server, and errors are XML with both ids", async () => {
    await started();
    const { headers, body, status } = await ask("GET", "/none/key");
    expect(status).toBe(404);
    expect(headers["content-type"]).toBe("application/xml");
    expect(headers["x-amz-request-id"]).toBe(element(body, "RequestId"));
    expect(headers["x-amz-id-2"]).toBe(element(body, "HostId"));
    expect(headers.date).toMatch(/ GMT$/);
    expect(headers.server).toBe("efsd");
    expect(element(body, "Code")).toBe("NoSuchBucket");
    expect(element(body, "Resource")).toBe("/none/key");
  });

  it("to HEAD are those to GET without the body", async () => {
    await withBucket();
    await ask("PUT", "/bk1/a", { body: "hello" });
    for (const target of [
      "/bk1/a",
      "/bk1?location",
      "/bk1?list-type=2",
      "/bk1/a?tagging",
      "/",
      "/bk1/none",
    ]) {
      const got = await ask("GET", target);
      const text = await exchange(gateway.place, [
        `HEAD ${target} HTTP/1.1\r\nhost: efsd\r\nconnection: close\r\n\r\n`,
      ]);
      const [head = "", body] = text.split("\r\n\r\n");
      expect(body).toBe("");
      expect(head).toContain(` ${got.status} `);
      if (target !== "/bk1/none") expect(head.toLowerCase()).toContain(`content-length: ${got.body.length}`);
    }
  });

  it("follow each other on one connection", async () => {
    await withBucket();
    const one = "PUT /bk1/a HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello";
    const two =
      "GET /bk1/a HTTP/1.1\r\nhost: a\r\n\r\nDELETE /bk1/a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    const answers = parseAnswers(await exchange(gateway.place, [one + two]));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 204]);
    expect(answers[1]?.body).toBe("hello");
  });

  it("that break off behind their headers reset the connection", async () => {
    const broken: Action = {
      name: "GetObject",
      target: "object",
      match: { method: "GET" },
      permission: "s3:GetObject",
      run: async () => ({
        status: 200,
        sizeBytes: 100,
        body: (async function* () {
          yield new Uint8Array(10);
          throw new Error("chunk 7 is corrupt");
        })(),
      }),
    };
    await started({ settings: OPEN, actions: [broken] });
    const failure = await new Promise<string>((resolve) => {
      const socket = connect(gateway.place, () => socket.write("GET /bk1/a HTTP/1.1\r\nhost: a\r\n\r\n"));
      socket.resume();
      socket.on("error", (error) => resolve((error as NodeJS.ErrnoException).code ?? ""));
      socket.on("end", () => resolve("end"));
    });
    expect(failure).toBe("ECONNRESET");
    await until(() => gateway.meter.operations()[0]?.serverErrors === 1);
  });

  it("to bugs are InternalError without a word of the inside", async () => {
    const broken: Action = {
      name: "GetObject",
      target: "object",
      match: { method: "GET" },
      permission: "s3:GetObject",
      run: async () => {
        throw new TypeError("secret inside");
      },
    };
    await started({ settings: OPEN, actions: [broken] });
    const { status, body } = await ask("GET", "/bk1/a");
    expect(status).toBe(500);
    expect(body).not.toContain("secret");
  });

  it("beyond what runs at once are SlowDown with Retry-After", async () => {
    await started({ settings: OPEN, requestsMax: 0 });
    const { status, headers, body } = await ask("GET", "/");
    expect([status, headers["retry-after"], element(body, "Code")]).toEqual([503, "1", "SlowDown"]);
  });
});

describe("addresses", () => {
  it.each([
    ["/bk1//a", "/a"],
    ["/bk1/a//b", "a//b"],
    ["/bk1/../b", "../b"],
    ["/bk1/./b", "./b"],
    ["/bk1/a%2Fb", "a/b"],
    ["/bk1/a+b", "a+b"],
    ["/bk1/a%20b", "a b"],
    ["/bk1/%E3%81%82", "あ"],
    ["/bk1/%01%0D", "\u0001\r"],
    ["/bk1/a%2500", "a%00"],
    ["http://other/bk1/abs", "abs"],
  ])("%s is the key %j", async (target, key) => {
    await withBucket();
    expect((await ask("PUT", target, { body: "x" })).status).toBe(200);
    const { body } = await ask("GET", "/bk1?encoding-type=url");
    const listed = element(body, "Key") ?? "";
    expect(decodeURIComponent(listed.replaceAll("+", " "))).toBe(key);
    expect((await ask("GET", target)).body).toBe("x");
  });

  it.each([
    ["/bk1/%ff", 400, "InvalidURI"],
    ["/bk1/%", 400, "InvalidURI"],
    ["/bk1/a%00", 400, "InvalidArgument"],
    [`/bk1/${"a".repeat(1025)}`, 400, "KeyTooLongError"],
    ["//a", 400, "InvalidBucketName"],
    ["/a%20b", 400, "InvalidBucketName"],
    ["/bk1/a?torrent", 501, "NotImplemented"],
    ["/bk1?analytics", 501, "NotImplemented"],
    ["/bk1/a?uploads", 405, "MethodNotAllowed"],
  ])("%s is %i %s", async (target, status, code) => {
    await withBucket();
    const answer = await ask("GET", target);
    expect([answer.status, element(answer.body, "Code")]).toEqual([status, code]);
  });

  it("name the bucket by the host below X-Domain, with dots, a port, in any case", async () => {
    await withBucket({ settings: { ...OPEN, "X-Domain": "s3.example.com,other.example" } });
    await ask("PUT", "/my.bucket");
    await ask("PUT", "/k", { body: "x", headers: { host: "bk1.S3.example.com:9983" } });
    await ask("PUT", "/bk1/k", { body: "y", headers: { host: "my.bucket.other.example" } });
    expect((await ask("GET", "/bk1/k", { headers: { host: "s3.example.com" } })).body).toBe("x");
    expect((await ask("GET", "/my.bucket/bk1/k")).body).toBe("y");
    expect((await ask("GET", "//k", { headers: { host: "bk1.s3.example.com" } })).status).toBe(404);
  });
});

describe("browsers of other origins", () => {
  const rule =
    "<CORSConfiguration><CORSRule><AllowedOrigin>https://a.example</AllowedOrigin><AllowedMethod>PUT</AllowedMethod><AllowedMethod>GET</AllowedMethod><AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule></CORSConfiguration>";

  it("get what the bucket's rules say, in the preflight, in answers and in errors", async () => {
    await withBucket();
    const md5 = createHash("md5").update(rule).digest("base64");
    expect((await ask("PUT", "/bk1?cors", { body: rule, headers: { "content-md5": md5 } })).status).toBe(200);
    const preflight = await ask("OPTIONS", "/bk1/a", {
      headers: {
        origin: "https://a.example",
        "access-control-request-method": "PUT",
        "access-control-request-headers": "x-a",
      },
    });
    expect(preflight.status).toBe(200);
    expect(preflight.headers).toMatchObject({
      "access-control-allow-origin": "https://a.example",
      "access-control-allow-headers": "x-a",
      "access-control-max-age": "60",
    });
    const missing = await ask("GET", "/bk1/none", { headers: { origin: "https://a.example" } });
    expect(missing.status).toBe(404);
    expect(missing.headers["access-control-expose-headers"]).toBe("ETag");
    const other = await ask("GET", "/bk1", { headers: { origin: "https://b.example" } });
    expect(other.headers["access-control-allow-origin"]).toBeUndefined();
    for (const headers of [{ origin: "https://b.example", "access-control-request-method": "PUT" }, {}]) {
      const refused = await ask("OPTIONS", "/bk1/a", { headers: headers as Record<string, string> });
      expect([400, 403]).toContain(refused.status);
    }
  });
});

describe("/health", () => {
  it("asks nobody who they are, and says 503 when the segment takes no writes", async () => {
    await started({});
    expect(await ask("GET", "/health")).toMatchObject({ status: 200, body: "ok\n" });
    const usage = await gateway.segment.usage();
    Object.assign(gateway.segment, { usage: async () => ({ ...usage, isWritable: false }) });
    await gateway.clock.advance(2000);
    expect((await ask("GET", "/health")).status).toBe(503);
    expect((await ask("HEAD", "/health")).status).toBe(503);
  });
});
