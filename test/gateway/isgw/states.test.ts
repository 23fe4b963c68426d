/** What keeps a link from working has a name, at both ends, within a second, with the command that mends it. */
import net from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { RunningGateway } from "../../../src/gateway/gateway.ts";
import { encodeFrame, FRAME } from "../../../src/gateway/isgw/wire/frame.ts";
import { encodeHello } from "../../../src/gateway/isgw/wire/hello.ts";
import type { LinkState, LinkStatus } from "../../../src/model/link-status.ts";
import { parseBucketPath } from "../../../src/model/names.ts";
import { addressOf, BK1, converged, receiverService, Site, senderService, service, until } from "./site.ts";

const sites: Site[] = [];
const servers: net.Server[] = [];
const sockets = new Set<net.Socket>();
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
});

async function site(name: string, options: Parameters<typeof Site.open>[0] = {}): Promise<Site> {
  const opened = await Site.open({ name, ...options });
  sites.push(opened);
  await opened.bucket();
  return opened;
}

/** Within a second, as promised. */
const shows = (link: RunningGateway<LinkStatus>, state: LinkState) =>
  until(
    () => link.status(),
    (status) => status.state === state,
    1000,
  );

/** Listens and treats connections as told; the address. */
async function fakeReceiver(onSocket: (socket: net.Socket) => void): Promise<string> {
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  return `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

describe("a link that cannot work says", () => {
  it("same segment, when both services are of one segment", async () => {
    const only = await site("hawaii");
    const receiver = await only.start(receiverService());
    const sender = await only.start(senderService(await addressOf(receiver)));
    const seen = await shows(sender, "same segment");
    expect(seen.lastError).toMatchObject({
      code: "SAME_SEGMENT",
      fix: "efscli service config hawaii X-ISGW-Remote ccow://HOST:PORT",
    });
    expect(seen.stateText).toContain(only.segment.id);
    expect(seen.buckets[0]?.status).toBe("error");
    expect(seen.peer?.segment).toBe(only.segment.id);
    await shows(receiver, "same segment");
    await until(
      () => sender.status(),
      (status) => status.nextAttemptMs !== undefined,
    );
  });

  it("cloned segment, when one data directory is a copy of the other", async () => {
    const near = await site("hawaii");
    const copy = await site("hawaii", { engine: near.engine });
    expect(copy.segment.id).toBe(near.segment.id);
    const receiver = await copy.start(receiverService());
    const sender = await near.start(senderService(await addressOf(receiver)));
    expect((await shows(sender, "cloned segment")).lastError?.code).toBe("CLONED_SEGMENT");
    await shows(receiver, "cloned segment");
  });

  it("wrong key, and nothing crosses", async () => {
    const [near, far] = [await site("hawaii"), await site("tokyo")];
    await near.put("a", "1");
    const other = Buffer.from("other:other").toString("base64");
    const receiver = await far.start(receiverService());
    const sender = await near.start(
      senderService(await addressOf(receiver), undefined, { "X-ISGW-Basic-Auth": other }),
    );
    expect((await shows(sender, "wrong key")).lastError?.fix).toContain("X-ISGW-Basic-Auth");
    const seen = await shows(receiver, "wrong key");
    expect(seen.lastError?.code).toBe("AUTH_KEY_WRONG");
    expect(await far.listing()).toEqual({});
  });

  it("wrong key, when only one side has one", async () => {
    const [near, far] = [await site("hawaii"), await site("tokyo")];
    const receiver = await far.start(receiverService());
    const sender = await near.start(
      senderService(await addressOf(receiver), undefined, { "X-ISGW-Basic-Auth": "-" }),
    );
    expect((await shows(sender, "wrong key")).stateText).toContain("has none");
    await shows(receiver, "wrong key");
  });

  it("nothing of the kind, when neither side has a key", async () => {
    const [near, far] = [await site("hawaii"), await site("tokyo")];
    await near.put("a", "1");
    const none = { "X-ISGW-Basic-Auth": "-" };
    const receiver = await far.start(receiverService(undefined, none));
    await near.start(senderService(await addressOf(receiver), undefined, none));
    await converged(near, far);
  });

  it("directions do not pair, when a sender dials a sender", async () => {
    const [near, far] = [await site("hawaii"), await site("tokyo")];
    const wrong = senderService("127.0.0.1:1", undefined, { "X-ISGW-Local": "127.0.0.1:0" });
    const listening = await far.start({ ...wrong, name: service("other", {}, []).name });
    const sender = await near.start(senderService(await addressOf(listening)));
    expect((await shows(sender, "directions do not pair")).stateText).toContain("both ends send");
    expect(listening.status().state).toBe("refused");
  });

  it("path refused, when the receiver serves other paths", async () => {
    const [near, far] = [await site("hawaii"), await site("tokyo")];
    const receiver = await far.start(receiverService(["Hawaii/Cola/other"]));
    const sender = await near.start(senderService(await addressOf(receiver)));
    const seen = await shows(sender, "path refused");
    expect(seen.stateText).toContain("Hawaii/Cola/other");
    expect(seen.lastError?.fix).toContain("efscli service serve");
    expect((await shows(receiver, "path refused")).lastError?.fix).toBe(
      "efscli service serve hawaii-r Hawaii/Cola/bk1",
    );
  });

  it("path refused for the one bucket that is not served, while the other works", async () => {
    const [near, far] = [await site("hawaii"), await site("tokyo")];
    const secret = parseBucketPath("Hawaii/Cola/secret");
    await near.bucket(secret);
    await near.put("a", "1");
    await near.put("b", "2", secret);
    const receiver = await far.start(receiverService());
    const sender = await near.start(senderService(await addressOf(receiver), ["Hawaii/Cola"]));
    const seen = await shows(sender, "path refused");
    expect(seen.lastError?.fix).toBe("efscli service serve hawaii-r Hawaii/Cola/secret");
    await converged(near, far);
    const rows = new Map(sender.status().buckets.map((row) => [row.path, row.status]));
    expect(rows.get("Hawaii/Cola/secret")).toBe("error");
    expect(await far.listing(secret).catch((error) => error.code)).toBe("BUCKET_NOT_FOUND");
  });

  it("refused, when nobody listens, and connects when somebody does", async () => {
    const [near, far] = [await site("hawaii"), await site("tokyo")];
    const receiver = await far.start(receiverService());
    const address = await addressOf(receiver);
    await far.stopLink(receiver);
    const sender = await near.start(senderService(address));
    const seen = await shows(sender, "refused");
    expect(seen.stateText).toBe(`nobody listens at ${address}`);
    expect(seen.buckets[0]?.counters.networkErrors).toBeGreaterThan(0);
    await far.start(receiverService(undefined, { "X-ISGW-Local": address }));
    await until(
      () => sender.status(),
      (status) => status.state === "connected",
    );
  });

  it("no answer, and for how long, when the far side takes the connection and says nothing", async () => {
    const near = await site("hawaii");
    const sender = await near.start(senderService(await fakeReceiver(() => undefined)));
    expect(sender.status().state).toBe("connecting");
    const seen = await until(
      () => sender.status(),
      (status) => status.state === "no answer",
      1500,
    );
    expect(seen.stateText).toMatch(/^connecting to 127\.0\.0\.1:\d+, no answer for 1 s$/);
    expect(seen.buckets[0]?.status).toBe("error");
  });

  it("protocol version, when the two have none in common", async () => {
    const near = await site("hawaii");
    const body = encodeHello({ versionMin: 7, versionMax: 9, hasKey: true, nonce: new Uint8Array(32) });
    const address = await fakeReceiver((socket) =>
      socket.write(encodeFrame({ type: FRAME.HELLO, exchange: 0, body })),
    );
    const sender = await near.start(senderService(address));
    expect((await shows(sender, "protocol version")).stateText).toContain("7 to 9");
  });

  it("protocol version, when the far side speaks only the first, which knows no annotations", async () => {
    const near = await site("hawaii");
    const body = encodeHello({ versionMin: 1, versionMax: 1, hasKey: true, nonce: new Uint8Array(32) });
    const address = await fakeReceiver((socket) =>
      socket.write(encodeFrame({ type: FRAME.HELLO, exchange: 0, body })),
    );
    const sender = await near.start(senderService(address));
    expect((await shows(sender, "protocol version")).lastError?.code).toBe("PROTOCOL_VERSION");
  });

  it("error, when the far side is no ISGW", async () => {
    const near = await site("hawaii");
    const address = await fakeReceiver((socket) =>
      socket.write("HTTP/1.1 400 Bad Request\r\n\r\nno such thing"),
    );
    const sender = await near.start(senderService(address));
    expect((await shows(sender, "error")).lastError?.code).toBe("PROTOCOL");
  });

  it("clocks apart, and works", async () => {
    const near = await site("hawaii");
    const far = await site("tokyo", { clockAheadMs: 600_000 });
    await near.put("a", "1");
    const receiver = await far.start(receiverService());
    const sender = await near.start(senderService(await addressOf(receiver)));
    expect((await shows(sender, "clocks apart")).stateText).toContain("10 min ahead of ours");
    expect((await shows(receiver, "clocks apart")).stateText).toContain("10 min behind ours");
    await converged(near, far);
    expect(sender.status().buckets[0]?.status).not.toBe("error");
  });

  it("error, when its own address is taken, and listens when it is free", async () => {
    const far = await site("tokyo");
    const server = net.createServer();
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const taken = server.address();
    const port = typeof taken === "object" && taken !== null ? taken.port : 0;
    const receiver = await far.start(receiverService(undefined, { "X-ISGW-Local": `127.0.0.1:${port}` }));
    const seen = await shows(receiver, "error");
    expect(seen.lastError).toMatchObject({
      code: "IN_USE",
      fix: "efscli service config hawaii-r X-ISGW-Local HOST:PORT",
    });
    servers.splice(servers.indexOf(server), 1);
    await new Promise((done) => server.close(done));
    await until(
      () => receiver.status(),
      (status) => status.state === "listening",
    );
  });

  it("which setting is missing, when it is started with settings that make no sense", async () => {
    const near = await site("hawaii");
    const link = await near.start(service("hawaii", { "X-ISGW-Direction": "1" }, ["Hawaii/Cola/bk1"]));
    expect(link.status().state).toBe("error");
    expect(link.status().lastError).toMatchObject({
      code: "SERVICE_INCOMPLETE",
      fix: "efscli service config hawaii X-ISGW-Remote ccow://HOST:PORT",
    });
  });

  it("what it finds after it was configured anew", async () => {
    const [near, far] = [await site("hawaii"), await site("tokyo")];
    await near.put("a", "1");
    const receiver = await far.start(receiverService());
    const sender = await near.start(senderService("127.0.0.1:1"));
    await shows(sender, "refused");
    await sender.reconfigure({ ...senderService(await addressOf(receiver)), revision: 2 });
    await shows(sender, "connected");
    await converged(near, far, BK1);
  });
});
