/** Buckets as websites, over HTTP: index, redirects, error documents, and that strangers get only what they may read. */
import { type AddressInfo, createServer } from "node:net";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../src/base/log.ts";
import { seededRandom } from "../../../src/base/random.ts";
import type { RunningGateway } from "../../../src/gateway/gateway.ts";
import { s3Gateway } from "../../../src/gateway/s3/gateway.ts";
import { deleteBucketWebsite } from "../../../src/gateway/s3/operations/delete-bucket-website.ts";
import { getBucketWebsite } from "../../../src/gateway/s3/operations/get-bucket-website.ts";
import { putBucketPolicy } from "../../../src/gateway/s3/operations/put-bucket-policy.ts";
import { putBucketWebsite } from "../../../src/gateway/s3/operations/put-bucket-website.ts";
import { putObject } from "../../../src/gateway/s3/operations/put-object.ts";
import { parseBucketName } from "../../../src/model/names.ts";
import type { S3Status } from "../../../src/model/s3-status.ts";
import { type RawAnswer, rawRequest } from "../../support/raw-http.ts";
import { BUCKET_NAME, type S3Site, s3Site, TENANT } from "../../support/s3-action.ts";
import { s3Service, s3TestSegment } from "../../support/s3-gateway.ts";
import { until } from "../../support/until.ts";
import { WaitingClock } from "../../support/waiting-clock.ts";

const WEBSITE = { website: "" };
const INDEX = "<IndexDocument><Suffix>index.html</Suffix></IndexDocument>";
const ERROR = "<ErrorDocument><Key>oops.html</Key></ErrorDocument>";

let site: S3Site;
let running: RunningGateway<S3Status>;
let port: number;

const whole = (content: string) => `<WebsiteConfiguration>${content}</WebsiteConfiguration>`;
const configure = (content: string, bucket?: string) =>
  site.ask(putBucketWebsite, { bucket, query: WEBSITE, body: whole(content) });

/** Everybody may read (and list) the bucket. */
async function open(bucket = BUCKET_NAME, actions = ["s3:GetObject"]): Promise<void> {
  const statement = {
    Effect: "Allow",
    Principal: "*",
    Action: actions,
    Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`].slice(actions.length === 1 ? 1 : 0),
  };
  const body = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  const answer = await site.ask(putBucketPolicy, { bucket, query: { policy: "" }, body });
  expect([answer.status, answer.text]).toEqual([204, ""]);
}

const put = (key: string, body = `<p>${key}</p>`, headers: Record<string, string> = {}) =>
  site.ask(putObject, { key, body, headers: { "content-type": "text/html", ...headers } });

const ask = (target: string, headers: Record<string, string> = {}, method = "GET"): Promise<RawAnswer> =>
  rawRequest({ host: "127.0.0.1", port }, { method, target, headers });

beforeEach(async () => {
  const clock = new WaitingClock();
  const segment = await s3TestSegment(clock);
  site = await s3Site({ segment });
  const service = s3Service({ "X-Website-Port": "0", "X-Website-Domain": "web.example.com" });
  await segment.services.create(service);
  running = await s3Gateway.start({ segment, clock, random: seededRandom(2), log: silentLog }, service);
  await until(() => running.status().state === "listening");
  port = Number(new URL(running.status().endpoints[1] ?? "").port);
});

afterEach(async () => {
  await running.stop();
  await site.segment.close();
});

describe("the website configuration", () => {
  it.each([
    INDEX,
    INDEX + ERROR,
    "<RedirectAllRequestsTo><HostName>example.com</HostName></RedirectAllRequestsTo>",
    "<RedirectAllRequestsTo><HostName>example.com:8443</HostName><Protocol>https</Protocol></RedirectAllRequestsTo>",
  ])("reads back as it was put: %s", async (content) => {
    expect((await configure(content)).status).toBe(200);
    const { text } = await site.ask(getBucketWebsite, { query: WEBSITE });
    expect(text.replaceAll(/<\?xml.*\?>\n| xmlns="[^"]*"/g, "")).toBe(whole(content));
    expect((await site.ask(deleteBucketWebsite, { query: WEBSITE })).status).toBe(204);
    expect((await site.ask(getBucketWebsite, { query: WEBSITE })).code).toBe("NoSuchWebsiteConfiguration");
  });

  it.each([
    ["", "InvalidArgument"],
    [ERROR, "InvalidArgument"],
    ["<IndexDocument><Suffix>a/b</Suffix></IndexDocument>", "InvalidArgument"],
    ["<IndexDocument><Suffix/></IndexDocument>", "InvalidArgument"],
    [`${INDEX}<ErrorDocument><Key/></ErrorDocument>`, "InvalidArgument"],
    ["<RedirectAllRequestsTo><HostName>a/b</HostName></RedirectAllRequestsTo>", "InvalidArgument"],
    [`<RedirectAllRequestsTo><HostName>a</HostName></RedirectAllRequestsTo>${INDEX}`, "InvalidRequest"],
    [`${INDEX}<RoutingRules><RoutingRule/></RoutingRules>`, "NotImplemented"],
    ["<Nonsense/>", "MalformedXML"],
  ])("is refused when it is %s", async (content, code) => {
    expect((await configure(content)).code).toBe(code);
  });
});

describe("a website", () => {
  it("answers with index documents, in folders as well, and leads to them", async () => {
    await configure(INDEX);
    await open();
    for (const key of ["index.html", "docs/index.html", "docs/a.html"]) await put(key);
    expect(await ask("/bk1/")).toMatchObject({ status: 200, body: "<p>index.html</p>" });
    expect(await ask("/bk1/docs/?versionId=null&acl")).toMatchObject({
      status: 200,
      body: "<p>docs/index.html</p>",
    });
    expect((await ask("/bk1/docs/a.html")).headers["content-type"]).toBe("text/html");
    expect(await ask("/bk1")).toMatchObject({ status: 302, headers: { location: "/bk1/" } });
    expect(await ask("/bk1/docs?q=1")).toMatchObject({
      status: 302,
      headers: { location: "/bk1/docs/?q=1" },
    });
    const head = await ask("/bk1/", {}, "HEAD");
    expect([head.status, head.body, head.headers["content-length"]]).toEqual([200, "", "17"]);
  });

  it("is found by a host below the domain, and by a host that is the bucket's name", async () => {
    await site.segment.namespace.ensureBucket({ ...TENANT, bucket: parseBucketName("www.example.org") }, {});
    await configure(INDEX, "www.example.org");
    await open("www.example.org");
    await site.ask(putObject, { bucket: "www.example.org", key: "bk1/index.html", body: "own" });
    await configure(INDEX);
    await open();
    await put("index.html", "below");
    expect(await ask("/", { host: "bk1.web.example.com:80" })).toMatchObject({ status: 200, body: "below" });
    expect(await ask("/bk1/", { host: "WWW.example.org" })).toMatchObject({ status: 200, body: "own" });
    expect((await ask("/bk1", { host: "www.example.org" })).headers.location).toBe("/bk1/");
    expect(await ask("/bk1/", { host: "127.0.0.1:80" })).toMatchObject({ status: 200, body: "below" });
  });

  it("shows the error document with the error's status, whatever was asked for of the other", async () => {
    await configure(INDEX + ERROR);
    await open(BUCKET_NAME, ["s3:GetObject", "s3:ListBucket"]);
    await put("oops.html", "sorry");
    const asked = { range: "bytes=0-1", "if-none-match": "*" };
    const answer = await ask("/bk1/nothing", asked);
    expect(answer).toMatchObject({ status: 404, body: "sorry", headers: { "content-type": "text/html" } });
    expect(answer.headers.etag).toBeUndefined();
    expect((await ask("/bk1/nothing", {}, "HEAD")).status).toBe(404);
  });

  it("says what is wrong in a page of its own, where nothing of the request is markup", async () => {
    await configure(INDEX);
    await open(BUCKET_NAME, ["s3:GetObject", "s3:ListBucket"]);
    const { status, headers, body } = await ask("/bk1/%3Cscript%3Ealert(1)%3C/script%3E");
    expect(status).toBe(404);
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(body).toContain("&lt;script&gt;");
    expect(body).not.toContain("<script>");
  });

  it("shows strangers only what they may read, and not what there is", async () => {
    await configure(INDEX + ERROR);
    await put("index.html");
    await put("docs/index.html");
    for (const target of ["/bk1/", "/bk1/docs", "/bk1/nothing"]) expect((await ask(target)).status).toBe(403);
    await open();
    expect((await ask("/bk1/")).status).toBe(200);
    expect((await ask("/bk1/nothing")).status).toBe(403);
    expect((await ask("/nosuch/")).status).toBe(404);
    await site.segment.namespace.ensureBucket({ ...TENANT, bucket: parseBucketName("bk2") }, {});
    const plain = async (target: string) => (await ask(target)).body.replace(/RequestId: \w+/, "");
    expect(await plain("/bk2/")).toBe(await plain("/bk3/"));
  });

  it("can neither be written nor asked for anything else", async () => {
    await configure(INDEX);
    await open();
    for (const method of ["PUT", "POST", "DELETE", "OPTIONS"]) {
      const answer = await ask("/bk1/a", {}, method);
      expect([answer.status, answer.headers.allow]).toEqual([405, "GET, HEAD"]);
    }
    expect((await ask("/")).status).toBe(404);
    expect((await ask("/bk1/%FF")).status).toBe(400);
    expect((await ask(`/bk1/${"a".repeat(1500)}`)).status).toBe(400);
  });

  it("keeps to ranges and conditions", async () => {
    await configure(INDEX);
    await open();
    await put("a.txt", "0123456789");
    expect(await ask("/bk1/a.txt", { range: "bytes=2-4" })).toMatchObject({ status: 206, body: "234" });
    const { headers } = await ask("/bk1/a.txt");
    expect(await ask("/bk1/a.txt", { "if-none-match": headers.etag ?? "" })).toMatchObject({
      status: 304,
      body: "",
    });
    expect((await ask("/bk1/a.txt", { range: "bytes=90-" })).status).toBe(416);
  });

  it("redirects where an object says, and all of it where the bucket says", async () => {
    await configure(INDEX);
    await open();
    await put("old", "", { "x-amz-website-redirect-location": "/new?a=1" });
    await put("away", "", { "x-amz-website-redirect-location": "https://example.com/x" });
    expect(await ask("/bk1/old")).toMatchObject({ status: 301, headers: { location: "/bk1/new?a=1" } });
    expect((await ask("/old", { host: "bk1.web.example.com" })).headers.location).toBe("/new?a=1");
    expect((await ask("/bk1/away")).headers.location).toBe("https://example.com/x");
    await configure(
      "<RedirectAllRequestsTo><HostName>example.com</HostName><Protocol>https</Protocol></RedirectAllRequestsTo>",
    );
    const answer = await ask("/bk1/a%20b?c=d");
    expect([answer.status, answer.headers.location]).toEqual([301, "https://example.com/a%20b?c=d"]);
  });

  it("leads to no other host by a key that begins with a slash", async () => {
    await configure(INDEX);
    await open();
    await put("/evil.example/index.html");
    const { status, headers } = await ask("//evil.example", { host: "bk1.web.example.com" });
    expect([status, headers.location]).toEqual([302, "/%2Fevil.example/"]);
  });

  it("answers whatever target and host in words of its own, and never fails", {
    timeout: 30_000,
  }, async () => {
    await configure(INDEX + ERROR);
    await open(BUCKET_NAME, ["s3:GetObject", "s3:ListBucket"]);
    for (const key of ["index.html", "a/index.html", "oops.html"]) await put(key);
    const piece = fc.constantFrom(
      "/",
      "bk1",
      "a",
      "..",
      "%2e",
      "%00",
      "%",
      "%zz",
      "%ff",
      "?",
      "#",
      "\\",
      "é",
      "index.html",
      "//",
      "+",
      "<i>",
    );
    const target = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join("")}`);
    const host = fc.constantFrom(
      "efsd",
      "bk1",
      "bk1.web.example.com",
      ".web.example.com",
      "[::1]:80",
      "a/b",
      "%",
      "BK1:x",
      "..",
      "xn--a",
    );
    await fc.assert(
      fc.asyncProperty(target, host, fc.constantFrom("GET", "HEAD"), async (path, name, method) => {
        const { status, headers } = await ask(Buffer.from(path).toString("latin1"), { host: name }, method);
        expect([200, 301, 302, 400, 404]).toContain(status);
        if (headers.location !== undefined) expect(headers.location).toMatch(/^\/(?!\/)/);
      }),
      { seed: 4, numRuns: 400 },
    );
  });

  it("is counted, by bucket only where there is a website", async () => {
    await configure(INDEX);
    await open();
    await put("index.html");
    await ask("/bk1/");
    await ask("/nosuch/");
    const counted = running
      .status()
      .operations.map(({ operation, bucket, requests }) => [operation, bucket, requests]);
    expect(counted).toEqual([
      ["Website", "-", 1],
      ["Website", "bk1", 1],
    ]);
  });

  it("says which port is taken, and goes on serving the rest", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const taken = String((other.address() as AddressInfo).port);
    await running.reconfigure(s3Service({ "X-Website-Port": taken }));
    await until(() => running.status().state === "error");
    expect(running.status().lastError?.fix).toBe("efscli service config s3-cola X-Website-Port PORT");
    expect(running.status().endpoints).toHaveLength(1);
    await new Promise((resolve) => other.close(resolve));
  });

  it("is there only with its port", async () => {
    await running.reconfigure(s3Service());
    await until(() => running.status().state === "listening");
    expect(running.status().endpoints).toHaveLength(1);
    expect(() => s3Gateway.validate(s3Service({ "X-HTTP-Port": "81", "X-Website-Port": "81" }))).toThrow(
      /X-Website-Port/,
    );
  });
});
