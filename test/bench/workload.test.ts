/** What the bench replicates: the same from the same seed, in the shares that it says. */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { describe, expect, it } from "vitest";
import { incompressibleBytes, SourceWriter } from "../../bench/text.ts";
import {
  editTree,
  insertIntoImage,
  makeImage,
  makeTree,
  overwriteImage,
  renameDirectory,
} from "../../bench/workload.ts";
import { testDirectory } from "../support/two-segments.ts";

const packed = (bytes: Buffer) =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }).length;
const digest = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");

describe("the bench's content", () => {
  it("has text that compresses like source and bytes that do not compress at all", () => {
    const text = new SourceWriter(1).text(200_000);
    expect(text.length).toBe(200_000);
    expect(text.length / packed(text)).toBeGreaterThan(3);
    expect(text.length / packed(text)).toBeLessThan(6);
    const noise = incompressibleBytes(1, 200_000);
    expect(packed(noise)).toBeGreaterThanOrEqual(noise.length);
    expect(noise.equals(incompressibleBytes(2, 200_000))).toBe(false);
  });

  it("makes the same tree twice and edits one file of a hundred", async () => {
    const [one, two] = [await testDirectory(), await testDirectory()];
    const [facts, again] = [await makeTree(one, 0.01), await makeTree(two, 0.01)];
    expect(facts.files.length).toBe(200);
    expect(again).toEqual(facts);
    expect(facts.driversBytes / facts.totalBytes).toBeGreaterThan(0.4);
    for (const name of facts.files) expect(digest(path.join(one, name))).toBe(digest(path.join(two, name)));
    const edited = await editTree(one, facts);
    expect(edited.length).toBe(2);
    const differing = facts.files.filter(
      (name) => digest(path.join(one, name)) !== digest(path.join(two, name)),
    );
    expect(new Set(differing)).toEqual(new Set(edited));
    await renameDirectory(one);
    expect(statSync(path.join(one, "moved-drivers")).isDirectory()).toBe(true);
  });

  it("makes an image with a fifth of zeros, and changes as little of it as it says", async () => {
    const file = path.join(await testDirectory(), "image");
    const sizeBytes = await makeImage(file, 0.03);
    const before = readFileSync(file);
    expect(before.length).toBe(sizeBytes);
    const zeroPages = Array.from({ length: sizeBytes / 4096 }, (_, page) =>
      before.subarray(page * 4096, (page + 1) * 4096).every((byte) => byte === 0),
    ).filter(Boolean).length;
    expect(zeroPages / (sizeBytes / 4096)).toBeGreaterThan(0.08);
    expect(zeroPages / (sizeBytes / 4096)).toBeLessThan(0.35);

    await overwriteImage(file);
    const overwritten = readFileSync(file);
    let changed = 0;
    for (let at = 0; at < sizeBytes; at += 1) if (before[at] !== overwritten[at]) changed += 1;
    expect(changed).toBeGreaterThan(350_000);
    expect(changed).toBeLessThanOrEqual(409_600);

    await insertIntoImage(file);
    const grown = statSync(file).size - sizeBytes;
    expect(grown).toBeGreaterThan(1000);
    expect(grown).toBeLessThanOrEqual(6400);
  });
});
