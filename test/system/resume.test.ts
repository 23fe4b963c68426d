/** A large object over a link that is cut and killed, in short; test/slow has the long form. */
import { expect, it } from "vitest";
import { playResume } from "../support/resume.ts";

const MiB = 1024 * 1024;
/** What a cut may cost: as in the long form, where 20 cuts may add 5 % to 1 GiB. */
const LOST_BYTES_MAX = (0.05 * 1024 * MiB) / 20;

it("goes on inside a 64 MiB object after four cuts and two kills", async () => {
  const cuts = 4;
  const outcome = await playResume({ sizeBytes: 64 * MiB, cuts, killEvery: 2, seed: 7 });
  expect(outcome.kills).toBe(2);
  expect(outcome.uncutBytes).toBeGreaterThan(64 * MiB);
  expect(outcome.cutBytes - outcome.uncutBytes).toBeLessThan(cuts * LOST_BYTES_MAX);
});
