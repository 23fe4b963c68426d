/** The data directory before anything is opened in it. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { prepareDataDirectory } from "../../src/daemon/data-directory.ts";

let top = "";
beforeEach(() => {
  top = mkdtempSync(path.join(tmpdir(), "efs-data-"));
});
afterEach(() => rmSync(top, { recursive: true }));

describe("the data directory", () => {
  it("is made when it is missing, for the user alone", async () => {
    const directory = path.join(top, "a/b");
    expect(await prepareDataDirectory(directory)).toBe(directory);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it("may hold a configuration, a segment, or what a first start left behind", async () => {
    for (const names of [
      ["efsd.conf"],
      ["FORMAT", "anything"],
      ["lock", "FORMAT.new", "efsd.sock"],
      ["lost+found"],
    ]) {
      const directory = path.join(top, names.join("-"));
      mkdirSync(directory);
      for (const name of names) writeFileSync(path.join(directory, name), "");
      expect(await prepareDataDirectory(directory)).toBe(directory);
    }
  });

  it("is refused when it holds something else, naming it, and is left as it is", async () => {
    writeFileSync(path.join(top, "thesis.tex"), "");
    writeFileSync(path.join(top, "bad\x1bname"), "");
    await expect(prepareDataDirectory(top)).rejects.toMatchObject({
      code: "NOT_EMPTY",
      message: expect.stringContaining("bad\\x1bname, thesis.tex"),
    });
    expect(readdirSync(top).length).toBe(2);
  });

  it("is refused when it is a file", async () => {
    const file = path.join(top, "file");
    writeFileSync(file, "");
    await expect(prepareDataDirectory(file)).rejects.toMatchObject({ code: "BAD_CONFIG" });
    await expect(prepareDataDirectory(path.join(file, "below"))).rejects.toMatchObject({
      code: "BAD_CONFIG",
    });
  });
});
