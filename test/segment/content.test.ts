/** Content of every size through the front door: streams, trees, ranges, sharing, and what happens when it is damaged. */
import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { seededRandom } from "../../src/base/random.ts";
import { openMemoryEngine } from "../../src/engine/memory/memory-engine.ts";
import type { Segment } from "../../src/segment/segment.ts";
import {
  BUCKET,
  bytesOf,
  codeOf,
  object,
  onEachEngine,
  streamOf,
  TestClock,
  testSegment,
  withBucket,
} from "./support.ts";

const MIB = 1024 * 1024;

function randomBytes(sizeBytes: number, seed = 7): Uint8Array {
  return seededRandom(seed).bytes(sizeBytes);
}

async function read(segment: Segment, name: string, startByte = 0, endByte?: number): Promise<Uint8Array> {
  return bytesOf(await segment.objects.get(object(name), { range: { startByte, endByte } }));
}

onEachEngine(() => {
  describe("content of every size", () => {
    test.each([1, 1023, 1024, 1025, 16_384, 65_536, 300_000, 3 * MIB + 17])(
      "%i bytes come back",
      async (sizeBytes) => {
        const segment = await withBucket(await testSegment());
        const body = randomBytes(sizeBytes);
        const put = await segment.objects.put(object("a"), body);
        expect(put.sizeBytes).toBe(sizeBytes);
        expect(put.content.kind === "small").toBe(sizeBytes <= 1024);
        expect(Buffer.compare(await read(segment, "a"), body)).toBe(0);
        const middle = Math.floor(sizeBytes / 3);
        expect(
          Buffer.compare(
            await read(segment, "a", middle, middle + 5000),
            body.subarray(middle, middle + 5000),
          ),
        ).toBe(0);
      },
    );

    test("a stream in odd pieces makes the same content as the whole", async () => {
      const segment = await withBucket(await testSegment());
      const body = randomBytes(MIB + 12345);
      const whole = await segment.objects.put(object("whole"), body);
      const pieces: Uint8Array[] = [];
      for (let start = 0, step = 1; start < body.length; start += step, step = (step * 7) % 99_991) {
        pieces.push(body.subarray(start, start + step));
      }
      const streamed = await segment.objects.put(object("streamed"), streamOf(...pieces), {
        sizeBytes: body.length,
      });
      expect(streamed.content).toEqual(whole.content);
    });

    test("buckets with fixed chunks and zeros keep their content too", async () => {
      const segment = await withBucket(await testSegment(), {
        chunking: { kind: "fixed", chunkBytes: 8192 },
      });
      const body = new Uint8Array(2 * MIB);
      body.set(randomBytes(100_000), 700_001);
      await segment.objects.put(object("a"), body);
      expect(Buffer.compare(await read(segment, "a"), body)).toBe(0);
      const usage = await segment.usage();
      expect(usage.storedBytes).toBeLessThan(200_000);
      const zeros = await segment.objects.put(object("z"), new Uint8Array(5 * MIB));
      expect(zeros.content).toEqual({ kind: "zeros", lengthBytes: 5 * MIB });
    });

    test("the same content twice, and a copy, store no chunk again", async () => {
      const segment = await withBucket(await testSegment());
      const body = randomBytes(2 * MIB);
      await segment.objects.put(object("a"), body);
      const before = await segment.usage();
      await segment.objects.put(object("b"), body);
      await segment.objects.copy(object("a"), object("c"));
      const after = await segment.usage();
      expect([after.chunkCount, after.storedBytes]).toEqual([before.chunkCount, before.storedBytes]);
      expect(after.logicalBytes).toBe(3 * body.length);
      expect(Buffer.compare(await read(segment, "c"), body)).toBe(0);
    });

    test("a large body that ends early, is too long or is aborted leaves the object as it was", async () => {
      const segment = await withBucket(await testSegment());
      const body = randomBytes(2 * MIB);
      await segment.objects.put(object("a"), utf8("old"));
      const pieces = () => streamOf(body.subarray(0, MIB), body.subarray(MIB));
      expect(await codeOf(segment.objects.put(object("a"), pieces(), { sizeBytes: 3 * MIB }))).toBe(
        "TRUNCATED",
      );
      expect(await codeOf(segment.objects.put(object("a"), pieces(), { sizeBytes: MIB }))).toBe("TOO_LARGE");
      const abort = new AbortController();
      async function* endless() {
        for (let index = 0; ; index += 1) {
          if (index === 3) abort.abort();
          yield randomBytes(MIB, index + 1);
        }
      }
      expect(await codeOf(segment.objects.put(object("a"), endless(), { signal: abort.signal }))).toBe(
        "CANCELLED",
      );
      expect(Buffer.from(await read(segment, "a")).toString()).toBe("old");
      await segment.close();
    });
  });

  describe("a full disk", () => {
    test("writes are refused below the limit, reads and deletes go on, and writes come back with the room", async () => {
      const clock = new TestClock();
      let freeBytes = 500;
      const engine = openMemoryEngine({ clock, space: () => ({ totalBytes: 1000, freeBytes }) });
      const segment = await withBucket(await testSegment({ clock, engine, freeBytesMin: 100 }));
      await segment.objects.put(object("a"), utf8("x"));
      await segment.objects.put(object("b"), utf8("x"));
      freeBytes = 99;
      clock.advance(2000);
      // The guard asks in the background: the write that finds the answer stale may still pass.
      await segment.objects.put(object("c"), utf8("x"));
      expect(await codeOf(segment.objects.put(object("d"), utf8("x")))).toBe("NO_SPACE");
      expect(await codeOf(segment.objects.copy(object("a"), object("d")))).toBe("NO_SPACE");
      expect((await segment.usage()).isWritable).toBe(false);
      expect(Buffer.from(await read(segment, "a")).toString()).toBe("x");
      await segment.objects.delete(object("b"));
      freeBytes = 500;
      await segment.objects.put(object("d"), utf8("x"));
      expect((await segment.usage()).isWritable).toBe(true);
    });
  });

  describe("bucket", () => {
    test("counts follow large content", async () => {
      const segment = await withBucket(await testSegment());
      await segment.objects.put(object("a"), randomBytes(100_000));
      expect(await segment.namespace.showBucket(BUCKET)).toMatchObject({
        objectCount: 1,
        sizeBytes: 100_000,
      });
    });
  });
});
