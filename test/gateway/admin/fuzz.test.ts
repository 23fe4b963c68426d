/**
 * Mutated requests, seeded: 20,000 of them by hand over the socket, half of them damaged in their bytes, half well-formed HTTP with damaged fields. None may
 * harm what is stored, be answered by a bug, or keep the next request from its answer.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Log, silentLog } from "../../../src/base/log.ts";
import { type Random, seededRandom } from "../../../src/base/random.ts";
import { bytesOf, startAdmin, type TestAdmin, withBucket } from "../../support/admin.ts";
import { exchange, parseAnswers } from "../../support/raw-http.ts";

const SEED = 20261122;
const REQUESTS = 20_000;
const AT_ONCE = 32;
/** Well-formed requests on one connection, one behind the other without waiting. */
const PIPELINED = 10;

const BUCKETS = "/clusters/F/tenants/T/buckets";
const OBJECT = `${BUCKETS}/b/object`;

interface Request {
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const CORPUS: readonly Request[] = [
  { method: "GET", target: "/system/status" },
  { method: "GET", target: "/clusters?prefix=F&limit=10&after=A" },
  { method: "POST", target: "/clusters", body: { name: "C2", custom: { "X-A": "b" } } },
  { method: "GET", target: "/clusters/F" },
  { method: "DELETE", target: "/clusters/C2" },
  { method: "POST", target: "/clusters/F/tenants", body: { name: "T2" } },
  { method: "POST", target: BUCKETS, body: { name: "b2", chunkBytes: 65536, versionsKept: 3 } },
  { method: "DELETE", target: `${BUCKETS}/b2` },
  {
    method: "PUT",
    target: `${OBJECT}?name=a%2Fb`,
    headers: { "x-efs-metadata": '{"k":"v"}' },
    body: "hello",
  },
  {
    method: "PUT",
    target: `${OBJECT}?name=c`,
    headers: { "transfer-encoding": "chunked" },
    body: "5\r\nhello\r\n0\r\n\r\n",
  },
  { method: "GET", target: `${OBJECT}?name=a%2Fb`, headers: { range: "bytes=1-3" } },
  { method: "HEAD", target: `${OBJECT}?name=a%2Fb` },
  { method: "DELETE", target: `${OBJECT}?name=c` },
  { method: "GET", target: `${OBJECT}/info?name=a%2Fb&versionId=${"0".repeat(48)}` },
  { method: "GET", target: `${BUCKETS}/b/objects?prefix=a&delimiter=%2F&limit=5` },
  { method: "GET", target: `${BUCKETS}/b/objects/versions?after=a` },
  { method: "POST", target: `${BUCKETS}/b/objects/show`, body: { names: ["a/b", "c"] } },
  {
    method: "POST",
    target: "/object/copy",
    body: { from: "F/T/b/a/b", to: "F/T/b/d", metadata: { k: "v" } },
  },
  { method: "POST", target: "/service", body: { type: "isgw", name: "s" } },
  {
    method: "POST",
    target: "/service/add",
    body: {
      type: "isgw",
      name: "s2",
      direction: "send",
      remote: "ccow://127.0.0.1:1",
      serve: ["F/T/b"],
      intervalMs: 1000,
    },
  },
  {
    method: "PUT",
    target: "/service/s/config",
    body: { settings: { "X-ISGW-Direction": "1", "X-N": null } },
  },
  { method: "PUT", target: "/service/s/serve", body: { serve: "F/T/b" } },
  { method: "DELETE", target: "/service/s/serve", body: { serve: "F/T/b" } },
  { method: "POST", target: "/service/s/enable" },
  { method: "POST", target: "/service/s/disable" },
  { method: "GET", target: "/service/s/status" },
  { method: "DELETE", target: "/service/s" },
  { method: "POST", target: "/system/tokens", body: { name: "t" } },
  { method: "DELETE", target: "/system/tokens/t" },
];

const STRANGE: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  2 ** 53,
  1e308,
  "",
  "..",
  "\0",
  "\ud800",
  "x".repeat(3000),
  "__proto__",
  [],
  {},
  [[]],
  { toJSON: 1 },
];
const STRANGE_TEXTS: readonly string[] = [
  "",
  "..",
  "%00",
  "%",
  "%FF",
  "%2e%2e%2f",
  "\u202e",
  "x".repeat(5000),
  "-1",
  "1e9",
  "99999999999999999999",
  "NaN",
  "__proto__",
  "constructor",
  "a&a=b",
  "?",
  "#",
  "//",
  "*",
  "http://x/",
];

function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random.fraction() * items.length)] as T;
}

function render(request: Request, connection = "close"): Buffer {
  const body = typeof request.body === "string" ? request.body : JSON.stringify(request.body);
  const headers: Record<string, string> = { host: "efsd", connection, ...request.headers };
  if (body !== undefined && headers["transfer-encoding"] === undefined) {
    headers["content-length"] ??= String(Buffer.byteLength(body));
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${request.method} ${request.target} HTTP/1.1\r\n${lines.join("")}\r\n${body ?? ""}`);
}

function damageBytes(random: Random, bytes: Buffer): Buffer {
  let damaged = bytes;
  for (let count = 1 + Math.floor(random.fraction() * 4); count > 0; count -= 1) {
    const at = Math.floor(random.fraction() * (damaged.length + 1));
    const length = Math.floor(random.fraction() ** 3 * 200);
    const [before, after] = [damaged.subarray(0, at), damaged.subarray(at)];
    switch (Math.floor(random.fraction() * 5)) {
      case 0:
        damaged = Buffer.concat([before, random.bytes(1 + (length % 8)), after.subarray(1)]);
        break;
      case 1:
        damaged = Buffer.concat([before, after.subarray(length)]);
        break;
      case 2:
        damaged = Buffer.concat([before, random.bytes(length), after]);
        break;
      case 3:
        damaged = Buffer.concat([before, damaged.subarray(0, length), after]);
        break;
      default:
        damaged = before;
    }
  }
  return damaged;
}

function damageFields(random: Random, request: Request): Request {
  switch (Math.floor(random.fraction() * 5)) {
    case 0:
      return { ...request, body: damageJson(random, request.body) };
    case 1:
      return { ...request, target: damageTarget(random, request.target) };
    case 2:
      return {
        ...request,
        method: pick(random, ["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS", "CONNECT"]),
      };
    case 3: {
      const name = pick(random, [
        "content-length",
        "range",
        "if-none-match",
        "if-match",
        "expect",
        "x-efs-metadata",
        "upgrade",
        "te",
      ]);
      return {
        ...request,
        headers: { ...request.headers, [name]: pick(random, STRANGE_TEXTS).replace(/[^ -~]/g, "") },
      };
    }
    default:
      return { ...request, target: pick(random, CORPUS).target, body: damageJson(random, request.body) };
  }
}

function damageTarget(random: Random, target: string): string {
  const parts = target.split(/([/?&=])/);
  parts[Math.floor(random.fraction() * parts.length)] = encodeURI(
    pick(random, STRANGE_TEXTS.slice(0, 8)),
  ).replace(/%25/g, "%");
  return parts.join("").replace(/ /g, "+") || "/";
}

function damageJson(random: Random, value: unknown): unknown {
  if (typeof value !== "object" || value === null || random.fraction() < 0.3) return pick(random, STRANGE);
  if (Array.isArray(value)) return [...value, damageJson(random, value[0])];
  const keys = Object.keys(value);
  const key = random.fraction() < 0.2 ? String(pick(random, STRANGE)) : pick(random, keys);
  return { ...value, [key]: damageJson(random, (value as Record<string, unknown>)[key]) };
}

describe("the admin API", () => {
  let admin: TestAdmin;
  const bugs: object[] = [];
  const log: Log = { ...silentLog, error: (fields) => void bugs.push(fields), child: () => log };
  const stored = new Uint8Array(5000).map((_, index) => index % 251);

  beforeAll(async () => {
    admin = await withBucket(await startAdmin({ log }));
    await admin.client.putObject("Hawaii/Cola/bk1", "kept", stored);
    await admin.client.createCluster({ name: "F" });
    await admin.client.createTenant("F", { name: "T" });
    await admin.client.createBucket("F/T", { name: "b" });
  });
  afterAll(() => admin.close());

  it(`answers ${REQUESTS} mutated requests without harm`, async () => {
    const random = seededRandom(SEED);
    const statuses = new Map<number, number>();
    let damagedBytes = 0;
    let answered = 0;
    const send = async (bytes: Buffer) => {
      const answers = parseAnswers(await exchange(admin.socket, [bytes], { isEnding: true }));
      for (const answer of answers) {
        answered += 1;
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        // A bucket that another request is changing at this moment is BUSY, and rightly so.
        const isKnown = answer.status < 500 || answer.status === 501 || answer.body.includes('"BUSY"');
        if (!isKnown)
          throw new Error(
            `seed ${SEED}: ${answer.status} ${answer.body} to ${JSON.stringify(String(bytes))}`,
          );
      }
    };
    const one = async () => {
      while (damagedBytes < REQUESTS / 2) {
        damagedBytes += 1;
        await send(damageBytes(random, render(pick(random, CORPUS))));
      }
    };
    const many = async () => {
      while (answered < REQUESTS / 2) {
        const requests = Array.from({ length: PIPELINED }, () => damageFields(random, pick(random, CORPUS)));
        await send(Buffer.concat(requests.map((request) => render(request, "keep-alive"))));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    answered = 0;
    await Promise.all(Array.from({ length: AT_ONCE }, many));
    expect(bugs).toEqual([]);
    // The mutations are worth something only if many get through the outer layers.
    expect(statuses.get(200) ?? 0).toBeGreaterThan(REQUESTS / 50);
    expect(statuses.get(400) ?? 0).toBeGreaterThan(REQUESTS / 10);

    const got = await admin.client.getObject("Hawaii/Cola/bk1", "kept");
    expect(await bytesOf(got.body)).toEqual(stored);
    expect((await admin.client.systemStatus()).restWorker).toBe("ok");
  });

  it("outlives random bytes", async () => {
    const random = seededRandom(SEED + 1);
    const sent = Array.from({ length: 300 }, () =>
      random.bytes(Math.floor(random.fraction() ** 4 * 200_000)),
    );
    for (let start = 0; start < sent.length; start += AT_ONCE) {
      await Promise.all(
        sent
          .slice(start, start + AT_ONCE)
          .map((bytes) => exchange(admin.socket, [bytes], { isEnding: true })),
      );
    }
    expect(bugs).toEqual([]);
    expect((await admin.client.systemStatus()).restWorker).toBe("ok");
  });

  it("refuses headers and bodies that are too long", async () => {
    const send = async (text: string) => parseAnswers(await exchange(admin.socket, [text]))[0];
    const long = await send(`GET /clusters?prefix=${"x".repeat(200_000)} HTTP/1.1\r\nhost: e\r\n\r\n`);
    expect([long?.status, JSON.parse(long?.body ?? "{}").error.code]).toEqual([431, "LIMIT"]);
    const body = JSON.stringify({ name: "x".repeat(2_000_000) });
    const large = await send(
      `POST /clusters HTTP/1.1\r\nhost: e\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    expect([large?.status, JSON.parse(large?.body ?? "{}").error.code]).toEqual([413, "TOO_LARGE"]);
    const deep = `{"name":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const nested = await send(
      `POST /clusters HTTP/1.1\r\nhost: e\r\nconnection: close\r\ncontent-length: ${deep.length}\r\n\r\n${deep}`,
    );
    expect(nested?.status).toBe(400);
  });
});
