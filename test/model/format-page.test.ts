/** FORMAT.md shows the bytes that the golden files hold, all of them. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { NODE_CONTEXT } from "../../src/model/hash.ts";

const page = readFileSync(path.resolve(import.meta.dirname, "../../src/model/FORMAT.md"), "utf8");
const golden = path.resolve(import.meta.dirname, "../golden/model");

it("FORMAT.md shows every golden file as it is", () => {
  const shown = new Map(
    [...page.matchAll(/^```hex ([a-z-]+)\n([\s\S]*?)^```$/gm)].map(([, name, text]) => [name, text]),
  );
  const files = readdirSync(golden).map((file) => file.replace(/\.hex$/, ""));
  expect([...shown.keys()].sort()).toEqual(files.sort());
  for (const file of files)
    expect(shown.get(file)).toBe(readFileSync(path.join(golden, `${file}.hex`), "utf8"));
});

it("FORMAT.md names the context of node ids", () => {
  expect(page).toContain(`\`${NODE_CONTEXT}\``);
});
