/** A real efsd over HTTP, killed now and then, against the model of S3, in short; test/slow has the long form. */
import { expect, it } from "vitest";
import { playS3Kills } from "../../support/s3-kills.ts";

it("finds no difference to the model in 300 steps with restarts by SIGKILL", async () => {
  const outcome = await playS3Kills({ seed: 20_261_122, steps: 300, histories: 1 });
  expect(outcome.kills).toBeGreaterThan(0);
});
