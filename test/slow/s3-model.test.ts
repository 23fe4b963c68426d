/** A real efsd over HTTP, killed now and then, against the model of S3: 6,000 steps from three seeds. */
import { expect, it } from "vitest";
import { playS3Kills } from "../support/s3-kills.ts";

it.each([1, 2, 3])(
  "finds no difference to the model in 2,000 steps with restarts by SIGKILL (seed %i)",
  async (seed) => {
    const outcome = await playS3Kills({ seed, steps: 1000, histories: 2 });
    process.stderr.write(`S3 model: ${JSON.stringify(outcome)}\n`);
    expect(outcome.kills).toBeGreaterThan(10);
  },
);
