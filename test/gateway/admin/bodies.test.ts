/** Bodies that are cut short, longer than said, slow or refused half way; and answers that go wrong half way. */
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EfsError } from "../../../src/base/errors.ts";
import { type Log, silentLog } from "../../../src/base/log.ts";
import { parseObjectPath } from "../../../src/model/names.ts";
import type { Segment } from "../../../src/segment/segment.ts";
import { bytesOf, startAdmin, type TestAdmin, withBucket } from "../../support/admin.ts";
import { exchange, parseAnswers, rawRequest } from "../../support/raw-http.ts";
import { until } from "../../support/until.ts";

const BUCKET = "Hawaii/Cola/bk1";
const PATH = "/clusters/Hawaii/tenants/Cola/buckets/bk1/object";

let admin: TestAdmin;
let puts: Promise<unknown>[] = [];
const logged: Array<{ readonly fields: object; readonly message: string }> = [];
const log: Log = {
  ...silentLog,
  error: (fields, message) => logged.push({ fields, message }),
  child: () => log,
};
/** Bodies that are being read. */
let reading = 0;
/** Chunks after which reading this object fails. */
const FAULTY = new Map<string, number>();

beforeAll(async () => {
  admin = await withBucket(await startAdmin({ log, wrap }));
});
afterAll(() => admin.close());

/** Remembers every put, and lets reads of some objects fail. */
function wrap(segment: Segment): Segment {
  const { objects } = segment;
  return {
    ...segment,
    objects: {
      ...objects,
      put: (...given) => {
        const put = objects.put(...given);
        puts.push(put);
        return put;
      },
      get: async (path, options) => {
        const faultAfter = FAULTY.get(path.object);
        const content = await objects.get(path, options);
        if (faultAfter !== undefined) return { ...content, body: failing(content.body, faultAfter) };
        return { ...content, body: counted(content.body) };
      },
    },
  };
}

async function* counted(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  reading += 1;
  try {
    yield* body;
  } finally {
    reading -= 1;
  }
}

async function* failing(body: AsyncIterable<Uint8Array>, after: number): AsyncGenerator<Uint8Array> {
  let count = 0;
  for await (const chunk of body) {
    if (count === after)
      throw new EfsError("CHUNK_CORRUPT", "a chunk is damaged", { details: { offset: count } });
    count += 1;
    yield chunk;
  }
}

const put = (name: string, headers: string, body: string) =>
  `PUT ${PATH}?name=${name} HTTP/1.1\r\nhost: efsd\r\n${headers}\r\n${body}`;

async function isThere(name: string): Promise<boolean> {
  await Promise.allSettled(puts);
  const [version] = await admin.segment.objects.showMany(parseObjectPath(`${BUCKET}/x`), [
    parseObjectPath(`${BUCKET}/${name}`).object,
  ]);
  return version !== undefined;
}

describe("a body", () => {
  it.each([
    ["small", 10, "12345"],
    ["large", 1_000_000, "x".repeat(500_000)],
  ])("that is cut short stores nothing, when %s", async (name, sizeBytes, body) => {
    puts = [];
    for (const options of [{ isCutting: true }, { isEnding: true }]) {
      await exchange(admin.socket, [put(`cut-${name}`, `content-length: ${sizeBytes}\r\n`, body)], options);
    }
    expect(await isThere(`cut-${name}`)).toBe(false);
  });

  it("in pieces that lacks its last piece stores nothing", async () => {
    puts = [];
    const head = put("cut-chunked", "transfer-encoding: chunked\r\n", "5\r\nhello\r\n");
    for (const options of [{ isCutting: true }, { isEnding: true }])
      await exchange(admin.socket, [head], options);
    expect(await isThere("cut-chunked")).toBe(false);
  });

  it("that is longer than said is refused, and stores nothing", async () => {
    puts = [];
    for (const [name, sizeBytes] of [
      ["longer", 5],
      ["longer-large", 70_000],
    ] as const) {
      const text = await exchange(admin.socket, [
        put(name, `content-length: ${sizeBytes}\r\n`, "x".repeat(sizeBytes + 7)),
      ]);
      expect(parseAnswers(text).map((answer) => answer.status)).toEqual([413]);
      expect(await isThere(name)).toBe(false);
    }
  });

  it("whose length is no number, or is given twice, is no request", async () => {
    for (const headers of [
      "content-length: 5x\r\n",
      "content-length: -1\r\n",
      "content-length: 5\r\ncontent-length: 6\r\n",
      "content-length: 5\r\ntransfer-encoding: chunked\r\n",
      "content-length: 99999999999999999999999\r\n",
    ]) {
      const [answer] = parseAnswers(await exchange(admin.socket, [put("bad-length", headers, "hello")]));
      expect([headers, answer?.status]).toEqual([headers, 400]);
    }
    const [answer] = parseAnswers(
      await exchange(admin.socket, [put("bad-length", `content-length: ${2 ** 50}\r\n`, "hello")], {
        isEnding: true,
      }),
    );
    expect(JSON.parse(answer?.body ?? "{}").error).toMatchObject({ code: "TOO_LARGE" });
    expect(await isThere("bad-length")).toBe(false);
  });

  it("of another size than the client said never leaves the client whole", async () => {
    const body = async function* (sizeBytes: number) {
      yield new Uint8Array(sizeBytes - 1);
      yield new Uint8Array(1);
    };
    for (const [said, code] of [
      [99_999, "TOO_LARGE"],
      [100_001, "TRUNCATED"],
    ] as const) {
      await expect(
        admin.client.putObject(BUCKET, "said", body(100_000), { sizeBytes: said }),
      ).rejects.toMatchObject({ code });
    }
    await expect(
      admin.client.putObject(BUCKET, "said", new Uint8Array(5), { sizeBytes: 4 }),
    ).rejects.toMatchObject({ code: "TOO_LARGE" });
    expect(await isThere("said")).toBe(false);
  });

  it("whose source fails gives that very error, and stores nothing", async () => {
    const broken = new EfsError("IO", "the source cannot be read");
    async function* body() {
      yield new Uint8Array(200_000);
      throw broken;
    }
    await expect(admin.client.putObject(BUCKET, "source", body())).rejects.toBe(broken);
    expect(await isThere("source")).toBe(false);
  });

  it("that is refused while it comes gets its answer, and the connections go on", async () => {
    async function* endless() {
      for (let count = 0; count < 4000; count += 1) yield new Uint8Array(65_536);
    }
    await expect(admin.client.putObject("Hawaii/Cola/none", "a", endless())).rejects.toMatchObject({
      code: "BUCKET_NOT_FOUND",
    });
    const info = await admin.client.putObject(BUCKET, "after", new Uint8Array(3));
    expect(info.sizeBytes).toBe(3);
  });

  it("is read no faster than the segment takes it", async () => {
    let pulled = 0;
    let resume = () => {};
    const gate = new Promise<void>((resolve) => {
      resume = resolve;
    });
    const slow = await withBucket(
      await startAdmin({
        wrap: (segment) => ({
          ...segment,
          objects: {
            ...segment.objects,
            async put(path, body, options) {
              await gate;
              return segment.objects.put(path, body, options);
            },
          },
        }),
      }),
    );
    async function* body() {
      for (let count = 0; count < 1000; count += 1) {
        pulled += 1;
        yield new Uint8Array(65_536).fill(count);
      }
    }
    const done = slow.client.putObject(BUCKET, "slow", body());
    await until(() => pulled > 4);
    // A round trip of another request on the same server is time enough for a reader that does not wait.
    await slow.client.systemStatus();
    expect(pulled * 65_536).toBeLessThan(8 * 1024 * 1024);
    resume();
    expect((await done).sizeBytes).toBe(1000 * 65_536);
    await slow.close();
  });
});

describe("an answer", () => {
  const content = new Uint8Array(3_000_000).map((_, index) => (index * 31 + (index >> 8)) & 0xff);

  it("that goes wrong before its first byte has a proper status, and is logged", async () => {
    await admin.client.putObject(BUCKET, "bad-front", content);
    FAULTY.set("bad-front", 0);
    await expect(admin.client.getObject(BUCKET, "bad-front")).rejects.toMatchObject({
      code: "CHUNK_CORRUPT",
      details: { offset: 0 },
    });
    const answer = await rawRequest(admin.socket, { method: "GET", target: `${PATH}?name=bad-front` });
    expect(answer.status).toBe(500);
    expect(logged).toContainEqual(expect.objectContaining({ message: expect.stringContaining("damaged") }));
  });

  it("that goes wrong half way is cut, so that the reader knows", async () => {
    await admin.client.putObject(BUCKET, "bad-middle", content);
    FAULTY.set("bad-middle", 3);
    const got = await admin.client.getObject(BUCKET, "bad-middle");
    await expect(bytesOf(got.body)).rejects.toMatchObject({ code: "TRUNCATED" });
    expect(logged).toContainEqual(expect.objectContaining({ message: expect.stringContaining("cut short") }));
    expect((await admin.client.systemStatus()).restWorker).toBe("ok");
  });

  it("whose reader goes away stops being read", async () => {
    const large = new Uint8Array(20_000_000).map((_, index) => (index * 7919) >> 11);
    await admin.client.putObject(BUCKET, "left", large);
    const connection = connectSocket(admin.socket);
    connection.write(`GET ${PATH}?name=left HTTP/1.1\r\nhost: efsd\r\n\r\n`);
    await once(connection, "data");
    connection.pause();
    await until(() => reading === 1);
    connection.destroy();
    await until(() => reading === 0);
    const got = await admin.client.getObject(BUCKET, "left");
    for await (const chunk of got.body) {
      expect([chunk.length > 0, reading]).toEqual([true, 1]);
      break;
    }
    await until(() => reading === 0);
  });
});
