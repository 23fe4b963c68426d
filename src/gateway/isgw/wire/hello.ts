/** Bodies of the handshake: HELLO, IDENTITY, REFUSE, and the proof of the auth key. PROTOCOL.md §3. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { concat, equalBytes, utf8 } from "../../../base/bytes.ts";
import { ByteReader, ByteWriter } from "../../../base/cursor.ts";
import { EfsError } from "../../../base/errors.ts";
import { idBytes, type SegmentId, segmentIdOf, type WriterId, writerIdOf } from "../../../model/ids.ts";
import { SERVICE_PATHS_MAX } from "../../../model/limits.ts";
import { parseServedPath, type ServedPath } from "../../../model/names.ts";

/** Version 1 knows neither annotations nor expunges: with such a peer nothing is replicated rather than half of it. */
export const PROTOCOL_VERSION_MIN = 2;
export const PROTOCOL_VERSION_MAX = 2;
export const NONCE_BYTES = 32;
export const PROOF_BYTES = 32;
const MAGIC = utf8("EFSISGW\0");
const PATH_BYTES_MAX = 3 * 255 + 2;
/** Longest text taken from a peer for showing, in bytes. */
export const PEER_TEXT_BYTES_MAX = 512;

export interface Hello {
  readonly versionMin: number;
  readonly versionMax: number;
  readonly hasKey: boolean;
  readonly nonce: Uint8Array;
}

export function encodeHello(hello: Hello): Uint8Array {
  return new ByteWriter(64)
    .raw(MAGIC)
    .u16(hello.versionMin)
    .u16(hello.versionMax)
    .u8(hello.hasKey ? 1 : 0)
    .raw(hello.nonce)
    .finish();
}

/** @throws PROTOCOL (not this protocol), TRUNCATED */
export function decodeHello(body: Uint8Array): Hello {
  const reader = new ByteReader(body);
  if (!equalBytes(reader.raw(MAGIC.length), MAGIC))
    throw new EfsError("PROTOCOL", "the peer does not speak ISGW");
  const versionMin = reader.u16();
  const versionMax = reader.u16();
  const flags = reader.u8();
  return { versionMin, versionMax, hasKey: (flags & 1) === 1, nonce: reader.raw(NONCE_BYTES).slice() };
}

/** The highest version that both speak; undefined when there is none. */
export function commonVersion(left: Hello, right: Hello): number | undefined {
  const highest = Math.min(left.versionMax, right.versionMax);
  return highest >= Math.max(left.versionMin, right.versionMin) ? highest : undefined;
}

export interface Identity {
  readonly segment: SegmentId;
  readonly writer: WriterId;
  readonly segmentName: string;
  readonly service: string;
  /** 1 sends, 2 receives. */
  readonly direction: number;
  /** 1 initial, 2 continuous, 3 both; 0 at a receiver. */
  readonly replication: number;
  /** 0 complete. */
  readonly mode: number;
  readonly wallMs: number;
  readonly served: readonly ServedPath[];
  /** The paths as they were sent. */
  readonly servedTexts: readonly string[];
}

export function encodeIdentity(identity: Omit<Identity, "served">): Uint8Array {
  const writer = new ByteWriter(512)
    .raw(idBytes(identity.segment))
    .raw(idBytes(identity.writer))
    .text(identity.segmentName)
    .text(identity.service)
    .u8(identity.direction)
    .u8(identity.replication)
    .u8(identity.mode)
    .u64(BigInt(Math.trunc(identity.wallMs)))
    .varint(identity.servedTexts.length);
  for (const path of identity.servedTexts) writer.text(path);
  return writer.finish();
}

/** @throws PROTOCOL, TRUNCATED, RECORD_CORRUPT, BAD_NAME */
export function decodeIdentity(payload: Uint8Array): Identity {
  const reader = new ByteReader(payload);
  const segment = segmentIdOf(reader.raw(8));
  const writer = writerIdOf(reader.raw(8));
  const segmentName = reader.text(PEER_TEXT_BYTES_MAX);
  const service = reader.text(PEER_TEXT_BYTES_MAX);
  const direction = reader.u8();
  const replication = reader.u8();
  const mode = reader.u8();
  const wallMs = Number(reader.u64());
  const count = reader.varint(SERVICE_PATHS_MAX);
  const servedTexts: string[] = [];
  for (let index = 0; index < count; index += 1) servedTexts.push(reader.text(PATH_BYTES_MAX));
  reader.end();
  const served = servedTexts.map(parseServedPath);
  return { segment, writer, segmentName, service, direction, replication, mode, wallMs, served, servedTexts };
}

export interface ProofInput {
  readonly key: Uint8Array;
  readonly role: "S" | "R";
  readonly senderHello: Uint8Array;
  readonly receiverHello: Uint8Array;
  /** Empty in the sender's own proof. */
  readonly senderProof: Uint8Array;
  readonly payload: Uint8Array;
}

export function makeProof(input: ProofInput): Uint8Array {
  const hmac = createHmac("sha256", input.key);
  hmac.update(utf8(`efs-isgw-1 ${input.role}`));
  for (const part of [input.senderHello, input.receiverHello, input.senderProof, input.payload])
    hmac.update(part);
  return new Uint8Array(hmac.digest());
}

export function isProof(candidate: Uint8Array, input: ProofInput): boolean {
  return candidate.length === PROOF_BYTES && timingSafeEqual(candidate, makeProof(input));
}

export function joinProof(proof: Uint8Array, payload: Uint8Array): Uint8Array {
  return concat([proof, payload]);
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** Who refuses; only told to a peer that has proved the key. */
  readonly refuser: Refuser | undefined;
}

export interface Refuser {
  readonly segment: SegmentId;
  readonly name: string;
  readonly service: string;
}

export function encodeRefusal(refusal: Refusal): Uint8Array {
  const writer = new ByteWriter(256).text(refusal.code).text(shortText(refusal.message));
  if (refusal.refuser === undefined) return writer.u8(0).finish();
  const { segment, name, service } = refusal.refuser;
  return writer.u8(1).raw(idBytes(segment)).text(shortText(name)).text(shortText(service)).finish();
}

/** @throws PROTOCOL, TRUNCATED, RECORD_CORRUPT */
export function decodeRefusal(body: Uint8Array): Refusal {
  const reader = new ByteReader(body);
  const code = reader.text(64);
  const message = reader.text(PEER_TEXT_BYTES_MAX);
  const refuser = reader.u8() === 1 ? readRefuser(reader) : undefined;
  reader.end();
  return { code, message, refuser };
}

function readRefuser(reader: ByteReader): Refuser {
  const segment = segmentIdOf(reader.raw(8));
  return { segment, name: reader.text(PEER_TEXT_BYTES_MAX), service: reader.text(PEER_TEXT_BYTES_MAX) };
}

/** At most PEER_TEXT_BYTES_MAX bytes of a text, whole characters. */
export function shortText(text: string): string {
  let short = text.slice(0, PEER_TEXT_BYTES_MAX);
  while (utf8(short).length > PEER_TEXT_BYTES_MAX) short = short.slice(0, Math.floor(short.length * 0.9));
  return short;
}
