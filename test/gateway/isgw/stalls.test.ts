/** Peers that fall silent or make no progress are dropped; batching and delay keep to the clock. Clocks go faster than real. */
import type { Duplex } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { seededRandom, systemRandom } from "../../../src/base/random.ts";
import { FrameConnection } from "../../../src/gateway/isgw/link/connection.ts";
import {
  handshakeAsReceiver,
  handshakeAsSender,
  type Self,
} from "../../../src/gateway/isgw/link/handshake.ts";
import { type Listening, tcpNetwork } from "../../../src/gateway/isgw/network.ts";
import { encodeBatch } from "../../../src/gateway/isgw/wire/batch.ts";
import { FRAME } from "../../../src/gateway/isgw/wire/frame.ts";
import { encodeOpen, encodeOpened } from "../../../src/gateway/isgw/wire/messages.ts";
import { logIdOf, segmentIdOf, writerIdOf } from "../../../src/model/ids.ts";
import { parseServedPath } from "../../../src/model/names.ts";
import { DEFAULT_BUCKET_OPTIONS } from "../../../src/model/namespace.ts";
import { someVersion } from "./frames.ts";
import { addressOf, BK1, converged, receiverService, Site, senderService, until } from "./site.ts";

const SPEED = 60;
const sites: Site[] = [];
const listenings: Listening[] = [];
const streams: Duplex[] = [];
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.destroy();
  for (const site of sites.splice(0)) await site.close();
  for (const listening of listenings.splice(0)) await listening.close();
});

const NO_METER = { sent: () => {}, received: () => {} };
const TOOLS = { clock: systemClock, random: systemRandom };

function impostor(direction: 1 | 2): Self {
  return {
    segment: segmentIdOf(new Uint8Array(8).fill(0x44)),
    writer: writerIdOf(new Uint8Array(8).fill(0x55)),
    segmentName: "impostor",
    service: "impostor",
    direction,
    replication: direction === 1 ? 3 : 0,
    key: new TextEncoder().encode("test123"),
    served: [parseServedPath("Hawaii/Cola")],
    servedTexts: ["Hawaii/Cola"],
  };
}

async function site(name: string, speed = SPEED): Promise<Site> {
  const opened = await Site.open({ name, speed });
  sites.push(opened);
  await opened.bucket();
  return opened;
}

/** A receiver that shakes hands, opens what is offered, and does nothing else. */
async function lazyReceiver(isAlive: boolean): Promise<string> {
  const listening = await tcpNetwork.listen({ host: "127.0.0.1", port: 0 }, (stream) => {
    streams.push(stream);
    const connection = new FrameConnection(stream, systemClock, NO_METER);
    const shake = async () => {
      await handshakeAsReceiver(connection, impostor(2), TOOLS);
      if (!isAlive) {
        stream.pause();
        return;
      }
      connection.listen((frame) => {
        if (frame.type !== FRAME.OPEN) return;
        const body = encodeOpened({ logId: logIdOf(new Uint8Array(8)), mark: undefined });
        void connection.send({ type: FRAME.OPENED, exchange: frame.exchange, body });
        // The real clock pings every 5 s, too slow for the sender's fast one.
        const ping = () => connection.send({ type: FRAME.PING, exchange: 0, body: new Uint8Array(8) });
        const timer = setInterval(() => void ping().catch(() => clearInterval(timer)), 50);
      });
    };
    shake().catch(() => undefined);
  });
  listenings.push(listening);
  return listening.address;
}

describe("a sender", () => {
  it("drops a receiver from which nothing comes any more", async () => {
    const near = await site("hawaii");
    const sender = await near.start(senderService(await lazyReceiver(false)));
    const seen = await until(
      () => sender.status(),
      (status) => status.lastError?.code === "TIMEOUT",
    );
    expect(seen.lastError?.message).toContain("nothing came from the peer for");
    expect(seen.buckets[0]?.counters.networkErrors).toBeGreaterThan(0);
  });

  it("drops a receiver that lives and makes no progress", async () => {
    const near = await site("hawaii");
    await near.put("a", "1");
    const sender = await near.start(senderService(await lazyReceiver(true)));
    const seen = await until(
      () => sender.status(),
      (status) => status.lastError?.code === "TIMEOUT",
    );
    expect(seen.lastError?.message).toContain("no progress");
  });

  it("counts what waits and how long while nobody listens, and after a restart too", async () => {
    const near = await site("hawaii", 1);
    const far = await site("tokyo", 1);
    const receiver = await far.start(receiverService());
    const address = await addressOf(receiver);
    const sender = await near.start(senderService(address));
    await near.put("a", "1");
    await converged(near, far);
    await until(
      () => sender.status(),
      (status) => status.buckets[0]?.backlog.versions === 0 && status.buckets[0].status === "idle",
    );
    await far.stopLink(receiver);
    await near.put("b", new Uint8Array(5000));
    await near.put("c", new Uint8Array(600));
    const seen = await until(
      () => sender.status(),
      (status) => status.buckets[0]?.backlog.versions === 2,
    );
    expect(seen.buckets[0]?.backlog.bytes).toBe(5600);
    expect(seen.buckets[0]?.status).toBe("error");
    const later = await until(
      () => sender.status(),
      (status) => (status.buckets[0]?.delayMs ?? 0) > (seen.buckets[0]?.delayMs ?? 0) + 50,
    );
    expect(later.nextAttemptMs === undefined || later.nextAttemptMs > 0).toBe(true);
    await near.restart();
    const again = await near.start(senderService(address));
    await until(
      () => again.status(),
      (status) => status.buckets[0]?.backlog.bytes === 5600,
    );
  });

  it("gathers changes for an interval, and sends the first after a quiet time at once", async () => {
    const near = await site("hawaii", 1);
    const far = await site("tokyo", 1);
    const sender = await near.start(
      senderService(await addressOf(await far.start(receiverService())), undefined, {
        "X-ISGW-Interval": "800ms",
      }),
    );
    const requests = () => sender.status().buckets[0]?.counters.requests ?? 0;
    await until(
      () => sender.status(),
      (status) => status.state === "connected" && status.buckets[0]?.phase === "continuous",
    );
    await until(
      () => sender.status(),
      (status) => status.buckets[0]?.status === "idle",
    );
    await systemClock.sleep(800);
    const startMs = systemClock.monotonicMs();
    await near.put("first", "1");
    await converged(near, far);
    expect(systemClock.monotonicMs() - startMs).toBeLessThan(700);
    const before = requests();
    for (let index = 0; index < 20; index += 1) await near.put(`more-${index}`, "2");
    await converged(near, far);
    expect(requests() - before).toBeLessThan(8);
    expect(sender.status().buckets[0]?.delayMs).toBeLessThan(5000);
  });
});

describe("a receiver", () => {
  it("drops a sender that owes pieces and gives none", async () => {
    const far = await site("tokyo");
    const receiver = await far.start(receiverService());
    const [host = "", port = ""] = (await addressOf(receiver)).split(":");
    const stream = await tcpNetwork.dial({ host, port: Number(port) }, new AbortController().signal);
    const connection = new FrameConnection(
      stream,
      { ...systemClock, sleep: (delayMs, signal) => systemClock.sleep(delayMs / SPEED, signal) },
      NO_METER,
    );
    await handshakeAsSender(connection, impostor(1), TOOLS);
    const seen: number[] = [];
    connection.listen((frame) => seen.push(frame.type));
    const options = {
      ...DEFAULT_BUCKET_OPTIONS,
      chunking: { kind: "content" } as const,
      versionsKept: 1,
      custom: {},
    };
    const open = { path: BK1, logId: logIdOf(new Uint8Array(8).fill(9)), headPosition: 1n, options };
    await connection.send({ type: FRAME.OPEN, exchange: 1, body: encodeOpen(open) });
    await until(
      () => seen,
      (types) => types.includes(FRAME.OPENED),
    );
    const versions = [
      { version: someVersion(1, seededRandom(1).bytes(100)), base: { kind: "none" } as const },
    ];
    await connection.send({
      type: FRAME.BATCH,
      exchange: 1,
      body: encodeBatch({ channel: 1, mark: undefined, versions, annotations: [], expunges: [] }),
    });
    await connection.closed;
    const status = await until(
      () => receiver.status(),
      (found) => found.lastError?.code === "TIMEOUT",
    );
    expect(status.lastError?.message).toContain("the sender gave nothing");
    expect(seen).toContain(FRAME.PULL);
  });

  it("keeps its door open though strangers hold every place", async () => {
    const near = await site("hawaii", 1);
    const far = await site("tokyo", 1);
    const address = await addressOf(await far.start(receiverService()));
    const [host = "", port = ""] = address.split(":");
    const strangers = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const stream = await tcpNetwork.dial({ host, port: Number(port) }, new AbortController().signal);
        stream.on("error", () => undefined);
        return stream;
      }),
    );
    await near.put("a", "1");
    await near.start(senderService(address));
    await converged(near, far, BK1, 5000);
    for (const stranger of strangers) stranger.destroy();
  });
});
