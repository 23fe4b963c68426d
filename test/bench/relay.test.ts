/** The counting relay: what it counts, that a delay keeps order, and that a cut falls on its byte. */
import { connect, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Relay, type RelayOptions } from "../../bench/relay.ts";

const closers: Array<() => Promise<unknown> | unknown> = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server that takes in everything, answers `answerBytes` at the end of the stream and then ends. */
async function sink(answerBytes: number) {
  const received: Buffer[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("data", (bytes) => received.push(bytes));
    socket.on("end", () => socket.end(Buffer.alloc(answerBytes, 7)));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { port: address.port, received: () => Buffer.concat(received) };
}

async function openRelay(options: RelayOptions) {
  const relay = await Relay.open(options);
  closers.push(() => relay.close());
  return relay;
}

async function readAll(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

describe("the counting relay", () => {
  it("hands on every byte of both directions and counts them", async () => {
    const target = await sink(54_321);
    const relay = await openRelay({ targetPort: target.port });
    const sent = Buffer.alloc(3_000_001, 1).map((_, index) => index * 31);
    const socket = connect({ port: relay.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.end(sent);
    const answer = await readAll(socket);
    expect(answer.length).toBe(54_321);
    expect(target.received().equals(sent)).toBe(true);
    expect(relay.counts()).toEqual({
      toTargetBytes: 3_000_001,
      fromTargetBytes: 54_321,
      totalBytes: 3_054_322,
      connectionCount: 1,
    });
  });

  it("delays each direction, keeps the order and does not throttle", async () => {
    const target = await sink(10);
    const relay = await openRelay({ targetPort: target.port, delayMs: 60 });
    const sent = Buffer.alloc(8_000_000).map((_, index) => index * 17);
    const startMs = performance.now();
    const socket = connect({ port: relay.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.end(sent);
    await readAll(socket);
    const tookMs = performance.now() - startMs;
    expect(target.received().equals(sent)).toBe(true);
    expect(tookMs).toBeGreaterThan(119);
    expect(tookMs).toBeLessThan(2000);
  });

  it("cuts on the byte that it was told, in the middle of the stream, and takes new connections", async () => {
    const target = await sink(10);
    const relay = await openRelay({ targetPort: target.port });
    const cut = relay.cutAfter(1_234_567);
    const socket = connect({ port: relay.port, host: "127.0.0.1" });
    socket.on("error", () => {});
    socket.write(Buffer.alloc(5_000_000));
    await Promise.all([cut, new Promise((resolve) => socket.once("close", resolve))]);
    expect(relay.counts().toTargetBytes).toBe(1_234_567);

    const again = connect({ port: relay.port, host: "127.0.0.1", allowHalfOpen: true });
    again.end("hello");
    expect((await readAll(again)).length).toBe(10);
  });
});
