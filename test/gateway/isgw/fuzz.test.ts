/** Damaged and hostile bytes: the parser and the codecs refuse them, a live link survives them, nothing that is stored changes. */
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { EfsError } from "../../../src/base/errors.ts";
import { type Random, seededRandom, systemRandom } from "../../../src/base/random.ts";
import { FrameConnection } from "../../../src/gateway/isgw/link/connection.ts";
import {
  handshakeAsReceiver,
  handshakeAsSender,
  type Self,
} from "../../../src/gateway/isgw/link/handshake.ts";
import { tcpNetwork } from "../../../src/gateway/isgw/network.ts";
import { decodeBatch, encodeBatch } from "../../../src/gateway/isgw/wire/batch.ts";
import { applyDelta } from "../../../src/gateway/isgw/wire/delta.ts";
import { BODY_BYTES_MAX, encodeFrame, FRAME, FrameParser } from "../../../src/gateway/isgw/wire/frame.ts";
import { decodeHello, decodeIdentity, decodeRefusal } from "../../../src/gateway/isgw/wire/hello.ts";
import {
  decodeApplied,
  decodeClosed,
  decodeOpen,
  decodeOpened,
  encodeOpen,
} from "../../../src/gateway/isgw/wire/messages.ts";
import { decodePieces, decodePull, encodePieces } from "../../../src/gateway/isgw/wire/pieces.ts";
import { logIdOf, segmentIdOf, writerIdOf } from "../../../src/model/ids.ts";
import { parseServedPath } from "../../../src/model/names.ts";
import { DEFAULT_BUCKET_OPTIONS } from "../../../src/model/namespace.ts";
import { damaged, damagedInside, someVersion, validFrames } from "./frames.ts";
import { addressOf, BK1, converged, receiverService, Site, senderService, until } from "./site.ts";

const SEED = 20191225;
const sites: Site[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

const DECODERS = new Map<number, (body: Uint8Array) => unknown>([
  [FRAME.HELLO, decodeHello],
  [FRAME.IDENTITY, (body) => decodeIdentity(body.subarray(32))],
  [FRAME.REFUSE, decodeRefusal],
  [FRAME.OPEN, decodeOpen],
  [FRAME.OPENED, decodeOpened],
  [FRAME.CLOSED, decodeClosed],
  [FRAME.BATCH, decodeBatch],
  [FRAME.PULL, (body) => decodePull(body, 4)],
  [
    FRAME.PIECES,
    (body) => {
      for (const piece of decodePieces(body)) {
        if (piece.form === "range" || piece.form === "nodes") {
          expect(applyDelta(new Uint8Array(4000), piece.delta).length).toBe(piece.delta.plainBytes);
        }
      }
    },
  ],
  [FRAME.APPLIED, decodeApplied],
]);

/** Runs it; whatever it throws must be an expected failure. True when it threw. */
function isRefused(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch (thrown) {
    if (
      thrown instanceof EfsError &&
      (thrown.kind === "corrupt" || thrown.kind === "usage" || thrown.kind === "unsupported")
    ) {
      return true;
    }
    throw thrown;
  }
}

function parseInSlices(stream: Uint8Array, random: Random): void {
  const parser = new FrameParser();
  for (let at = 0; at < stream.length; ) {
    const end = at + 1 + Math.floor(random.fraction() * 200);
    for (const frame of parser.push(stream.subarray(at, end))) {
      expect(frame.body.length).toBeLessThanOrEqual(BODY_BYTES_MAX.get(frame.type) ?? 0);
      DECODERS.get(frame.type)?.(frame.body);
    }
    at = end;
  }
}

describe("damaged frames", () => {
  it("of every type, 100,000 of them, are refused or harmless, whatever is damaged", () => {
    const random = seededRandom(SEED);
    const frames = validFrames();
    const encoded = frames.map(encodeFrame);
    const outcome = { refused: 0, harmless: 0 };
    const endMs = systemClock.monotonicMs() + 30_000;
    for (let round = 0; round < 100_000; round += 1) {
      const index = Math.floor(random.fraction() * frames.length);
      const frame = frames[index];
      const bytes = encoded[index];
      if (frame === undefined || bytes === undefined) throw new Error("no frame");
      const stream = round % 2 === 0 ? damaged(bytes, random) : damagedInside(frame, random);
      outcome[isRefused(() => parseInSlices(stream, random)) ? "refused" : "harmless"] += 1;
      if (round % 5000 === 0 && systemClock.monotonicMs() > endMs)
        throw new Error(`only ${round} rounds in time`);
    }
    expect(outcome.refused + outcome.harmless).toBe(100_000);
    expect(outcome.refused).toBeGreaterThan(50_000);
  });

  it("that are random bytes from the first on are refused or wait for more", () => {
    const random = seededRandom(SEED + 1);
    for (let round = 0; round < 5000; round += 1) {
      isRefused(() => parseInSlices(random.bytes(Math.floor(random.fraction() * 300)), random));
    }
  });

  it("that say they are long are refused before anything is allocated", () => {
    for (const [type, limit] of BODY_BYTES_MAX) {
      const header = new Uint8Array(16);
      const view = new DataView(header.buffer);
      view.setUint32(0, limit + 1);
      view.setUint8(4, type);
      expect(() => new FrameParser().push(header)).toThrow("the limit is");
    }
  });

  it("that inflate beyond their limit are refused", () => {
    const bomb = encodeFrame({
      type: FRAME.BATCH,
      exchange: 1,
      body: new Uint8Array(64 * 1024 * 1024),
      isPackable: true,
    });
    expect(bomb.length).toBeLessThan(1000);
    expect(() => new FrameParser().push(bomb)).toThrow("inflates beyond");
  });

  it("are no trouble when they are whole, however they are sliced", () => {
    const random = seededRandom(SEED + 2);
    const stream = Buffer.concat(validFrames().map(encodeFrame));
    for (let round = 0; round < 200; round += 1) parseInSlices(stream, random);
  });
});

const KEY_BYTES = new TextEncoder().encode("test123");

function impostor(direction: 1 | 2): Self {
  return {
    segment: segmentIdOf(new Uint8Array(8).fill(0x44)),
    writer: writerIdOf(new Uint8Array(8).fill(0x55)),
    segmentName: "impostor",
    service: "impostor",
    direction,
    replication: direction === 1 ? 3 : 0,
    key: KEY_BYTES,
    served: [parseServedPath("Hawaii/Cola")],
    servedTexts: ["Hawaii/Cola"],
  };
}

const TOOLS = { clock: systemClock, random: systemRandom };
const NO_METER = { sent: () => {}, received: () => {} };

async function dialAsSender(address: string): Promise<FrameConnection> {
  const [host = "", port = ""] = address.split(":");
  const stream = await tcpNetwork.dial({ host, port: Number(port) }, new AbortController().signal);
  const connection = new FrameConnection(stream, systemClock, NO_METER);
  await handshakeAsSender(connection, impostor(1), TOOLS);
  return connection;
}

async function receiverWithData() {
  const near = await Site.open({ name: "hawaii" });
  const far = await Site.open({ name: "tokyo" });
  sites.push(near, far);
  await near.bucket();
  await near.put("kept", seededRandom(1).bytes(300_000));
  const receiver = await far.start(receiverService());
  const address = await addressOf(receiver);
  const sender = await near.start(senderService(address));
  await converged(near, far);
  return { near, far, receiver, sender, address };
}

describe("a live receiver", () => {
  it("drops a peer that proved the key and then sends damaged frames, and goes on", async () => {
    const { near, far, receiver, address } = await receiverWithData();
    const before = await far.listing();
    const random = seededRandom(SEED + 3);
    const frames = validFrames().filter((frame) => frame.type >= FRAME.OPEN);
    for (let round = 0; round < 60; round += 1) {
      const connection = await dialAsSender(address);
      connection.listen(() => undefined);
      for (let count = 0; count < 20 && !connection.isClosed; count += 1) {
        const frame = frames[Math.floor(random.fraction() * frames.length)];
        if (frame === undefined) continue;
        const body = damaged(frame.body, random);
        const fits = body.length <= (BODY_BYTES_MAX.get(frame.type) ?? 0);
        if (fits) await connection.send({ ...frame, exchange: count, body }).catch(() => undefined);
      }
      connection.close(new EfsError("CANCELLED", "the round is over"));
    }
    expect(await far.listing()).toEqual(before);
    expect(receiver.status().state).toBe("connected");
    await near.put("after", "1");
    await converged(near, far);
  });

  it("drops strangers who send anything else than a hello, and random bytes", async () => {
    const { near, far, address } = await receiverWithData();
    const random = seededRandom(SEED + 4);
    const [host = "", port = ""] = address.split(":");
    for (let round = 0; round < 100; round += 1) {
      const stream = await tcpNetwork.dial({ host, port: Number(port) }, new AbortController().signal);
      stream.on("error", () => undefined);
      const frames = validFrames();
      const frame = frames[round % frames.length];
      stream.write(round % 2 === 0 || frame === undefined ? random.bytes(1 + round * 7) : encodeFrame(frame));
      stream.end();
      stream.resume();
      await until(
        () => stream.destroyed || stream.readableEnded,
        (isOver) => isOver,
      );
      stream.destroy();
    }
    await near.put("after", "1");
    await converged(near, far);
  });

  it("takes no mark that goes back, no batch out of order and no path that it does not serve", async () => {
    const { far, address } = await receiverWithData();
    const options = {
      ...DEFAULT_BUCKET_OPTIONS,
      chunking: { kind: "content" } as const,
      versionsKept: 1,
      custom: {},
    };
    const open = { logId: logIdOf(new Uint8Array(8).fill(9)), headPosition: 9n, options };
    const uvid = someVersion(1, new Uint8Array(1)).uvid;
    const follow = (position: bigint) =>
      ({ kind: "following", at: { position, uvid }, isEverything: false }) as const;
    const back = await dialAsSender(address);
    const answers: number[] = [];
    back.listen((frame) => answers.push(frame.type));
    await back.send({ type: FRAME.OPEN, exchange: 1, body: encodeOpen({ ...open, path: BK1 }) });
    await until(
      () => answers.length,
      (count) => count === 1,
    );
    await back.send({
      type: FRAME.BATCH,
      exchange: 1,
      body: encodeBatch({ channel: 1, mark: follow(5n), versions: [], annotations: [], expunges: [] }),
    });
    await until(
      () => answers.length,
      (count) => count === 2,
    );
    expect(answers).toEqual([FRAME.OPENED, FRAME.APPLIED]);
    await back.send({
      type: FRAME.BATCH,
      exchange: 2,
      body: encodeBatch({ channel: 1, mark: follow(4n), versions: [], annotations: [], expunges: [] }),
    });
    await back.closed;
    const early = await dialAsSender(address);
    early.listen(() => undefined);
    await early.send({
      type: FRAME.BATCH,
      exchange: 2,
      body: encodeBatch({ channel: 1, mark: follow(4n), versions: [], annotations: [], expunges: [] }),
    });
    await early.closed;
    const astray = await dialAsSender(address);
    const refusals: number[] = [];
    astray.listen((frame) => refusals.push(frame.type));
    const path = { ...BK1, bucket: "other" } as never;
    await astray.send({ type: FRAME.OPEN, exchange: 1, body: encodeOpen({ ...open, path }) });
    await until(
      () => refusals,
      (seen) => seen.includes(FRAME.CLOSED),
    );
    astray.close(new EfsError("CANCELLED", "done"));
    expect(await far.segment.namespace.showBucket(path).catch((error) => error.code)).toBe(
      "BUCKET_NOT_FOUND",
    );
  });

  it("stores nothing of a piece that does not match its id", async () => {
    const { far, address } = await receiverWithData();
    const connection = await dialAsSender(address);
    const body = new TextEncoder().encode("what it says");
    const wrong = new TextEncoder().encode("something else");
    const options = {
      ...DEFAULT_BUCKET_OPTIONS,
      chunking: { kind: "content" } as const,
      versionsKept: 1,
      custom: {},
    };
    connection.listen((frame) => {
      if (frame.type !== FRAME.PULL) return;
      const { wants } = decodePull(frame.body, wanted + 1);
      const pieces = wants.map((_, index) => ({
        want: wanted + 1 + index,
        form: "stored" as const,
        codec: 0,
        plainBytes: wrong.length,
        bytes: wrong,
      }));
      wanted += wants.length;
      void connection.send({ type: FRAME.PIECES, exchange: frame.exchange, body: encodePieces(pieces) });
    });
    let wanted = 0;
    const open = { logId: logIdOf(new Uint8Array(8).fill(9)), headPosition: 9n, options, path: BK1 };
    const opened = until(
      () => connection.latencyMs,
      (latencyMs) => latencyMs !== undefined,
    );
    await connection.send({ type: FRAME.OPEN, exchange: 1, body: encodeOpen(open) });
    await opened;
    const versions = [{ version: someVersion(1, body), base: { kind: "none" } as const }];
    await connection.send({
      type: FRAME.BATCH,
      exchange: 1,
      body: encodeBatch({ channel: 1, mark: undefined, versions, annotations: [], expunges: [] }),
    });
    await connection.closed;
    expect(wanted).toBe(3);
    expect(Object.keys(await far.listing())).toEqual(["kept"]);
  });
});

describe("a live sender", () => {
  it("drops a receiver that sends damaged frames and dials again", async () => {
    const near = await Site.open({ name: "hawaii" });
    sites.push(near);
    await near.bucket();
    await near.put("kept", "1");
    const random = seededRandom(SEED + 5);
    const frames = validFrames().filter((frame) => frame.type >= FRAME.OPEN);
    let connections = 0;
    const listening = await tcpNetwork.listen({ host: "127.0.0.1", port: 0 }, (stream) => {
      connections += 1;
      const connection = new FrameConnection(stream, systemClock, NO_METER);
      const attack = async () => {
        await handshakeAsReceiver(connection, impostor(2), TOOLS);
        connection.listen(() => undefined);
        for (let count = 0; count < 30 && !connection.isClosed; count += 1) {
          const frame = frames[Math.floor(random.fraction() * frames.length)];
          if (frame === undefined) continue;
          const body = damaged(frame.body, random);
          if (body.length <= (BODY_BYTES_MAX.get(frame.type) ?? 0)) await connection.send({ ...frame, body });
        }
      };
      attack().catch(() => undefined);
    });
    const sender = await near.start(senderService(listening.address));
    await until(
      () => connections,
      (count) => count >= 4,
    );
    expect(sender.status().lastError?.code).toBe("PROTOCOL");
    await near.stopLinks();
    await listening.close();
    expect(Object.keys(await near.listing())).toEqual(["kept"]);
  });
});
