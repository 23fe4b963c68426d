/** What waits is counted exactly, whatever is logged and acknowledged in between. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BacklogCount } from "../../../src/gateway/isgw/sender/backlog-count.ts";
import type { Replication } from "../../../src/segment/replication.ts";
import { BK1 } from "./site.ts";

/** A log of sizes; counts how many entries were read. */
function logOf(sizes: number[]) {
  const reads = { entries: 0 };
  const replication = {
    logHead: async () => ({ logId: "", position: BigInt(sizes.length) }),
    readLog: async (_bucket: unknown, after: bigint, limit: number) => {
      const page = sizes.slice(Number(after), Number(after) + limit);
      reads.entries += page.length;
      return page.map((sizeBytes, index) => ({
        position: after + BigInt(index) + 1n,
        kind: "version",
        sizeBytes,
        loggedMs: Number(after) + index + 1,
      }));
    },
  } as unknown as Replication;
  return { replication, reads };
}

describe("the backlog", () => {
  it("is exact after any steps, back to an earlier position too", async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("log" as const), count: fc.integer({ min: 0, max: 3000 }) }),
      fc.record({ kind: fc.constant("ack" as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({ kind: fc.constant("back" as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const sizes: number[] = [];
        const { replication } = logOf(sizes);
        const count = new BacklogCount(replication, BK1);
        let acked = 0;
        for (const { kind, ...rest } of steps) {
          const share = "share" in rest ? rest.share : 0;
          if ("count" in rest)
            for (let left = rest.count; left > 0; left -= 1) sizes.push((sizes.length * 7919) % 1000);
          if (kind === "ack") acked += Math.floor((sizes.length - acked) * share);
          if (kind === "back") acked = Math.floor(acked * share);
          const waiting = sizes.slice(acked);
          expect(await count.look(BigInt(acked))).toEqual({
            versions: waiting.length,
            bytes: waiting.reduce((sum, size) => sum + size, 0),
            oldestLoggedMs: waiting.length === 0 ? undefined : acked + 1,
          });
        }
      }),
      { seed: 20191225, numRuns: 60 },
    );
  });

  it("reads each entry about once, however often it is looked at", async () => {
    const sizes: number[] = [];
    const { replication, reads } = logOf(sizes);
    const count = new BacklogCount(replication, BK1);
    for (let round = 0; round < 100; round += 1) {
      for (let left = 100; left > 0; left -= 1) sizes.push(1);
      await count.look(BigInt(Math.floor(sizes.length / 2)));
    }
    expect(reads.entries).toBeLessThan(10_000 + 200);
  });
});
