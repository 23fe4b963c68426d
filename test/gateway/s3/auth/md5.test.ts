/** MD5 beside the thread that moves the bytes: the same digests whatever streams run at once and however they end, and none lost when the thread dies. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../../../src/base/random.ts";
import { Md5Pool } from "../../../../src/gateway/s3/auth/md5-thread.ts";

const SOURCE = path.resolve(import.meta.dirname, "../../../../src/gateway/s3/auth/md5-worker.ts");

describe("MD5 in a thread", () => {
  let directory: string;
  let workerUrl: URL;
  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), "efs-md5-"));
    const outfile = path.join(directory, "md5-worker.mjs");
    await build({
      entryPoints: [SOURCE],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      logLevel: "error",
    });
    workerUrl = pathToFileURL(outfile);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const content = seededRandom(1).bytes(1024 * 1024);
  const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

  it("gives every stream its own digest, in one thread and in two, also when the memory is full", async () => {
    for (const threadsMax of [1, 2]) {
      const pool = new Md5Pool({ workerUrl, threadsMax });
      const stream = async (startByte: number, pieceBytes: number) => {
        const own = content.subarray(startByte);
        const hash = pool.start();
        for (let at = 0; at < own.length; at += pieceBytes) {
          // Given away at once: what comes next in the same memory must not be hashed.
          const piece = own.slice(at, at + pieceBytes);
          await hash.update(piece);
          piece.fill(0);
        }
        expect(hex(await hash.digest())).toBe(md5(own));
        hash.close();
      };
      // Pieces of 300 KiB do not fit a place; sixteen streams of 1 MiB do not fit all places.
      await Promise.all(
        Array.from({ length: 16 }, (_, n) =>
          stream(n * 1000, [300_000, 65_536, 10_000, 1_048_576][n % 4] ?? 1),
        ),
      );
      await pool.close();
    }
  });

  it("is right for pieces of any length, the empty stream too", async () => {
    const pool = new Md5Pool({ workerUrl, threadsMax: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 150_000 }), { maxLength: 6 }), async (sizes) => {
        const hash = pool.start();
        const expected = createHash("md5");
        for (const size of sizes) {
          expected.update(content.subarray(0, size));
          await hash.update(content.subarray(0, size));
        }
        expect(hex(await hash.digest())).toBe(expected.digest("hex"));
      }),
      { numRuns: 40, seed: 1 },
    );
    await pool.close();
  });

  it("forgets streams that break off, and hashes the others", async () => {
    const pool = new Md5Pool({ workerUrl, threadsMax: 1 });
    for (let count = 0; count < 200; count += 1) {
      const broken = pool.start();
      await broken.update(content.subarray(0, 100_000));
      broken.close();
    }
    const hash = pool.start();
    await hash.update(content);
    expect(hex(await hash.digest())).toBe(md5(content));
    await pool.close();
  });

  it("fails what is under way when the thread dies, and starts anew", async () => {
    const pool = new Md5Pool({ workerUrl, threadsMax: 1 });
    const hash = pool.start();
    await hash.update(content);
    await pool.close();
    await expect(hash.digest()).rejects.toMatchObject({ code: "INTERNAL" });
    const next = pool.start();
    await next.update(content);
    expect(hex(await next.digest())).toBe(md5(content));
    await pool.close();
  });

  it("is computed here where there is no worker or no core for it", async () => {
    for (const pool of [new Md5Pool({ workerUrl, threadsMax: 0 }), new Md5Pool()]) {
      const hash = pool.start();
      expect(hash.update(content)).toBeUndefined();
      expect(hex(await hash.digest())).toBe(md5(content));
    }
  });
});
