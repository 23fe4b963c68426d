/** Whatever the network does, two segments end with the same objects, and what has crossed does not cross again. */

import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { type Random, seededRandom } from "../../../src/base/random.ts";
import { parseBucketPath } from "../../../src/model/names.ts";
import { versionsIn } from "../../segment/support.ts";
import { SimNetwork } from "./sim-network.ts";
import { addressOf, BK1, converged, receiverService, Site, senderService, until } from "./site.ts";

const sites: Site[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

async function pair(network: SimNetwork, served = ["Hawaii/Cola/bk1"]) {
  const near = await Site.open({ name: "hawaii", network });
  const far = await Site.open({ name: "tokyo", network });
  sites.push(near, far);
  await near.bucket();
  const receiver = await far.start(receiverService(served));
  const address = await addressOf(receiver);
  return { near, far, receiver, address };
}

/** Some edits of a few objects: puts of many sizes, changes in place, deletes. */
async function edit(site: Site, random: Random, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const name = `object-${Math.floor(random.fraction() * 12)}`;
    const kind = random.fraction();
    if (kind < 0.15) await site.delete(name).catch(() => undefined);
    else if (kind < 0.5) await site.put(name, random.bytes(Math.floor(random.fraction() * 1500)));
    else if (kind < 0.8) await site.put(name, random.bytes(Math.floor(random.fraction() * 400_000)));
    else {
      const before = await site.read(name).catch(() => new Uint8Array(0));
      const place = Math.floor(random.fraction() * before.length);
      const inserted = random.bytes(1 + Math.floor(random.fraction() * 64));
      await site.put(name, Buffer.concat([before.subarray(0, place), inserted, before.subarray(place)]));
    }
  }
}

describe("two segments", () => {
  it("hold the same after any history of edits and cuts (seeded)", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async (seed) => {
        const random = seededRandom(seed);
        const cutAfter = () =>
          random.fraction() < 0.8 ? Math.floor(random.fraction() ** 2 * 600_000) : undefined;
        const network = new SimNetwork({ random, cutAfter });
        const { near, far, address } = await pair(network);
        await edit(near, random, 10);
        await near.start(senderService(address));
        await edit(near, random, 15);
        network.cutAfter = undefined;
        await converged(near, far);
        for (const name of Object.keys(await near.listing())) {
          expect(Buffer.compare(await far.read(name), await near.read(name))).toBe(0);
        }
        await near.close();
        await far.close();
      }),
      { numRuns: 6, seed: 20191225, endOnFailure: true },
    );
  });

  it("send a large object once though the link is cut twenty times in the middle of it", async () => {
    const body = seededRandom(7).bytes(24_000_000);
    const crossing = async (cuts: number) => {
      const random = seededRandom(11);
      let left = cuts;
      const network = new SimNetwork({ random });
      network.cutAfter = () => (left-- > 0 ? 300_000 + Math.floor(random.fraction() * 1_400_000) : undefined);
      const { near, far, address } = await pair(network);
      await near.put("large", body);
      await near.start(senderService(address));
      await converged(near, far);
      expect(Buffer.compare(await far.read("large"), body)).toBe(0);
      expect(network.cuts).toBe(cuts);
      return network.bytes;
    };
    const uncut = await crossing(0);
    const cut = await crossing(20);
    expect((cut - uncut) / 20).toBeLessThan(600_000);
  }, 60_000);

  it("lose nothing when either side restarts in the middle", async () => {
    const random = seededRandom(23);
    const network = new SimNetwork({ random });
    const { near, far, address } = await pair(network);
    const body = random.bytes(6_000_000);
    await near.put("large", body);
    for (let index = 0; index < 300; index += 1) await near.put(`small-${index}`, random.bytes(700));
    for (let round = 0; round < 6; round += 1) {
      await near.start(senderService(address));
      const before = network.bytes;
      const isDone = async () => "large" in (await far.listing().catch(() => ({})));
      await until(
        async () => network.bytes > before + 900_000 || (await isDone()),
        (isEnough) => isEnough,
      );
      if (await isDone()) break;
      if (round % 2 === 0) await near.restart();
      else {
        await far.restart();
        await near.stopLinks();
        await far.start(receiverService(undefined, { "X-ISGW-Local": address }));
      }
    }
    await near.stopLinks();
    await near.start(senderService(address));
    await converged(near, far);
    expect(Buffer.compare(await far.read("large"), body)).toBe(0);
    expect(network.bytes).toBeLessThan(6_210_000 * 1.4);
  });

  it("meet again after the receiver's bucket was emptied and made anew", async () => {
    const network = new SimNetwork({ random: seededRandom(3) });
    const { near, far, receiver, address } = await pair(network);
    await near.put("a", "1");
    const sender = await near.start(senderService(address));
    await converged(near, far);
    await near.stopLink(sender);
    await far.stopLink(receiver);
    await far.segment.services.update({
      ...(await far.segment.services.show(receiverService().name)),
      served: [],
    });
    await far.delete("a");
    await far.segment.namespace.deleteBucket(BK1);
    await far.start(receiverService(undefined, { "X-ISGW-Local": address }));
    await near.start(senderService(address));
    await converged(near, far);
  });

  it("meet again after the sender's bucket was deleted and made anew while the link ran", async () => {
    const network = new SimNetwork({ random: seededRandom(8) });
    const { near, far, address } = await pair(network, ["Hawaii/Cola"]);
    const served = ["Hawaii/Cola"];
    const other = parseBucketPath("Hawaii/Cola/other");
    await near.bucket(other);
    for (let index = 0; index < 5; index += 1) await near.put(`old-${index}`, "1", other);
    await near.start(senderService(address, served));
    await converged(near, far, other);
    for (let index = 0; index < 5; index += 1) await near.delete(`old-${index}`, other);
    await converged(near, far, other);
    const sender = await near.segment.services.show(senderService(address).name);
    await near.segment.services.update({ ...sender, served: [] });
    await near.segment.namespace.deleteBucket(other);
    await near.bucket(other);
    await near.put("new", "2", other);
    await converged(near, far, other);
    expect(Object.keys(await far.listing(other))).toEqual(["new"]);
  });

  it("meet again after the sender's log was lost and begun anew", async () => {
    const network = new SimNetwork({ random: seededRandom(4) });
    const { far, near, address } = await pair(network);
    await near.put("old", "1");
    const sender = await near.start(senderService(address));
    await converged(near, far);
    await near.stopLink(sender);
    const again = await Site.open({ name: "hawaii", network });
    sites.push(again);
    await again.bucket();
    await again.put("new", "2");
    await again.start(senderService(address));
    await until(
      () => far.listing(),
      (seen) => "new" in seen && "old" in seen,
    );
  });

  it("do not send back what came over the link, and converge in a ring", async () => {
    const network = new SimNetwork({ random: seededRandom(5) });
    const served = ["Hawaii/Cola"];
    const ring = await Promise.all(["a", "b", "c"].map((name) => Site.open({ name, network })));
    sites.push(...ring);
    const addresses: string[] = [];
    for (const site of ring) addresses.push(await addressOf(await site.start(receiverService(served))));
    for (const [index, site] of ring.entries()) {
      await site.bucket();
      await site.start(senderService(addresses[(index + 1) % 3] ?? "", served));
    }
    for (const [index, site] of ring.entries()) await site.put(`from-${index}`, `${index}`);
    for (const site of ring)
      await until(
        () => site.listing(),
        (seen) => Object.keys(seen).length === 3,
      );
    const heads = async () =>
      Promise.all(ring.map(async (site) => (await site.segment.replication.logHead(BK1)).position));
    expect(await heads()).toEqual([3n, 3n, 3n]);
  });

  it("carry every kept version and the same latest one", async () => {
    const network = new SimNetwork({ random: seededRandom(6) });
    const { near, far, address } = await pair(network, ["Hawaii/Cola"]);
    const kept = parseBucketPath("Hawaii/Cola/kept");
    await near.bucket(kept, { versionsKept: 5 });
    for (let index = 0; index < 8; index += 1) await near.put("a", `version ${index}`, kept);
    await near.start(senderService(address, ["Hawaii/Cola"]));
    await converged(near, far, kept);
    const versions = async (site: Site) =>
      versionsIn(await site.segment.objects.listVersions(kept)).map((version) => version.uvid);
    expect(await versions(far)).toEqual(await versions(near));
    expect((await versions(far)).length).toBe(5);
  });
});
