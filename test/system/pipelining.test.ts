/** A link over a long way, in short: a round trip is never paid for an object. test/slow has the long form. */
import { expect, it } from "vitest";
import { replicationMs } from "../support/pipelining.ts";

it("carries 1,000 small objects over 100 ms of round trip in a few round trips", async () => {
  const nearMs = await replicationMs(1000, 0);
  const farMs = await replicationMs(1000, 100);
  // A handshake, an offer, the pieces: a dozen round trips, where one for each object would be 100 s.
  expect(farMs).toBeLessThan(Math.max(3 * nearMs, nearMs + 2000));
});
