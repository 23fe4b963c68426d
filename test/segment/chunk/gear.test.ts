/** The kernel: its bytes are the text's, its table is the derived one, and it finds what plain arithmetic finds. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/bytes.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { gearTable, threadGear } from "../../../src/segment/chunk/gear.ts";
import { GEAR_WASM_BASE64 } from "../../../src/segment/chunk/gear-wasm.ts";
import { below } from "./content.ts";
import { assemble } from "./wat-assembler.ts";

describe("the kernel", () => {
  it("is gear.wat, assembled", () => {
    const wat = path.resolve(import.meta.dirname, "../../../src/segment/chunk/gear.wat");
    const bytes = assemble(readFileSync(wat, "utf8"));
    expect(Buffer.from(bytes).toString("base64")).toBe(GEAR_WASM_BASE64);
  });

  it("has the table of FORMAT.md for ever", () => {
    const table = gearTable();
    const bytes = Buffer.alloc(2048);
    table.forEach((entry, byte) => {
      bytes.writeBigUInt64BE(entry, byte * 8);
    });
    expect(toHex(bytes.subarray(0, 16))).toBe("50dc6f8b22cdd8e5f899e8a6d63aa64c");
    expect(new Set(table).size).toBe(256);
  });

  it("finds the ends of runs of zeros, wherever they begin and end", () => {
    const gear = threadGear();
    const random = seededRandom(1);
    for (let round = 0; round < 300; round += 1) {
      const bytes = random.bytes(200).map((byte) => (byte < 128 ? 0 : byte));
      const [from = 0, to = 0] = [below(random, 201), below(random, 201)].sort((left, right) => left - right);
      if (round % 3 === 0) bytes.fill(0, from, to);
      gear.load(bytes);
      let end = from;
      while (end < to && bytes[end] === 0) end += 1;
      let start = to;
      while (start > from && bytes[start - 1] === 0) start -= 1;
      expect(gear.zerosEnd(from, to)).toBe(end);
      expect(gear.zerosStart(to, from)).toBe(start);
    }
  });
});
