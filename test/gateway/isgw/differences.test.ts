/** A change of a large object costs about what was changed, and a receiver without the base gets the whole. */
import { afterEach, describe, expect, it } from "vitest";
import { seededRandom } from "../../../src/base/random.ts";
import type { RunningGateway } from "../../../src/gateway/gateway.ts";
import { planDifference } from "../../../src/gateway/isgw/sender/difference.ts";
import { contentId, nodeId } from "../../../src/model/hash.ts";
import type { ContentId } from "../../../src/model/ids.ts";
import type { LinkStatus } from "../../../src/model/link-status.ts";
import type { Reference } from "../../../src/model/reference.ts";
import { addressOf, BK1, converged, receiverService, Site, senderService, until } from "./site.ts";

const sites: Site[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

const counters = (link: RunningGateway<LinkStatus>) => {
  const row = link.status().buckets[0];
  if (row === undefined) throw new Error("no row");
  return row.counters;
};

async function pairWith(body: Uint8Array) {
  const near = await Site.open({ name: "hawaii" });
  const far = await Site.open({ name: "tokyo" });
  sites.push(near, far);
  await near.bucket();
  await near.put("image", body);
  const sender = await near.start(senderService(await addressOf(await far.start(receiverService()))));
  await converged(near, far);
  await until(
    () => counters(sender).versionManifests,
    (count) => count === 1,
  );
  /** What a change costs: bytes on the link both ways, chunks and nodes. */
  const change = async (next: Uint8Array) => {
    const before = counters(sender);
    await near.put("image", next);
    await converged(near, far);
    await until(
      () => counters(sender).versionManifests,
      (count) => count === before.versionManifests + 1,
    );
    expect(Buffer.compare(await far.read("image"), next)).toBe(0);
    const after = counters(sender);
    return {
      bytes: after.bytesSent + after.bytesReceived - before.bytesSent - before.bytesReceived,
      chunks: after.dataChunksSent - before.dataChunksSent,
      nodes: after.chunkManifests - before.chunkManifests,
    };
  };
  return { near, far, sender, change };
}

describe("a change of 12 MB costs about what was changed", () => {
  const random = seededRandom(77);
  const body = random.bytes(12_000_000);

  it("when some bytes are overwritten, put in, taken out, moved and appended", async () => {
    const { change } = await pairWith(body);
    const overwritten = Buffer.from(body);
    overwritten.set(random.bytes(4096), 5_000_000);
    const overwrite = await change(overwritten);
    expect(overwrite.chunks).toBeLessThanOrEqual(3);
    expect(overwrite.bytes).toBeLessThan(4096 + 1200);
    const inserted = Buffer.concat([
      overwritten.subarray(0, 3_000_000),
      Buffer.from("hello"),
      overwritten.subarray(3_000_000),
    ]);
    expect((await change(inserted)).bytes).toBeLessThan(1200);
    const removed = Buffer.concat([inserted.subarray(0, 7_000_000), inserted.subarray(7_001_000)]);
    expect((await change(removed)).bytes).toBeLessThan(1200);
    const moved = Buffer.concat([removed.subarray(6_000_000), removed.subarray(0, 6_000_000)]);
    expect((await change(moved)).bytes).toBeLessThan(25_000);
    const appended = Buffer.concat([moved, random.bytes(10_000)]);
    expect((await change(appended)).bytes).toBeLessThan(11_500);
  });

  it("and when a hundred places are overwritten", async () => {
    const { change } = await pairWith(body);
    const next = Buffer.from(body);
    for (let place = 0; place < 100; place += 1) next.set(random.bytes(16), 100_000 * place + 5000);
    const cost = await change(next);
    expect(cost.bytes).toBeLessThan(12_000);
  });
});

describe("a small object that grows", () => {
  it("past what is kept beside the version crosses right", async () => {
    const { change } = await pairWith(new Uint8Array(900).fill(65));
    expect((await change(new Uint8Array(1500).fill(65))).chunks).toBe(1);
    expect((await change(new Uint8Array(10))).chunks).toBe(0);
    await change(new Uint8Array(0));
    await change(new Uint8Array(2_000_000));
  });
});

describe("a receiver without the base", () => {
  it("gets the whole", async () => {
    const near = await Site.open({ name: "hawaii" });
    const far = await Site.open({ name: "tokyo" });
    sites.push(near, far);
    await near.bucket();
    const body = seededRandom(3).bytes(400_000);
    await near.put("image", body);
    const head = await near.segment.replication.logHead(BK1);
    expect(head.position).toBe(1n);
    const sender = await near.start(
      senderService(await addressOf(await far.start(receiverService())), undefined, {
        "X-ISGW-Replication": "2",
      }),
    );
    await until(
      () => sender.status().state,
      (state) => state === "connected",
    );
    const next = Buffer.from(body);
    next.set(new Uint8Array(100), 200_000);
    await near.put("image", next);
    await until(
      () => far.listing().catch(() => ({})),
      (seen) => "image" in seen,
    );
    expect(Buffer.compare(await far.read("image"), next)).toBe(0);
    expect(counters(sender).bytesSent).toBeGreaterThan(400_000);
  });
});

describe("the plan of a difference", () => {
  const chunk = (tag: number, lengthBytes = 1000): Reference => ({
    kind: "chunk",
    id: contentId(new Uint8Array([tag, tag >> 8])),
    skipBytes: 0,
    lengthBytes,
  });
  const nodes = new Map<string, readonly Reference[]>();
  const node = (references: readonly Reference[]): Reference & { kind: "node"; id: ContentId } => {
    const text = JSON.stringify(
      references.map((reference) =>
        "id" in reference ? Buffer.from(reference.id).toString("hex") : reference,
      ),
    );
    const id = nodeId(new TextEncoder().encode(text));
    nodes.set(Buffer.from(id).toString("hex"), references);
    const lengthBytes = references.reduce((sum, reference) => sum + reference.lengthBytes, 0);
    return { kind: "node", id, skipBytes: 0, lengthBytes };
  };
  let opened = 0;
  const readNode = async (id: ContentId) => {
    opened += 1;
    return nodes.get(Buffer.from(id).toString("hex")) ?? [];
  };
  const hex = (reference: Reference) => ("id" in reference ? Buffer.from(reference.id).toString("hex") : "");

  it("gives a new chunk the old bytes between its unchanged neighbours, and a new node the old one of its place", async () => {
    const old = node([node([chunk(1), chunk(2), chunk(3)]), node([chunk(4), chunk(5), chunk(6)])]);
    const freshLeaf = node([chunk(4), chunk(50, 1300), chunk(6)]);
    const fresh = node([node([chunk(1), chunk(2), chunk(3)]), freshLeaf]);
    opened = 0;
    const plan = await planDifference(readNode, { base: old, root: fresh });
    expect(plan?.chunks.get(hex(chunk(50)))).toEqual([{ startByte: 4000, lengthBytes: 1000 }]);
    expect(plan?.nodes.get(hex(freshLeaf))?.[0]).toEqual(node([chunk(4), chunk(5), chunk(6)]).id);
    expect(plan?.nodes.get(hex(fresh))?.[0]).toEqual(old.id);
    expect(opened).toBe(4);
  });

  it("counts from the nearest unchanged neighbour when everything behind has shifted, levels differ and slices are used", async () => {
    const old = node([chunk(1), chunk(2), chunk(3), chunk(4)]);
    const fresh = node([node([chunk(9, 500), chunk(1)]), node([chunk(2), chunk(30, 900), chunk(4)])]);
    const plan = await planDifference(readNode, { base: old, root: fresh });
    expect(plan?.chunks.get(hex(chunk(30)))).toEqual([{ startByte: 2000, lengthBytes: 1000 }]);
    expect(plan?.chunks.has(hex(chunk(9)))).toBe(false);
    const sliced = { ...old, skipBytes: 1000, lengthBytes: 3000 };
    const again = await planDifference(readNode, { base: sliced, root: fresh });
    expect(again?.chunks.get(hex(chunk(30)))).toEqual([{ startByte: 1000, lengthBytes: 1000 }]);
  });

  it("looks only around its place in a long changed stretch", async () => {
    const old = node(Array.from({ length: 200 }, (_, index) => chunk(1000 + index, 60_000)));
    const fresh = node(Array.from({ length: 200 }, (_, index) => chunk(5000 + index, 60_000)));
    const plan = await planDifference(readNode, { base: old, root: fresh });
    expect(plan?.chunks.get(hex(chunk(5050)))).toEqual([
      { startByte: 50 * 60_000 - 32_768, lengthBytes: 60_000 + 65_536 },
    ]);
  });

  it("is none without a base", async () => {
    expect(await planDifference(readNode, { base: { kind: "none" }, root: chunk(1) })).toBeUndefined();
  });
});
