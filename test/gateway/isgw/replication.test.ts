/** A link over loopback between two segments on memory: what is put at one side is at the other. */
import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import type { RunningGateway } from "../../../src/gateway/gateway.ts";
import type { LinkStatus } from "../../../src/model/link-status.ts";
import { parseBucketPath } from "../../../src/model/names.ts";
import { addressOf, BK1, converged, receiverService, Site, senderService, until } from "./site.ts";

const sites: Site[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

async function pair(served = ["Hawaii/Cola/bk1"], more: Record<string, string> = {}) {
  const near = await Site.open({ name: "hawaii" });
  const far = await Site.open({ name: "tokyo" });
  sites.push(near, far);
  const receiver = await far.start(receiverService(served));
  const address = await addressOf(receiver);
  const start = () => near.start(senderService(address, served, more));
  return { near, far, receiver, address, start };
}

const counters = (link: RunningGateway<LinkStatus>) => link.status().buckets[0]?.counters;

describe("a link", () => {
  it("carries what was there before and what is put later, deletes too", async () => {
    const { near, far, receiver, start } = await pair();
    await near.bucket();
    const large = randomBytes(3_000_000);
    await near.put("large", large);
    await near.put("small", "hello");
    await near.put("empty", "");
    await near.put("gone", "soon");
    const sender = await start();
    await converged(near, far);
    await near.put("later", randomBytes(100_000));
    await near.delete("gone");
    await converged(near, far);
    expect(Buffer.compare(await far.read("large"), large)).toBe(0);
    expect(Object.keys(await far.listing())).toEqual(["empty", "large", "later", "small"]);
    await until(
      () => sender.status(),
      (status) => status.buckets[0]?.backlog.versions === 0 && status.state === "connected",
    );
    const sent = sender.status();
    expect(sent.peer?.name).toBe("tokyo");
    expect(receiver.status().peer?.name).toBe("hawaii");
    expect(sent.buckets[0]).toMatchObject({ path: "Hawaii/Cola/bk1", phase: "continuous", mode: "complete" });
    expect(counters(sender)?.dataChunksSent).toBe(counters(receiver)?.dataChunksReceived);
    expect(counters(sender)?.versionManifests).toBe(6);
  });

  it("sends no chunk for a copy under another name", async () => {
    const { near, far, start } = await pair();
    await near.bucket();
    await near.put("one", randomBytes(500_000));
    const sender = await start();
    await converged(near, far);
    const before = await until(
      () => counters(sender),
      (seen) => (seen?.versionManifests ?? 0) === 1,
    );
    const object = (name: string) => ({ ...BK1, object: name }) as never;
    await near.segment.objects.copy(object("one"), object("two"));
    await converged(near, far);
    const after = await until(
      () => counters(sender),
      (seen) => (seen?.versionManifests ?? 0) === 2,
    );
    expect(after?.dataChunksSent).toBe(before?.dataChunksSent);
    expect(after?.alreadyThereBytes).toBe((before?.alreadyThereBytes ?? 0) + 500_000);
  });

  it("makes the buckets of a served tenant, those that come later too, with their options", async () => {
    const { near, far, start } = await pair(["Hawaii/Cola"]);
    await near.bucket(BK1, { versionsKept: 3 });
    await near.put("a", "1");
    await start();
    await converged(near, far);
    const later = parseBucketPath("Hawaii/Cola/later");
    await near.bucket(later, { chunking: { kind: "fixed", chunkBytes: 16384 } });
    await near.put("b", randomBytes(40_000), later);
    await converged(near, far, later);
    expect((await far.segment.namespace.showBucket(BK1)).options.versionsKept).toBe(3);
    expect((await far.segment.namespace.showBucket(later)).options.chunking).toEqual({
      kind: "fixed",
      chunkBytes: 16384,
    });
  });

  it("of type initial makes one pass and is done", async () => {
    const { near, far, start } = await pair(["Hawaii/Cola/bk1"], { "X-ISGW-Replication": "1" });
    await near.bucket();
    await near.put("before", "1");
    const sender = await start();
    await until(
      () => sender.status(),
      (status) => status.buckets[0]?.phase === "done" && status.buckets[0].status === "idle",
    );
    await near.put("after", "2");
    await until(
      () => sender.status(),
      (status) => status.buckets[0]?.backlog.versions === 1,
    );
    expect(Object.keys(await far.listing())).toEqual(["before"]);
  });

  it("of type continuous carries only what was put after it first served the bucket", async () => {
    const { near, far, start } = await pair(["Hawaii/Cola/bk1"], { "X-ISGW-Replication": "2" });
    await near.bucket();
    await near.put("before", "1");
    const sender = await start();
    await until(
      () => sender.status(),
      (status) => status.buckets[0]?.phase === "continuous" && status.state === "connected",
    );
    await near.put("after", "2");
    await until(
      () => far.listing().catch(() => ({})),
      (seen) => "after" in seen,
    );
    expect(Object.keys(await far.listing())).toEqual(["after"]);
  });

  it("goes on where it was after a restart of either side, and counts on", async () => {
    const { near, far, start } = await pair();
    await near.bucket();
    for (let index = 0; index < 20; index += 1) await near.put(`a${index}`, randomBytes(2000));
    const first = await start();
    await converged(near, far);
    await until(
      () => counters(first),
      (seen) => seen?.versionManifests === 20,
    );
    await near.restart();
    await near.put("b", "2");
    const second = await start();
    await converged(near, far);
    await until(
      () => counters(second),
      (seen) => seen?.versionManifests === 21,
    );
    expect(counters(second)?.alreadyThereVersions).toBe(0);
    await far.restart();
    await near.put("c", "3");
    const receiver = await far.start(receiverService());
    await near.stopLink(second);
    const sender = await near.start(senderService(await addressOf(receiver)));
    await converged(near, far);
    expect(counters(receiver)?.versionManifests).toBe(22);
    await until(
      () => counters(sender),
      (seen) => seen?.versionManifests === 22,
    );
  });
});
