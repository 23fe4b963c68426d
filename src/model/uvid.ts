/**
 * The unique version id: 24 bytes = hybrid logical clock (u64) ++ segment id (8) ++ writer id (8). Byte order is time
 * order, ties broken by segment and writer. The clock word holds wall milliseconds in its upper 48 bits and a count in
 * its lower 16.
 */
import { compareBytes, concat, fromHex, toHex } from "../base/bytes.ts";
import { EfsError } from "../base/errors.ts";
import { idBytes, type SegmentId, segmentIdOf, type WriterId, writerIdOf } from "./ids.ts";

export const UVID_BYTES = 24;

/** 48 upper-case hex digits. Comparing the text is comparing the bytes. */
declare const uvidBrand: unique symbol;
export type Uvid = string & { readonly [uvidBrand]: true };

export interface UvidParts {
  /** The hybrid logical clock's word. */
  readonly clock: bigint;
  readonly segment: SegmentId;
  readonly writer: WriterId;
}

export function makeUvid(parts: UvidParts): Uvid {
  const clock = new Uint8Array(8);
  new DataView(clock.buffer).setBigUint64(0, parts.clock);
  return uvidOf(concat([clock, idBytes(parts.segment), idBytes(parts.writer)]));
}

export function uvidOf(bytes: Uint8Array): Uvid {
  if (bytes.length !== UVID_BYTES)
    throw new EfsError("RECORD_CORRUPT", `a UVID has ${UVID_BYTES} bytes, not ${bytes.length}`);
  return toHex(bytes).toUpperCase() as Uvid;
}

/** @throws BAD_VALUE */
export function parseUvid(text: string): Uvid {
  const bytes = fromHex(text);
  if (bytes === undefined || bytes.length !== UVID_BYTES) {
    throw new EfsError("BAD_VALUE", `not a version id: ${UVID_BYTES * 2} hexadecimal digits are expected`);
  }
  return text.toUpperCase() as Uvid;
}

export function uvidBytes(uvid: Uvid): Uint8Array {
  return new Uint8Array(Buffer.from(uvid, "hex"));
}

export function uvidParts(uvid: Uvid): UvidParts {
  const bytes = uvidBytes(uvid);
  return {
    clock: new DataView(bytes.buffer).getBigUint64(0),
    segment: segmentIdOf(bytes.subarray(8, 16)),
    writer: writerIdOf(bytes.subarray(16, 24)),
  };
}

/** Wall milliseconds of a clock word. */
export function clockWallMs(clock: bigint): number {
  return Number(clock >> 16n);
}

export interface Ordered {
  readonly generation: number;
  readonly uvid: Uvid;
}

/** The order that decides which version is the latest: generation, then UVID. The same at every site. */
export function compareVersions(left: Ordered, right: Ordered): number {
  if (left.generation !== right.generation) return left.generation - right.generation;
  return compareBytes(uvidBytes(left.uvid), uvidBytes(right.uvid));
}
