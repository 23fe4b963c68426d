/** What changes without a new version crosses a link: annotations, expunges, the ways of a bucket. Locks and quotas bind at its end. */
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { type Random, seededRandom } from "../../../src/base/random.ts";
import type { RunningGateway } from "../../../src/gateway/gateway.ts";
import type { LinkStatus } from "../../../src/model/link-status.ts";
import { type ObjectPath, parseObjectName } from "../../../src/model/names.ts";
import type { BucketOptions } from "../../../src/model/namespace.ts";
import type { Version } from "../../../src/model/version.ts";
import { versionsIn } from "../../segment/support.ts";
import { SimNetwork } from "./sim-network.ts";
import { addressOf, BK1, receiverService, Site, senderService, service, until } from "./site.ts";

const LOCKED = { versioning: "enabled", lock: { default: undefined } } as const;
const sites: Site[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

const path = (name: string): ObjectPath => ({ ...BK1, object: parseObjectName(name) });

/** A site that has the bucket, and one that does not have it yet. */
async function pair(network: SimNetwork, options: Partial<BucketOptions> = {}) {
  const near = await Site.open({ name: "hawaii", network });
  const far = await Site.open({ name: "tokyo", network });
  sites.push(near, far);
  await near.bucket(BK1, options);
  const receiver = await far.start(receiverService());
  const address = await addressOf(receiver);
  return { near, far, receiver, address };
}

/** Also back: what is done at the far side comes to the near one. */
async function linkBack(near: Site, far: Site): Promise<void> {
  const listener = service("back-r", { "X-ISGW-Direction": "2", "X-ISGW-Local": "127.0.0.1:7" }, [
    "Hawaii/Cola/bk1",
  ]);
  const address = await addressOf(await near.start(listener));
  const settings = {
    "X-ISGW-Direction": "1",
    "X-ISGW-Remote": `ccow://${address}`,
    "X-ISGW-Interval": "50ms",
  };
  await far.start(service("back", settings, ["Hawaii/Cola/bk1"]));
}

/** All that replicates, as text. */
async function everything(site: Site): Promise<string> {
  const objects = await site.segment.replication.walk(BK1, undefined, 10_000).catch(() => []);
  return JSON.stringify(
    objects.map(({ object, versions, annotations, expunges }) => ({
      object,
      versions,
      annotations: annotations.map(({ uvid, record }) => [uvid, Object.entries(record).sort()]),
      expunges: expunges.map(({ uvid }) => uvid),
    })),
  );
}

async function same(near: Site, far: Site): Promise<void> {
  const answer = async () => {
    const [wanted, seen] = [await everything(near), await everything(far)];
    return wanted === seen ? "same" : `${wanted}\n${seen}`;
  };
  await until(answer, (text) => text === "same", 20_000);
}

/** Something that a user does; what cannot be done is not. */
async function act(site: Site, random: Random): Promise<void> {
  const pick = (count: number) => Math.floor(random.fraction() * count);
  const name = `object-${pick(4)}`;
  const { objects, annotations } = site.segment;
  const kept = versionsIn(await objects.listVersions(BK1)).filter(({ object }) => object === name);
  const version: Version | undefined = kept[pick(kept.length)];
  const kind = pick(10);
  if (kind < 4 || version === undefined) await site.put(name, random.bytes(pick(60_000)));
  else if (kind === 4) await site.delete(name);
  else if (kind < 8)
    await annotations.annotate(path(name), version, { tags: { n: `${pick(99)}` }, acl: "public-read" });
  else await objects.expunge(path(name), version);
}

describe("annotations and expunges", () => {
  it("cross in the initial pass and afterwards: tags, ACL, hold, retention, delete markers, removals", async () => {
    const network = new SimNetwork({ random: seededRandom(1) });
    const { near, far, address } = await pair(network, LOCKED);
    const { objects, annotations } = near.segment;
    const untilMs = Date.now() + 86_400_000;
    const retention = { mode: "governance", untilMs } as const;
    await near.put("a", "1");
    await annotations.annotate(path("a"), undefined, { tags: { k: "v" }, acl: "public-read", retention });
    const gone = await near.put("gone", "2");
    await objects.expunge(path("gone"), gone);
    await near.put("marked", "3");
    await near.delete("marked");
    await near.start(senderService(address));
    await same(near, far);
    expect((await far.segment.annotations.show(path("a"))).annotations).toEqual({
      tags: { k: "v" },
      acl: "public-read",
      hold: false,
      retention,
    });
    const [object] = await far.segment.replication.walk(BK1, parseObjectName("a"), 1);
    expect(object).toMatchObject({ object: "gone", versions: [], expunges: [{ uvid: gone.uvid }] });
    await annotations.annotate(path("a"), undefined, { hold: true, tags: {} });
    const later = await near.put("later", "4");
    await objects.expunge(path("later"), later);
    await same(near, far);
    const shown = await far.segment.annotations.show(path("a"));
    expect(shown.annotations).toMatchObject({ hold: true, tags: {}, acl: "public-read" });
  });

  it("go both ways and end the same, whatever the network does in between (seeded)", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async (seed) => {
        const random = seededRandom(seed);
        const cutAfter = () =>
          random.fraction() < 0.7 ? 2000 + Math.floor(random.fraction() * 60_000) : undefined;
        const network = new SimNetwork({ random, cutAfter });
        const { near, far, address } = await pair(network, { versioning: "enabled" });
        await near.start(senderService(address));
        await until(
          () => far.segment.namespace.showBucket(BK1).catch(() => undefined),
          (shown) => shown?.options.versioning === "enabled",
        );
        await linkBack(near, far);
        for (let step = 0; step < 30; step += 1)
          await act(step % 2 === 0 ? near : far, random).catch(() => undefined);
        network.cutAfter = undefined;
        await same(near, far);
        expect(JSON.parse(await everything(near)).length).toBeGreaterThan(0);
        await near.close();
        await far.close();
      }),
      { numRuns: 5, seed: 20191225, endOnFailure: true },
    );
  }, 60_000);

  it("survive a restart of either side in the middle", async () => {
    const random = seededRandom(9);
    const network = new SimNetwork({ random });
    const { near, far, address } = await pair(network, { versioning: "enabled" });
    for (let step = 0; step < 60; step += 1) await act(near, random).catch(() => undefined);
    for (let round = 0; round < 4; round += 1) {
      await near.start(senderService(address));
      const before = network.bytes;
      await until(
        () => network.bytes,
        (bytes) => bytes > before + 20_000,
      );
      if (round % 2 === 0) await near.restart();
      else {
        await far.restart();
        await near.stopLinks();
        await far.start(receiverService(undefined, { "X-ISGW-Local": address }));
      }
      for (let step = 0; step < 10; step += 1) await act(near, random).catch(() => undefined);
    }
    await near.stopLinks();
    await near.start(senderService(address));
    await same(near, far);
  }, 30_000);

  it("are counted at both ends", async () => {
    const network = new SimNetwork({ random: seededRandom(3) });
    const { near, far, receiver, address } = await pair(network, { versioning: "enabled" });
    const first = await near.put("a", "1");
    const sender = await near.start(senderService(address));
    await same(near, far);
    await near.segment.annotations.annotate(path("a"), undefined, { tags: { a: "1" } });
    await near.put("a", "2");
    await near.segment.objects.expunge(path("a"), first);
    await same(near, far);
    for (const link of [sender, receiver] as ReadonlyArray<RunningGateway<LinkStatus>>) {
      const counted = (status: LinkStatus) => status.buckets[0]?.counters;
      await until(
        () => counted(link.status()),
        (counters) => counters?.expunges === 1 && counters.refusedExpunges === 0,
      );
    }
  });
});

describe("a bucket that is made at the far side", () => {
  it("has versioning and lock of the near one, and no quota", async () => {
    const network = new SimNetwork({ random: seededRandom(4) });
    const lock = { default: { mode: "governance", days: 30 } } as const;
    const { near, far, address } = await pair(network, { lock, quotaBytes: 1_000_000, versionsKept: 3 });
    await near.put("a", "1");
    await near.start(senderService(address));
    await same(near, far);
    const { options } = await far.segment.namespace.showBucket(BK1);
    expect(options).toMatchObject({ versioning: "enabled", lock, versionsKept: 3 });
    expect([options.quotaBytes, options.quotaObjects]).toEqual([undefined, undefined]);
    const { annotations } = await far.segment.annotations.show(path("a"));
    expect(annotations.retention?.mode).toBe("governance");
  });
});

describe("locks and quotas at the far side", () => {
  it("keep a version that was removed at the near one: the error is shown, and the bucket goes on", async () => {
    const network = new SimNetwork({ random: seededRandom(5) });
    const { near, far, receiver, address } = await pair(network, LOCKED);
    const held = await near.put("held", "1");
    const sender = await near.start(senderService(address));
    await same(near, far);
    await far.segment.annotations.annotate(path("held"), undefined, { hold: true });
    await near.segment.objects.expunge(path("held"), held);
    await near.put("after", "2");
    await until(
      () => far.listing(),
      (seen) => "after" in seen,
    );
    expect(await far.listing()).toHaveProperty("held");
    const status = receiver.status();
    expect(status.lastError?.code).toBe("LOCKED");
    expect(status.lastError?.message).toContain("Hawaii/Cola/bk1/held");
    expect(status.buckets[0]).toMatchObject({ status: "error", counters: { refusedExpunges: 1 } });
    await until(
      () => sender.status().buckets[0],
      (row) => row?.counters.refusedExpunges === 1 && row.backlog.versions === 0,
    );
  });

  it("stop a bucket at its quota until there is room, and nothing is lost", async () => {
    const network = new SimNetwork({ random: seededRandom(6) });
    const { near, far, receiver, address } = await pair(network);
    await far.bucket(BK1, { quotaObjects: 2 });
    for (const name of ["a", "b", "c"]) await near.put(name, name);
    const sender = await near.start(senderService(address));
    await until(
      () => sender.status().lastError?.code,
      (code) => code === "QUOTA",
    );
    expect(receiver.status().buckets[0]?.status).toBe("error");
    expect(Object.keys(await far.listing()).length).toBeLessThanOrEqual(2);
    await far.segment.namespace.updateBucket(BK1, { quotaObjects: undefined });
    await same(near, far);
  });
});
