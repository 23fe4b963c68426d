/** Content that is damaged at the sender, bytes that are damaged on the way, a receiver that cannot store. */
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { seededRandom } from "../../../src/base/random.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { openMemoryEngine } from "../../../src/engine/memory/memory-engine.ts";
import { type Network, tcpNetwork } from "../../../src/gateway/isgw/network.ts";
import { addressOf, converged, receiverService, Site, senderService, until } from "./site.ts";

const sites: Site[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

/** An engine whose stored chunks are flipped as long as `isBad`. */
function rottenEngine(): Engine & { isBad: boolean } {
  const engine = openMemoryEngine({ clock: systemClock });
  const rotten = { ...engine, isBad: false, space: () => engine.space(), close: () => engine.close() };
  const spoil = <T extends { bytes: Uint8Array } | undefined>(stored: T): T => {
    if (!rotten.isBad || stored === undefined) return stored;
    const bytes = stored.bytes.slice();
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    return { ...stored, bytes };
  };
  const store = engine.chunks;
  rotten.chunks = new Proxy(store, {
    get: (target, name) => {
      if (name === "get") return async (key: Uint8Array) => spoil(await store.get(key));
      if (name === "getMany") return async (keys: Uint8Array[]) => (await store.getMany(keys)).map(spoil);
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return rotten;
}

describe("damage at the sender", () => {
  it("leaves out the version that cannot be read, says so, and sends it when it can be read again", async () => {
    const engine = rottenEngine();
    const near = await Site.open({ name: "hawaii", engine });
    const far = await Site.open({ name: "tokyo" });
    sites.push(near, far);
    await near.bucket();
    const body = seededRandom(1).bytes(40_000);
    await near.put("large", body);
    await near.put("small", "fine");
    engine.isBad = true;
    const address = await addressOf(await far.start(receiverService()));
    const sender = await near.start(senderService(address));
    await until(
      () => far.listing().catch(() => ({})),
      (seen) => "small" in seen,
    );
    const seen = await until(
      () => sender.status(),
      (status) => status.buckets[0]?.status === "error",
    );
    expect(seen.lastError?.code).toBe("CHUNK_CORRUPT");
    expect(seen.lastError?.message).toContain("Hawaii/Cola/bk1/large");
    expect(seen.buckets[0]?.counters.localIoErrors).toBeGreaterThan(0);
    await near.put("later", "goes on");
    await until(
      () => far.listing(),
      (listing) => "later" in listing,
    );
    expect(Object.keys(await far.listing())).toEqual(["later", "small"]);
    engine.isBad = false;
    await near.restart();
    await near.start(senderService(address));
    await converged(near, far);
    expect(Buffer.compare(await far.read("large"), body)).toBe(0);
  });
});

describe("damage on the way", () => {
  it("closes the connection and harms nothing", async () => {
    const random = seededRandom(9);
    let damages = 8;
    const network: Network = {
      listen: tcpNetwork.listen,
      dial: async (endpoint, signal) => {
        const socket = await tcpNetwork.dial(endpoint, signal);
        if (damages-- <= 0) return socket;
        let left = 2000 + Math.floor(random.fraction() * 150_000);
        const write = socket.write.bind(socket);
        socket.write = ((bytes: Uint8Array) => {
          const copy = Buffer.from(bytes);
          if (left >= 0 && left < copy.length) copy[left] = (copy[left] ?? 0) ^ 4;
          left -= copy.length;
          return write(copy);
        }) as typeof socket.write;
        return socket;
      },
    };
    const near = await Site.open({ name: "hawaii", network });
    const far = await Site.open({ name: "tokyo" });
    sites.push(near, far);
    await near.bucket();
    for (let index = 0; index < 30; index += 1) await near.put(`object-${index}`, random.bytes(20_000));
    await near.start(senderService(await addressOf(await far.start(receiverService()))));
    await converged(near, far);
    expect(damages).toBeLessThan(4);
    for (const name of Object.keys(await near.listing())) {
      expect(Buffer.compare(await far.read(name), await near.read(name))).toBe(0);
    }
  });
});

describe("a receiver that cannot store", () => {
  it("says why at both ends, and goes on when it can", async () => {
    let freeBytes = 2 ** 39;
    const space = () => ({ totalBytes: 2 ** 40, freeBytes });
    const near = await Site.open({ name: "hawaii" });
    const far = await Site.open({ name: "tokyo", engine: openMemoryEngine({ clock: systemClock, space }) });
    sites.push(near, far);
    await near.bucket();
    await near.put("a", seededRandom(2).bytes(30_000));
    const receiver = await far.start(receiverService());
    freeBytes = 1024;
    expect((await far.segment.usage()).isWritable).toBe(false);
    const sender = await near.start(senderService(await addressOf(receiver)));
    const seen = await until(
      () => sender.status(),
      (status) => status.buckets[0]?.status === "error",
    );
    expect(seen.lastError?.code).toBe("NO_SPACE");
    expect(seen.buckets[0]?.counters.remoteIoErrors).toBeGreaterThan(0);
    expect(seen.state).toBe("connected");
    freeBytes = 2 ** 39;
    expect((await far.segment.usage()).isWritable).toBe(true);
    await converged(near, far);
    await until(
      () => sender.status(),
      (status) => status.buckets[0]?.status === "idle",
    );
  });
});
