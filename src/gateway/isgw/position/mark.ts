/**
 * Marks: where a receiver is in a sender's log. Owns their bytes (PROTOCOL.md §4) and the rule that they only move on.
 * The receiver's mark rules; it is durable with the versions before it.
 */
import { compareBytes, utf8 } from "../../../base/bytes.ts";
import { ByteReader, ByteWriter } from "../../../base/cursor.ts";
import { EfsError } from "../../../base/errors.ts";
import { OBJECT_NAME_BYTES_MAX } from "../../../model/limits.ts";
import { UVID_BYTES, type Uvid, uvidBytes, uvidOf } from "../../../model/uvid.ts";

/** A log position with the version id there; undefined at position 0. */
export interface LogPoint {
  readonly position: bigint;
  readonly uvid: Uvid | undefined;
}

export type Mark =
  | {
      /** All versions of names up to `name` are there, as of some moment after `head`. */
      readonly kind: "walking";
      readonly head: LogPoint;
      readonly name: string;
    }
  | {
      readonly kind: "following";
      readonly at: LogPoint;
      /** Whether what was there before the service served the bucket is there too. */
      readonly isEverything: boolean;
    };

const VERSION = 1;

export function encodeMark(mark: Mark): Uint8Array {
  const writer = new ByteWriter(64).u8(VERSION);
  if (mark.kind === "walking") {
    writePoint(writer.u8(1), mark.head);
    return writer.text(mark.name).finish();
  }
  writePoint(writer.u8(2), mark.at);
  return writer.u8(mark.isEverything ? 1 : 0).finish();
}

/** @throws PROTOCOL, TRUNCATED, RECORD_CORRUPT */
export function decodeMark(bytes: Uint8Array): Mark {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  const kind = reader.u8();
  if (version !== VERSION || (kind !== 1 && kind !== 2))
    throw new EfsError("PROTOCOL", "a mark is of an unknown kind");
  const point = readPoint(reader);
  const mark: Mark =
    kind === 1
      ? { kind: "walking", head: point, name: reader.text(OBJECT_NAME_BYTES_MAX) }
      : { kind: "following", at: point, isEverything: readFlag(reader) };
  reader.end();
  return mark;
}

/**
 * Whether a receiver that is at `before` may be taken to `next`: only onwards, or to the beginning of a new walk, or from a
 * walk to following without the claim that everything is there.
 */
export function movesOn(before: Mark | undefined, next: Mark): boolean {
  if (next.kind === "walking") {
    if (next.name === "") return true;
    if (before?.kind !== "walking" || !isSamePoint(before.head, next.head)) return false;
    return compareBytes(utf8(before.name), utf8(next.name)) <= 0;
  }
  if (before === undefined) return !next.isEverything;
  if (before.kind === "walking") return !next.isEverything || isSamePoint(before.head, next.at);
  return next.at.position >= before.at.position && next.isEverything === before.isEverything;
}

export function isSamePoint(left: LogPoint, right: LogPoint): boolean {
  return left.position === right.position && left.uvid === right.uvid;
}

function writePoint(writer: ByteWriter, point: LogPoint): void {
  writer.u64(point.position);
  if (point.uvid === undefined) writer.u8(0);
  else writer.u8(1).raw(uvidBytes(point.uvid));
}

function readPoint(reader: ByteReader): LogPoint {
  const position = reader.u64();
  const uvid = readFlag(reader) ? uvidOf(reader.raw(UVID_BYTES)) : undefined;
  if ((position === 0n) !== (uvid === undefined)) throw new EfsError("PROTOCOL", "a mark names no version");
  return { position, uvid };
}

function readFlag(reader: ByteReader): boolean {
  const flag = reader.u8();
  if (flag > 1) throw new EfsError("PROTOCOL", "a flag is neither 0 nor 1");
  return flag === 1;
}
