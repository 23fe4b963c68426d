/** The file that secrets at rest are sealed under: made once, kept from others, never replaced in silence. */
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Log, silentLog } from "../../src/base/log.ts";
import { seededRandom } from "../../src/base/random.ts";
import { openSegmentKey } from "../../src/daemon/segment-key.ts";

let dataDirectory = "";
let file = "";
beforeEach(() => {
  dataDirectory = mkdtempSync(path.join(tmpdir(), "efs-key-"));
  file = path.join(dataDirectory, "segment.key");
});
afterEach(() => rmSync(dataDirectory, { recursive: true }));

const opened = (isExpected: boolean, options: { log?: Log; seed?: number } = {}) =>
  openSegmentKey({
    dataDirectory,
    isExpected,
    random: seededRandom(options.seed ?? 1),
    log: options.log ?? silentLog,
  });

describe("the segment key", () => {
  it("is made at the first start, for the user alone, and is the same at the next", async () => {
    const key = await opened(false);
    expect(key.length).toBe(32);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(dataDirectory)).toEqual(["segment.key"]);
    expect(new Uint8Array(readFileSync(file))).toEqual(key);
    expect(await opened(true, { seed: 2 })).toEqual(key);
    expect(await opened(false, { seed: 3 })).toEqual(key);
  });

  it("that is missing though the segment had one is an error, and none is made", async () => {
    await expect(opened(true)).rejects.toMatchObject({
      code: "BAD_CONFIG",
      message: expect.stringContaining("segment.key is missing"),
      hint: expect.stringContaining("backup"),
    });
    expect(readdirSync(dataDirectory)).toEqual([]);
  });

  it("is made over what a crash left half written", async () => {
    writeFileSync(`${file}.new`, "half");
    expect((await opened(false)).length).toBe(32);
    expect(readdirSync(dataDirectory)).toEqual(["segment.key"]);
  });

  it("of a wrong length, a directory or a link is refused and left as it is", async () => {
    for (const text of ["", "short", "x".repeat(33)]) {
      writeFileSync(file, text, { mode: 0o600 });
      await expect(opened(false)).rejects.toMatchObject({ code: "BAD_CONFIG" });
      expect(readFileSync(file, "utf8")).toBe(text);
    }
    const elsewhere = path.join(dataDirectory, "elsewhere");
    writeFileSync(elsewhere, "x".repeat(32));
    rmSync(file);
    symlinkSync(elsewhere, file);
    await expect(opened(false)).rejects.toMatchObject({
      code: "BAD_CONFIG",
      message: expect.stringContaining("link"),
    });
  });

  it("that others could read is theirs no more, with a warning that has no key in it", async () => {
    const key = await opened(false);
    chmodSync(file, 0o644);
    const said: unknown[] = [];
    const log: Log = { ...silentLog, warn: (...given: unknown[]) => void said.push(given) };
    expect(await opened(true, { log })).toEqual(key);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.stringify(said)).toContain("644");
    expect(said).toHaveLength(1);
  });
});
