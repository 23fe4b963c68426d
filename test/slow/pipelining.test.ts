/** A link over a long way: 10,000 objects of 1 KiB through 100 ms of round trip beside none. */
import { expect, it } from "vitest";
import { replicationMs } from "../support/pipelining.ts";

it("carries 10,000 objects of 1 KiB over 100 ms of round trip in at most three times the time at none", async () => {
  const nearMs = await replicationMs(10_000, 0);
  const farMs = await replicationMs(10_000, 100);
  process.stderr.write(`pipelining: ${nearMs.toFixed(0)} ms at 0 ms, ${farMs.toFixed(0)} ms at 100 ms\n`);
  expect(farMs).toBeLessThanOrEqual(3 * nearMs);
});
