/** Links and encrypted buckets: each side keeps what it keeps in its own way, and what crosses is the same. */
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { openMemoryEngine } from "../../../src/engine/memory/memory-engine.ts";
import { parseBucketPath } from "../../../src/model/names.ts";
import type { Encryption } from "../../../src/model/namespace.ts";
import { addressOf, BK1, converged, receiverService, Site, senderService, until } from "./site.ts";

const BK2 = parseBucketPath("Hawaii/Cola/bk2");
const sites: Site[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

async function site(name: string, hasKey = true) {
  const engine = openMemoryEngine({ clock: systemClock });
  const segmentKey = hasKey ? { segmentKey: seededRandom(name.length).bytes(32) } : {};
  const opened = await Site.open({ name, engine, ...segmentKey });
  sites.push(opened);
  return { opened, engine };
}

/** Key ids of all stored chunks. */
async function keyIds(engine: ReturnType<typeof openMemoryEngine>): Promise<ReadonlySet<number>> {
  const listed = await engine.chunks.list(undefined, 10_000);
  const stored = await engine.chunks.getMany(listed.map(({ key }) => key));
  return new Set(stored.map((chunk) => chunk?.keyId ?? -1));
}

const edited = (bytes: Uint8Array) => {
  const copy = bytes.slice();
  copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
  return copy;
};

describe("a link of encrypted buckets", () => {
  it.each<readonly [Encryption, Encryption | undefined]>([
    ["aes256", undefined],
    ["aes256", "none"],
    ["none", "aes256"],
    ["aes256", "aes256"],
  ])("carries %s content to a bucket of %s, with differences", async (from, to) => {
    const [near, far] = [await site("hawaii"), await site("tokyo")];
    await near.opened.bucket(BK1, { encryption: from });
    if (to !== undefined) await far.opened.bucket(BK1, { encryption: to });
    const address = await addressOf(await far.opened.start(receiverService()));
    const sender = await near.opened.start(senderService(address));
    const large = seededRandom(1).bytes(2_000_000);
    await near.opened.put("large", large);
    await near.opened.put("small", "hello");
    await converged(near.opened, far.opened);
    const before = sender.status().buckets[0]?.counters.dataChunksSent ?? 0;
    await near.opened.put("large", edited(large));
    await near.opened.put("copy", edited(large));
    await converged(near.opened, far.opened);
    expect(Buffer.compare(await far.opened.read("large"), edited(large))).toBe(0);
    expect(Buffer.compare(await far.opened.read("copy"), edited(large))).toBe(0);
    expect((await far.opened.read("small")).toString()).toBe("hello");
    expect((sender.status().buckets[0]?.counters.dataChunksSent ?? 0) - before).toBeLessThanOrEqual(2);
    expect(await keyIds(near.engine)).toEqual(new Set([from === "none" ? 0 : 1]));
    expect(await keyIds(far.engine)).toEqual(new Set([(to ?? from) === "none" ? 0 : 1]));
  });

  it("keeps the same content apart in an encrypted and a plain bucket of one tenant", async () => {
    const [near, far] = [await site("hawaii"), await site("tokyo")];
    await near.opened.bucket(BK1, { encryption: "aes256" });
    await near.opened.bucket(BK2);
    const body = seededRandom(2).bytes(700_000);
    for (const bucket of [BK1, BK2]) await near.opened.put("a", body, bucket);
    const served = ["Hawaii/Cola"];
    const address = await addressOf(await far.opened.start(receiverService(served)));
    await near.opened.start(senderService(address, served));
    await converged(near.opened, far.opened, BK1);
    await converged(near.opened, far.opened, BK2);
    for (const bucket of [BK1, BK2]) {
      expect(Buffer.compare(await far.opened.read("a", bucket), body)).toBe(0);
    }
    expect(await keyIds(far.engine)).toEqual(new Set([0, 1]));
  });

  it("is refused in clear words by a receiver that has no key, which keeps nothing in plain", async () => {
    const [near, far] = [await site("hawaii"), await site("tokyo", false)];
    await near.opened.bucket(BK1, { encryption: "aes256" });
    await near.opened.put("a", seededRandom(3).bytes(100_000));
    const address = await addressOf(await far.opened.start(receiverService()));
    const sender = await near.opened.start(senderService(address));
    const status = await until(
      () => sender.status(),
      (seen) => seen.lastError !== undefined,
    );
    expect(JSON.stringify(status)).toContain("segment key");
    expect(far.engine.chunks.stats().chunkCount).toBe(0);
  });
});
