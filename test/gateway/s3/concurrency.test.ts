/** Many clients of one efsd at once, over HTTP: no update is lost, no read is torn, and what was answered is listed at once. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { element } from "../../support/s3-action.ts";
import { type S3Client, s3Client } from "../../support/s3-client.ts";
import { type S3Service, startS3Service } from "../../support/s3-service.ts";

const BUCKET = "many";
const CLIENTS = 6;
const ROUNDS = 12;

let service: S3Service;
let client: S3Client;

beforeAll(async () => {
  service = await startS3Service();
  client = s3Client(service);
  expect((await client.ask({ method: "PUT", bucket: BUCKET })).status).toBe(200);
});

afterAll(async () => {
  client.close();
  await service.stop();
});

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");
const each = <T>(count: number, run: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)));

it("counts every increment that was answered with 200, and no other", async () => {
  const at = { bucket: BUCKET, key: "counter" };
  await client.ask({ method: "PUT", ...at, body: "0" });
  let refused = 0;
  await each(CLIENTS, async () => {
    for (let done = 0; done < ROUNDS; ) {
      const seen = await client.ask({ method: "GET", ...at });
      const headers = { "if-match": seen.headers.etag ?? "" };
      const { status } = await client.ask({
        method: "PUT",
        ...at,
        headers,
        body: String(Number(seen.text) + 1),
      });
      if (status === 200) done += 1;
      else {
        expect(status).toBe(412);
        refused += 1;
      }
    }
  });
  expect((await client.ask({ method: "GET", ...at })).text).toBe(String(CLIENTS * ROUNDS));
  expect(refused).toBeGreaterThan(0);
});

it("creates one of many that say If-None-Match: *", async () => {
  const headers = { "if-none-match": "*" };
  const answers = await each(20, (index) =>
    client.ask({ method: "PUT", bucket: BUCKET, key: "one", headers, body: `from ${index}` }),
  );
  const winners = answers.flatMap(({ status }, index) => (status === 200 ? [index] : []));
  expect(winners).toHaveLength(1);
  expect((await client.ask({ method: "GET", bucket: BUCKET, key: "one" })).text).toBe(`from ${winners[0]}`);
});

it("reads whole versions while they are replaced", async () => {
  const at = { bucket: BUCKET, key: "big" };
  const bodyOf = (seed: number, length: number) =>
    new Uint8Array(length).map((_, at) => (at * seed + (at >> 8)) & 255);
  const bodies = [bodyOf(3, 200_000), bodyOf(5, 1_700_000), bodyOf(7, 900), bodyOf(11, 3_000_000)];
  await client.ask({ method: "PUT", ...at, body: bodies[0] });
  let isOver = false;
  const readers = each(4, async (index) => {
    for (let reads = 0; !isOver; reads += 1) {
      const isRange = (reads + index) % 3 === 0;
      const reply = await client.ask({
        method: "GET",
        ...at,
        headers: isRange ? { range: "bytes=-500" } : {},
      });
      const whole = bodies.find((body) => `"${md5(body)}"` === reply.headers.etag);
      expect(whole).toBeDefined();
      expect(
        Buffer.compare(
          reply.bytes,
          isRange ? (whole?.subarray(-500) ?? reply.bytes) : (whole ?? reply.bytes),
        ),
      ).toBe(0);
    }
  });
  await each(2, async (index) => {
    for (let round = 0; round < 10; round += 1) {
      const body = bodies[(round * 2 + index) % bodies.length];
      expect((await client.ask({ method: "PUT", ...at, body })).status).toBe(200);
    }
  });
  isOver = true;
  await readers;
});

it("lists what was put, and no more what was deleted, as soon as that is answered", async () => {
  await each(CLIENTS, async (index) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const key = `list/${index}/${round % 3}`;
      const body = `${index} ${round}`;
      const list = () =>
        client.ask({ method: "GET", bucket: BUCKET, query: { "list-type": "2", prefix: key } });
      await client.ask({ method: "PUT", bucket: BUCKET, key, body });
      expect(element((await list()).text, "ETag")).toBe(`"${md5(Buffer.from(body))}"`);
      await client.ask({ method: "DELETE", bucket: BUCKET, key });
      expect(element((await list()).text, "KeyCount")).toBe("0");
    }
  });
});
