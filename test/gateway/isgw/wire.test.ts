/** The bytes of the protocol: golden for version 1, round trips, truncation everywhere, and the page that describes them. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, toHex } from "../../../src/base/bytes.ts";
import { ByteReader, ByteWriter } from "../../../src/base/cursor.ts";
import { EfsError } from "../../../src/base/errors.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { decodeMark, encodeMark, type Mark } from "../../../src/gateway/isgw/position/mark.ts";
import { decodeBatch, encodeBatch } from "../../../src/gateway/isgw/wire/batch.ts";
import { applyDelta, makeDelta } from "../../../src/gateway/isgw/wire/delta.ts";
import { encodeFrame, FRAME, FrameParser } from "../../../src/gateway/isgw/wire/frame.ts";
import {
  commonVersion,
  decodeHello,
  decodeIdentity,
  encodeHello,
  encodeIdentity,
  isProof,
  makeProof,
} from "../../../src/gateway/isgw/wire/hello.ts";
import {
  decodeApplied,
  decodeOpen,
  decodeOpened,
  encodeApplied,
  encodeOpen,
  encodeOpened,
} from "../../../src/gateway/isgw/wire/messages.ts";
import {
  decodePieces,
  decodePull,
  encodePieces,
  encodePull,
  type Piece,
} from "../../../src/gateway/isgw/wire/pieces.ts";
import { readRoot, writeRoot } from "../../../src/gateway/isgw/wire/root.ts";
import { contentIdOf } from "../../../src/model/ids.ts";
import { DEFAULT_BUCKET_OPTIONS } from "../../../src/model/namespace.ts";
import type { ContentRoot } from "../../../src/model/reference.ts";
import { uvidOf } from "../../../src/model/uvid.ts";
import { someAnnotations, someExpunge, someVersion, validFrames } from "./frames.ts";

const GOLDEN = path.resolve(import.meta.dirname, "../../golden/isgw/frames-v2.txt");
const RUN = { seed: 20191225, numRuns: 300 };
const bytes = (maxLength: number) => fc.uint8Array({ minLength: 0, maxLength });
const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(contentIdOf);
const length = fc.integer({ min: 0, max: 2 ** 40 });
const root: fc.Arbitrary<ContentRoot> = fc.oneof(
  fc.constant({ kind: "none" } as const),
  fc.record({ kind: fc.constant("zeros" as const), lengthBytes: length }),
  fc.record({ kind: fc.constant("small" as const), id, lengthBytes: fc.integer({ min: 1, max: 1024 }) }),
  fc.record({
    kind: fc.constantFrom("chunk" as const, "node" as const),
    id,
    skipBytes: length,
    lengthBytes: length,
  }),
);
const point = fc.oneof(
  fc.constant({ position: 0n, uvid: undefined }),
  fc.record({
    position: fc.bigInt({ min: 1n, max: 2n ** 63n }),
    uvid: fc.uint8Array({ minLength: 24, maxLength: 24 }).map(uvidOf),
  }),
);
const mark: fc.Arbitrary<Mark> = fc.oneof(
  fc.record({
    kind: fc.constant("walking" as const),
    head: point,
    name: fc.string({ maxLength: 100, unit: "grapheme" }),
  }),
  fc.record({ kind: fc.constant("following" as const), at: point, isEverything: fc.boolean() }),
);

describe("frames of version 2", () => {
  it("have the bytes that they had", () => {
    const lines = validFrames().map(
      (frame) => `${frame.type} ${toHex(encodeFrame({ ...frame, isPackable: false }))}`,
    );
    const text = `${lines.join("\n")}\n`;
    if (!existsSync(GOLDEN)) writeFileSync(GOLDEN, text);
    expect(text).toBe(readFileSync(GOLDEN, "utf8"));
  });

  it("come out of a stream as they went in, packed or not", () => {
    const parser = new FrameParser();
    const frames = validFrames();
    const seen = parser.push(Buffer.concat(frames.map(encodeFrame)));
    expect(seen.map((frame) => [frame.type, frame.exchange, toHex(frame.body)])).toEqual(
      frames.map((frame) => [frame.type, frame.exchange, toHex(frame.body)]),
    );
    expect(parser.bufferedBytes).toBe(0);
  });

  it("are described by PROTOCOL.md, whose hello is a real one", () => {
    const page = readFileSync(
      path.resolve(import.meta.dirname, "../../../src/gateway/isgw/PROTOCOL.md"),
      "utf8",
    );
    const nonce = new Uint8Array(32).map((_, index) => index);
    const body = encodeHello({ versionMin: 2, versionMax: 2, hasKey: true, nonce });
    const hex = toHex(encodeFrame({ type: FRAME.HELLO, exchange: 0, body }));
    const block = /## 8\. Annotated HELLO\n+```\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
    const shown = block
      .split("\n")
      .map((line) => line.slice(0, 48).replaceAll(" ", ""))
      .join("");
    expect(shown).toBe(hex);
    for (const [name, type] of Object.entries(FRAME)) {
      expect(page, `${name} is not in PROTOCOL.md`).toMatch(new RegExp(`\\b${type}\\b.*\\b${name}\\b`));
    }
  });
});

describe("bodies", () => {
  it("round-trip: roots, marks, pulls and pieces", () => {
    fc.assert(
      fc.property(root, mark, (someRoot, someMark) => {
        const writer = new ByteWriter();
        writeRoot(writer, someRoot);
        expect(readRoot(new ByteReader(writer.finish()))).toEqual(someRoot);
        expect(decodeMark(encodeMark(someMark))).toEqual(someMark);
        const opened = {
          logId: decodeOpened(encodeOpened({ logId: "0102030405060708" as never, mark: someMark })).mark,
        };
        expect(opened.logId).toEqual(someMark);
      }),
      RUN,
    );
    const want = fc.record({
      parent: fc.integer({ min: 0, max: 50 }),
      index: fc.integer({ min: 0, max: 255 }),
      mayDiffer: fc.boolean(),
      mustVerify: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(want, { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 5 }),
        (wants, releases) => {
          expect(decodePull(encodePull({ releases, wants }, 51), 51)).toEqual({ releases, wants });
        },
      ),
      RUN,
    );
    const delta = fc.record({
      plainBytes: fc.integer({ min: 0, max: 1000 }),
      isPacked: fc.boolean(),
      bytes: bytes(50),
    });
    const form = fc.oneof(
      fc.constant({ form: "absent" as const }),
      fc.record({
        form: fc.constant("stored" as const),
        codec: fc.integer({ min: 0, max: 255 }),
        plainBytes: fc.integer({ min: 0, max: 1000 }),
        bytes: bytes(50),
      }),
      fc.record({
        form: fc.constant("range" as const),
        startByte: length,
        lengthBytes: fc.integer({ min: 0, max: 4_000_000 }),
        delta,
      }),
      fc.record({
        form: fc.constant("nodes" as const),
        ids: fc.array(id, { minLength: 1, maxLength: 4 }),
        delta,
      }),
    );
    fc.assert(
      fc.property(fc.array(form, { maxLength: 20 }), (forms) => {
        const pieces = forms.map((piece, index) => ({ ...piece, want: index * 3 + 1 })) as Piece[];
        expect(decodePieces(concat(encodePieces(pieces)))).toEqual(pieces);
      }),
      RUN,
    );
  });

  it("are refused when they are cut at any length", () => {
    const decoders = new Map<number, (body: Uint8Array) => unknown>([
      [FRAME.HELLO, decodeHello],
      [FRAME.OPEN, decodeOpen],
      [FRAME.OPENED, decodeOpened],
      [FRAME.BATCH, decodeBatch],
      [FRAME.PULL, (body) => decodePull(body, 4)],
      [FRAME.PIECES, decodePieces],
      [FRAME.APPLIED, decodeApplied],
    ]);
    for (const frame of validFrames()) {
      const decode = decoders.get(frame.type);
      for (let cut = 0; decode !== undefined && cut < frame.body.length; cut += 1) {
        expect(() => decode(frame.body.subarray(0, cut))).toThrow(EfsError);
      }
    }
  });

  it("carry versions as they are, with what they replace, annotations, expunges and a bucket's ways, quotas not", () => {
    const body = new Uint8Array(9);
    const versions = [{ version: someVersion(1, body), base: { kind: "zeros", lengthBytes: 7 } as const }];
    const annotations = [
      someAnnotations(someVersion(1, body)),
      { ...someAnnotations(someVersion(2, body)), record: {} },
    ];
    const expunges = [someExpunge(someVersion(3, body))];
    const batch = { channel: 3, mark: undefined, versions, annotations, expunges };
    expect(decodeBatch(encodeBatch(batch))).toEqual(batch);
    const applied = {
      newVersions: 1,
      alreadyThere: 2,
      leftOut: 3,
      foundPieces: 4,
      foundBytes: 2 ** 45,
      annotated: 5,
      expunged: 6,
      refused: 7,
    };
    expect(decodeApplied(encodeApplied(applied))).toEqual(applied);
    const open = {
      path: { cluster: "a", tenant: "b", bucket: "ü" },
      logId: "0102030405060708",
      headPosition: 2n ** 60n,
    };
    const options = {
      ...DEFAULT_BUCKET_OPTIONS,
      chunking: { kind: "content" },
      versionsKept: 7,
      custom: { "X-a": "1" },
    };
    for (const more of [
      {},
      { versioning: "suspended" },
      { versioning: "enabled", lock: { default: undefined } },
      { versioning: "enabled", lock: { default: { mode: "governance", days: 1 } } },
      { versioning: "enabled", lock: { default: { mode: "compliance", days: 36_500 } } },
    ]) {
      const offered = { ...open, options: { ...options, ...more } };
      expect(decodeOpen(encodeOpen(offered as never))).toEqual(offered);
    }
    const limited = { ...options, quotaBytes: 5, quotaObjects: 6 };
    expect(decodeOpen(encodeOpen({ ...open, options: limited } as never))).toEqual({ ...open, options });
  });

  it("of the handshake agree on a version and prove the key, never with another role, nonce or payload", () => {
    const hello = (versionMin: number, versionMax: number) => ({
      versionMin,
      versionMax,
      hasKey: true,
      nonce: new Uint8Array(32),
    });
    expect(commonVersion(hello(1, 3), hello(2, 5))).toBe(3);
    expect(commonVersion(hello(1, 1), hello(2, 5))).toBeUndefined();
    const longer = new Uint8Array([...encodeHello(hello(1, 2)), 1, 2, 3]);
    expect(decodeHello(longer)).toEqual(hello(1, 2));
    const identity = decodeIdentity(validFrames()[1]?.body.subarray(32) ?? new Uint8Array(0));
    expect(decodeIdentity(encodeIdentity(identity))).toEqual(identity);
    const input = {
      key: new Uint8Array([1]),
      role: "S" as const,
      senderHello: new Uint8Array([2]),
      receiverHello: new Uint8Array([3]),
      senderProof: new Uint8Array(0),
      payload: new Uint8Array([4]),
    };
    const proof = makeProof(input);
    expect(isProof(proof, input)).toBe(true);
    for (const other of [
      { key: new Uint8Array([9]) },
      { role: "R" as const },
      { senderHello: new Uint8Array([9]) },
      { receiverHello: new Uint8Array([9]) },
      { payload: new Uint8Array([9]) },
    ]) {
      expect(isProof(proof, { ...input, ...other })).toBe(false);
    }
  });
});

describe("a difference", () => {
  const pieces = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 1, max: 400 }), fc.boolean()),
    { maxLength: 12 },
  );

  it("makes the target from the base, whatever the two are", () => {
    fc.assert(
      fc.property(bytes(4000), pieces, bytes(300), (base, cuts, extra) => {
        const parts: Uint8Array[] = [extra];
        for (const [start, size, isCopy] of cuts)
          parts.push(isCopy ? base.subarray(start, start + size) : extra.subarray(0, size % 300));
        const target = new Uint8Array(Buffer.concat(parts));
        expect(Buffer.compare(applyDelta(base, makeDelta(base, target)), target)).toBe(0);
      }),
      RUN,
    );
  });

  it("costs little for an insertion, an overwrite and a move", () => {
    const base = seededRandom(5).bytes(65_536);
    const inserted = Buffer.concat([base.subarray(0, 30_000), Buffer.from("new"), base.subarray(30_000)]);
    expect(makeDelta(base, inserted).bytes.length).toBeLessThan(24);
    const overwritten = Buffer.from(base);
    overwritten.fill(7, 10_000, 10_400);
    expect(makeDelta(base, overwritten).bytes.length).toBeLessThan(450);
    const moved = Buffer.concat([base.subarray(40_000), base.subarray(0, 40_000)]);
    expect(makeDelta(base, moved).bytes.length).toBeLessThan(24);
  });

  it("is refused when it copies from outside, makes more or less than it says, or leaves bytes over", () => {
    const base = new Uint8Array(100);
    const refused = (plainBytes: number, ...operations: number[]) =>
      expect(() =>
        applyDelta(base, { plainBytes, isPacked: false, bytes: new Uint8Array(operations) }),
      ).toThrow(EfsError);
    refused(10, 21, 200, 2);
    refused(10, 21, 1);
    refused(10, 23, 0);
    refused(10, 20);
    refused(10, 0);
    refused(0, 1);
    refused(2 ** 21, 1);
    expect(applyDelta(base, { plainBytes: 10, isPacked: false, bytes: new Uint8Array([21, 0]) })).toEqual(
      new Uint8Array(10),
    );
  });
});
