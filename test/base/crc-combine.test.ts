import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32, crc32c } from "../../src/base/crc.ts";
import { type CombinableCrc, combineCrcs } from "../../src/base/crc-combine.ts";
import { Crc64Nvme } from "../../src/base/crc64.ts";

const word = (value: number) => {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value);
  return out;
};
const COMPUTE: Readonly<Record<CombinableCrc, (bytes: Uint8Array) => Uint8Array>> = {
  crc32: (bytes) => word(crc32(bytes)),
  crc32c: (bytes) => word(crc32c(bytes)),
  crc64nvme: (bytes) => new Crc64Nvme().update(bytes).digest(),
};

test.each(Object.keys(COMPUTE) as CombinableCrc[])("%s of parts comes to that of the whole", (kind) => {
  const compute = COMPUTE[kind];
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), (pieces) => {
      const whole = new Uint8Array(Buffer.concat(pieces));
      const parts = pieces.map((bytes) => ({ value: compute(bytes), sizeBytes: bytes.length }));
      expect(combineCrcs(kind, parts)).toEqual(compute(whole));
    }),
    { seed: 1, numRuns: 200 },
  );
});

test("lengths beyond 32 bits count", () => {
  // crc(A ++ zeros) can be had without the zeros: twice the shift by half.
  const first = COMPUTE.crc32c(new Uint8Array([1, 2, 3]));
  const none = word(0);
  const long = combineCrcs("crc32c", [
    { value: first, sizeBytes: 3 },
    { value: none, sizeBytes: 6 * 2 ** 32 },
  ]);
  const halves = combineCrcs("crc32c", [
    { value: first, sizeBytes: 3 },
    { value: none, sizeBytes: 3 * 2 ** 32 },
    { value: none, sizeBytes: 3 * 2 ** 32 },
  ]);
  expect(long).toEqual(halves);
  expect(long).not.toEqual(first);
});
