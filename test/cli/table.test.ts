/** Columns: plain text is padded here, other text by cli-table3; both lay out alike. */
import { describe, expect, it } from "vitest";
import { noPaint } from "../../src/cli/output/paint.ts";
import { TablePages } from "../../src/cli/output/table.ts";

const open = (hasHeaders = true) => new TablePages({ headers: ["NAME", "SIZE"], hasHeaders, paint: noPaint });

describe("table", () => {
  it("lays out plain and wide text in the same columns", async () => {
    const plain = await open().page([
      ["a", "1"],
      ["bcdefgh", "22"],
    ]);
    expect(plain).toBe("NAME      SIZE\na         1\nbcdefgh   22\n");
    const wide = await open().page([
      ["a", "1"],
      ["bcdefgh", "22"],
      ["日本語", "3"],
    ]);
    expect(wide).toBe("NAME      SIZE\na         1\nbcdefgh   22\n日本語    3\n");
  });

  it("keeps the header single and columns at least as wide on later pages", async () => {
    const table = open();
    expect(await table.page([["abcdefgh", "1"]])).toBe("NAME       SIZE\nabcdefgh   1\n");
    expect(await table.page([["b", "2"]])).toBe("b          2\n");
    expect(await table.page([["é", "3"]])).toBe("é          3\n");
    expect(await table.page([["longer-than-before", "4"]])).toBe("longer-than-before   4\n");
  });

  it("prints nothing for nothing", async () => {
    expect(await open(false).page([])).toBe("");
  });
});
