/** Real segments killed while they replicate, in short; test/slow has the long form. */
import { expect, it } from "vitest";
import { playKills } from "../support/kills.ts";

it("loses nothing acknowledged and logs nothing twice when either efsd is killed six times", async () => {
  const outcome = await playKills(6, 20191225);
  expect(outcome.acknowledged).toBeGreaterThan(50);
});
