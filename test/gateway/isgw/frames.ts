/** Valid frames of every type for fuzzing, and ways of damaging them. */

import { concat } from "../../../src/base/bytes.ts";
import type { Random } from "../../../src/base/random.ts";
import { encodeBatch } from "../../../src/gateway/isgw/wire/batch.ts";
import { makeDelta } from "../../../src/gateway/isgw/wire/delta.ts";
import {
  encodeFrame,
  FRAME,
  type FrameType,
  type OutgoingFrame,
} from "../../../src/gateway/isgw/wire/frame.ts";
import {
  encodeHello,
  encodeIdentity,
  encodeRefusal,
  joinProof,
} from "../../../src/gateway/isgw/wire/hello.ts";
import {
  encodeApplied,
  encodeClosed,
  encodeOpen,
  encodeOpened,
} from "../../../src/gateway/isgw/wire/messages.ts";
import { encodePieces, encodePull } from "../../../src/gateway/isgw/wire/pieces.ts";
import { contentId } from "../../../src/model/hash.ts";
import { logIdOf, segmentIdOf, writerIdOf } from "../../../src/model/ids.ts";
import { parseBucketPath, parseObjectName } from "../../../src/model/names.ts";
import { DEFAULT_BUCKET_OPTIONS } from "../../../src/model/namespace.ts";
import { makeUvid } from "../../../src/model/uvid.ts";
import type { Expunge, Version } from "../../../src/model/version.ts";
import type { VersionAnnotations } from "../../../src/segment/replication.ts";

const SEGMENT = segmentIdOf(new Uint8Array(8).fill(0x11));
const WRITER = writerIdOf(new Uint8Array(8).fill(0x22));
const LOG = logIdOf(new Uint8Array(8).fill(0x33));

export function someVersion(index: number, body: Uint8Array): Version {
  return {
    object: parseObjectName(`object-${index}`),
    uvid: makeUvid({ clock: BigInt(index + 1) << 16n, segment: SEGMENT, writer: WRITER }),
    generation: 1,
    known: [],
    isDeleted: false,
    sizeBytes: body.length,
    content: { kind: "small", id: contentId(body), lengthBytes: body.length },
    modifiedMs: 1_577_232_000_000,
    contentType: undefined,
    metadata: { mode: "0644" },
    isNull: true,
    headers: {},
    digest: undefined,
  };
}

/** Everything that the annotations of a version can say. */
export function someAnnotations({ object, uvid, generation }: Version): VersionAnnotations {
  const record = {
    tags: { uvid, value: { island: "Hawaii" } },
    acl: { uvid, value: "public-read" },
    hold: { uvid, value: true },
    retention: { uvid, value: { mode: "governance", untilMs: 1_600_000_000_000 } },
  } as const;
  return { object, uvid, generation, record };
}

export function someExpunge({ object, uvid, generation, known, isNull }: Version): Expunge {
  return { object, uvid, generation, known, isNull, expungedMs: 1_577_232_000_001 };
}

export interface WholeFrame extends OutgoingFrame {
  readonly body: Uint8Array;
}

/** One valid frame of each type; bodies like those of real exchanges. */
export function validFrames(): readonly WholeFrame[] {
  const body = new TextEncoder().encode("hello, far side");
  const uvid = someVersion(1, body).uvid;
  const versions = [0, 1, 2].map((index) => ({
    version: someVersion(index, body),
    base: { kind: "none" } as const,
  }));
  const annotations = versions.slice(1).map(({ version }) => someAnnotations(version));
  const expunges = [someExpunge(someVersion(3, body))];
  const mark = { kind: "following", at: { position: 3n, uvid }, isEverything: true } as const;
  const long = new Uint8Array(4000).map((_, index) => index);
  const delta = makeDelta(long, new Uint8Array([...long.subarray(0, 2000), 1, 2, 3, ...long.subarray(2000)]));
  const identity = {
    segment: SEGMENT,
    writer: WRITER,
    segmentName: "tokyo",
    service: "hawaii",
    direction: 1,
    replication: 3,
    mode: 0,
    wallMs: 1_577_232_000_000,
    servedTexts: ["Hawaii/Cola/bk1", "Hawaii/Pepsi"],
  };
  const options = {
    ...DEFAULT_BUCKET_OPTIONS,
    chunking: { kind: "fixed", chunkBytes: 65_536 } as const,
    versionsKept: 3,
    custom: { "X-a": "b" },
  };
  const bodies: ReadonlyArray<readonly [FrameType, Uint8Array]> = [
    [FRAME.HELLO, encodeHello({ versionMin: 2, versionMax: 2, hasKey: true, nonce: long.slice(0, 32) })],
    [FRAME.IDENTITY, joinProof(long.slice(0, 32), encodeIdentity(identity))],
    [FRAME.REFUSE, encodeRefusal({ code: "AUTH_KEY_WRONG", message: "no", refuser: undefined })],
    [FRAME.PING, long.slice(0, 8)],
    [
      FRAME.OPEN,
      encodeOpen({ path: parseBucketPath("Hawaii/Cola/bk1"), logId: LOG, headPosition: 3n, options }),
    ],
    [FRAME.OPENED, encodeOpened({ logId: LOG, mark })],
    [FRAME.CLOSED, encodeClosed({ code: "NO_SPACE", message: "full" })],
    [FRAME.BATCH, encodeBatch({ channel: 1, mark, versions, annotations, expunges })],
    [
      FRAME.PULL,
      encodePull(
        {
          releases: [1, 2],
          wants: [
            { parent: 0, index: 1, mayDiffer: true, mustVerify: false },
            { parent: 3, index: 9, mayDiffer: false, mustVerify: true },
          ],
        },
        4,
      ),
    ],
    [
      FRAME.PIECES,
      concat(
        encodePieces([
          { want: 1, form: "stored", codec: 0, plainBytes: body.length, bytes: body },
          { want: 2, form: "absent" },
          { want: 4, form: "range", startByte: 0, lengthBytes: 4000, delta },
          { want: 5, form: "nodes", ids: [contentId(body)], delta },
        ]),
      ),
    ],
    [
      FRAME.APPLIED,
      encodeApplied({
        newVersions: 3,
        alreadyThere: 0,
        leftOut: 0,
        foundPieces: 1,
        foundBytes: 70_000,
        annotated: 2,
        expunged: 1,
        refused: 1,
      }),
    ],
  ];
  return bodies.map(([type, bytes], index) => ({
    type,
    exchange: index % 3,
    body: bytes,
    isPackable: index % 2 === 0,
  }));
}

/** Bytes with one to four damages: flipped bits, other bytes, cuts, insertions, repeats. */
export function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  let out = bytes.slice();
  for (let count = 1 + Math.floor(random.fraction() * 4); count > 0; count -= 1) {
    const place = Math.floor(random.fraction() * out.length);
    const kind = Math.floor(random.fraction() * 6);
    if (kind === 0) out[place] = (out[place] ?? 0) ^ (1 << Math.floor(random.fraction() * 8));
    else if (kind === 1) out[place] = Math.floor(random.fraction() * 256);
    else if (kind === 2) out = out.slice(0, place);
    else if (kind === 3)
      out = Buffer.concat([
        out.subarray(0, place),
        random.bytes(1 + Math.floor(random.fraction() * 9)),
        out.subarray(place),
      ]);
    else if (kind === 4) out = Buffer.concat([out.subarray(0, place), out.subarray(Math.floor(place / 2))]);
    else out[place] = random.fraction() < 0.5 ? 0 : 0xff;
  }
  return out;
}

/** A frame whose checksum is right and whose body is damaged: what gets past the first guard. */
export function damagedInside(frame: WholeFrame, random: Random): Uint8Array {
  return encodeFrame({ ...frame, body: damaged(frame.body, random), isPackable: false });
}
