/** 1 GiB over a link with 20 cuts at random bytes and kills of both sides in between. */
import { expect, it } from "vitest";
import { playResume } from "../support/resume.ts";

it("sends at most 1.05 times the uncut bytes of a 1 GiB object that is cut 20 times and killed four times", async () => {
  const outcome = await playResume({ sizeBytes: 1024 * 1024 * 1024, cuts: 20, killEvery: 5, seed: 11 });
  process.stderr.write(`resume: ${JSON.stringify(outcome)}\n`);
  expect(outcome.kills).toBe(4);
  expect(outcome.cutBytes / outcome.uncutBytes).toBeLessThanOrEqual(1.05);
});
