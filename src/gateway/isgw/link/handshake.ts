/**
 * The handshake of both roles: who is there, does it know the key, do the two fit. Every misfit has its code, and the one
 * that finds it tells the other before it closes. PROTOCOL.md §3.
 */

import type { Clock } from "../../../base/clock.ts";
import { EfsError, isErrorCode, toEfsError } from "../../../base/errors.ts";
import type { Random } from "../../../base/random.ts";
import type { SegmentId, WriterId } from "../../../model/ids.ts";
import { escapeName, type ServedPath, serves } from "../../../model/names.ts";
import { FRAME, type Frame, type FrameType } from "../wire/frame.ts";
import {
  commonVersion,
  decodeHello,
  decodeIdentity,
  decodeRefusal,
  encodeHello,
  encodeIdentity,
  encodeRefusal,
  type Hello,
  type Identity,
  isProof,
  joinProof,
  makeProof,
  NONCE_BYTES,
  PROOF_BYTES,
  PROTOCOL_VERSION_MAX,
  PROTOCOL_VERSION_MIN,
  type Refuser,
} from "../wire/hello.ts";
import type { FrameConnection } from "./connection.ts";

export const HANDSHAKE_MS_MAX = 10_000;
export const CLOCK_SKEW_MS_MAX = 5 * 60_000;

/** Who we are in the handshake. */
export interface Self {
  readonly segment: SegmentId;
  readonly writer: WriterId;
  readonly segmentName: string;
  readonly service: string;
  readonly direction: 1 | 2;
  readonly replication: number;
  readonly key: Uint8Array;
  readonly served: readonly ServedPath[];
  readonly servedTexts: readonly string[];
}

export interface Peer extends Identity {
  /** How far its clock is ahead of ours, in ms. */
  readonly skewMs: number;
}

export interface HandshakeTools {
  readonly clock: Clock;
  readonly random: Random;
}

/** A refusal that carries who refused, as far as it said so. */
export class RefusedError extends EfsError {
  /** The other end, whoever of the two refused. */
  readonly refuser: Refuser | undefined;
  /** True when the peer found the misfit, false when we did. */
  readonly isByPeer: boolean;

  constructor(error: EfsError, refuser: RefusedError["refuser"], isByPeer: boolean) {
    super(error.code, error.message, { hint: error.hint, cause: error });
    this.refuser = refuser;
    this.isByPeer = isByPeer;
  }
}

/**
 * Dials: proves the key first, then judges the peer.
 * @throws RefusedError (a misfit, ours or the peer's), PROTOCOL, TIMEOUT, CONNECT_LOST
 */
export function handshakeAsSender(
  connection: FrameConnection,
  self: Self,
  tools: HandshakeTools,
): Promise<Peer> {
  return withinTime(connection, tools.clock, async () => {
    const ours = encodeHello(helloOf(self, tools.random));
    await connection.send({ type: FRAME.HELLO, exchange: 0, body: ours });
    const theirs = await expectFrame(connection, FRAME.HELLO);
    judgeHello(self, decodeHello(theirs.body));
    const payload = identityOf(self, tools.clock);
    const proofParts = { key: self.key, senderHello: ours, receiverHello: theirs.body };
    const proof = makeProof({ ...proofParts, role: "S", senderProof: new Uint8Array(0), payload });
    await connection.send({ type: FRAME.IDENTITY, exchange: 0, body: joinProof(proof, payload) });
    const answer = await expectFrame(connection, FRAME.IDENTITY);
    const peerPayload = answer.body.subarray(PROOF_BYTES);
    const isKnown = isProof(answer.body.subarray(0, PROOF_BYTES), {
      ...proofParts,
      role: "R",
      senderProof: proof,
      payload: peerPayload,
    });
    return judgePeer(connection, self, { payload: peerPayload, isKnown }, tools.clock);
  });
}

/** Listens: tells who it is only to a peer that proved the key. @throws as `handshakeAsSender` */
export function handshakeAsReceiver(
  connection: FrameConnection,
  self: Self,
  tools: HandshakeTools,
): Promise<Peer> {
  return withinTime(connection, tools.clock, async () => {
    const theirs = await expectFrame(connection, FRAME.HELLO);
    const ours = encodeHello(helloOf(self, tools.random));
    try {
      judgeHello(self, decodeHello(theirs.body));
    } catch (thrown) {
      throw await refuse(connection, toEfsError(thrown), undefined);
    }
    await connection.send({ type: FRAME.HELLO, exchange: 0, body: ours });
    const answer = await expectFrame(connection, FRAME.IDENTITY);
    const senderProof = answer.body.slice(0, PROOF_BYTES);
    const peerPayload = answer.body.subarray(PROOF_BYTES);
    const proofParts = { key: self.key, senderHello: theirs.body, receiverHello: ours };
    const none = new Uint8Array(0);
    const isKnown = isProof(senderProof, {
      ...proofParts,
      role: "S",
      senderProof: none,
      payload: peerPayload,
    });
    const peer = await judgePeer(connection, self, { payload: peerPayload, isKnown }, tools.clock);
    const payload = identityOf(self, tools.clock);
    const proof = makeProof({ ...proofParts, role: "R", senderProof, payload });
    await connection.send({ type: FRAME.IDENTITY, exchange: 0, body: joinProof(proof, payload) });
    return peer;
  });
}

/** True when some bucket can be under both. */
export function overlaps(left: ServedPath, right: ServedPath): boolean {
  if ("bucket" in left) return serves(right, left);
  if ("bucket" in right) return serves(left, right);
  return left.cluster === right.cluster && left.tenant === right.tenant;
}

function helloOf(self: Self, random: Random): Hello {
  return {
    versionMin: PROTOCOL_VERSION_MIN,
    versionMax: PROTOCOL_VERSION_MAX,
    hasKey: self.key.length > 0,
    nonce: random.bytes(NONCE_BYTES),
  };
}

function identityOf(self: Self, clock: Clock): Uint8Array {
  return encodeIdentity({ ...self, mode: 0, wallMs: clock.wallMs() });
}

function judgeHello(self: Self, theirs: Hello): void {
  const ours = {
    versionMin: PROTOCOL_VERSION_MIN,
    versionMax: PROTOCOL_VERSION_MAX,
    hasKey: false,
    nonce: theirs.nonce,
  };
  if (commonVersion(ours, theirs) === undefined) {
    throw new EfsError(
      "PROTOCOL_VERSION",
      `one side speaks versions ${PROTOCOL_VERSION_MIN} to ${PROTOCOL_VERSION_MAX} of the link protocol, the other ${theirs.versionMin} to ${theirs.versionMax}`,
    );
  }
  const hasKey = self.key.length > 0;
  if (theirs.hasKey !== hasKey) {
    const [with_, without] = hasKey ? [self.service, "the peer"] : ["the peer", self.service];
    throw new EfsError("AUTH_KEY_WRONG", `${with_} has an auth key and ${without} has none`);
  }
}

interface Claim {
  readonly payload: Uint8Array;
  readonly isKnown: boolean;
}

/** The peer when all fits; else the peer is told and it throws. */
async function judgePeer(connection: FrameConnection, self: Self, claim: Claim, clock: Clock): Promise<Peer> {
  if (!claim.isKnown) {
    throw await refuse(
      connection,
      new EfsError("AUTH_KEY_WRONG", "the auth keys of the two sides differ"),
      undefined,
    );
  }
  const refuser = { segment: self.segment, name: self.segmentName, service: self.service };
  const identity = decodeIdentity(claim.payload);
  const misfit = misfitOf(self, identity);
  const known = { segment: identity.segment, name: identity.segmentName, service: identity.service };
  if (misfit !== undefined) throw await refuse(connection, misfit, known, refuser);
  return { ...identity, skewMs: identity.wallMs - clock.wallMs() };
}

function misfitOf(self: Self, peer: Identity): EfsError | undefined {
  if (peer.segment === self.segment) {
    return peer.writer === self.writer
      ? new EfsError(
          "SAME_SEGMENT",
          `both ends of the link are segment ${self.segment} (${escapeName(self.segmentName)}): there is nothing to replicate`,
        )
      : new EfsError(
          "CLONED_SEGMENT",
          `both ends call themselves segment ${self.segment}, and are two: one data directory is a copy of the other`,
        );
  }
  if (peer.direction === self.direction || (peer.direction !== 1 && peer.direction !== 2)) {
    const word = self.direction === 1 ? "send" : "receive";
    return new EfsError(
      "DIRECTIONS_DO_NOT_PAIR",
      `both ends ${word}; one has to send and the other to receive`,
    );
  }
  if (!self.served.some((ours) => peer.served.some((theirs) => overlaps(ours, theirs)))) {
    const [from, to] = self.direction === 1 ? [self, peer] : [peer, self];
    return new EfsError(
      "PATH_REFUSED",
      `the sender serves ${listed(from.servedTexts)} and the receiver ${listed(to.servedTexts)}: nothing in common`,
      {
        hint: `efscli service serve ${escapeName(to.service)} ${escapeName(from.servedTexts[0] ?? "CLUSTER/TENANT/BUCKET")}`,
      },
    );
  }
  return undefined;
}

function listed(paths: readonly string[]): string {
  if (paths.length === 0) return "nothing";
  const shown = paths.slice(0, 3).map(escapeName).join(", ");
  return paths.length > 3 ? `${shown} and ${paths.length - 3} more` : shown;
}

/** Tells the peer and gives back the error to throw. */
async function refuse(
  connection: FrameConnection,
  error: EfsError,
  known: RefusedError["refuser"],
  refuser: RefusedError["refuser"] = undefined,
): Promise<RefusedError> {
  const body = encodeRefusal({ code: error.code, message: error.message, refuser });
  await connection.send({ type: FRAME.REFUSE, exchange: 0, body });
  return new RefusedError(error, known, false);
}

async function expectFrame(connection: FrameConnection, type: FrameType): Promise<Frame> {
  const frame = await connection.next();
  if (frame.exchange !== 0) throw new EfsError("PROTOCOL", "a frame of the handshake belongs to an exchange");
  if (frame.type === FRAME.REFUSE) {
    const refusal = decodeRefusal(frame.body);
    const code = isErrorCode(refusal.code) ? refusal.code : "UNAVAILABLE";
    throw new RefusedError(new EfsError(code, escapeName(refusal.message)), refusal.refuser, true);
  }
  if (frame.type !== type)
    throw new EfsError("PROTOCOL", `a frame of type ${frame.type} came where ${type} belongs`);
  return frame;
}

async function withinTime<T>(connection: FrameConnection, clock: Clock, shake: () => Promise<T>): Promise<T> {
  const done = new AbortController();
  void clock.sleep(HANDSHAKE_MS_MAX, done.signal).then(() => {
    if (!done.signal.aborted)
      connection.close(new EfsError("TIMEOUT", "the peer did not finish the handshake in time"));
  });
  try {
    return await shake();
  } catch (thrown) {
    const error = toEfsError(thrown);
    connection.close(error);
    throw error;
  } finally {
    done.abort();
  }
}
