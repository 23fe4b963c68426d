/** Bodies about buckets and outcomes: OPEN, OPENED, CLOSED, APPLIED. PROTOCOL.md §4, §5. */
import { ByteReader, ByteWriter } from "../../../base/cursor.ts";
import { EfsError } from "../../../base/errors.ts";
import { idBytes, type LogId, logIdOf } from "../../../model/ids.ts";
import { type BucketPath, formatBucketPath, parseBucketPath } from "../../../model/names.ts";
import type { BucketOptions } from "../../../model/namespace.ts";
import { decodeMark, encodeMark, type Mark } from "../position/mark.ts";
import { PEER_TEXT_BYTES_MAX, shortText } from "./hello.ts";
import { readOptions, writeOptions } from "./root.ts";

export interface Open {
  readonly path: BucketPath;
  readonly logId: LogId;
  readonly headPosition: bigint;
  readonly options: BucketOptions;
}

export function encodeOpen(open: Open): Uint8Array {
  const writer = new ByteWriter()
    .text(formatBucketPath(open.path))
    .raw(idBytes(open.logId))
    .u64(open.headPosition);
  writeOptions(writer, open.options);
  return writer.finish();
}

/** @throws PROTOCOL, TRUNCATED, RECORD_CORRUPT, BAD_NAME */
export function decodeOpen(body: Uint8Array): Open {
  const reader = new ByteReader(body);
  const path = parseBucketPath(reader.text(1024));
  const logId = logIdOf(reader.raw(8));
  const headPosition = reader.u64();
  const options = readOptions(reader);
  reader.end();
  return { path, logId, headPosition, options };
}

export interface Opened {
  readonly logId: LogId;
  /** What the receiver keeps; undefined: nothing is known of this log. */
  readonly mark: Mark | undefined;
}

export function encodeOpened(opened: Opened): Uint8Array {
  const writer = new ByteWriter().raw(idBytes(opened.logId));
  if (opened.mark === undefined) return writer.u8(0).finish();
  return writer.u8(1).bytes(encodeMark(opened.mark)).finish();
}

/** @throws PROTOCOL, TRUNCATED, RECORD_CORRUPT */
export function decodeOpened(body: Uint8Array): Opened {
  const reader = new ByteReader(body);
  const logId = logIdOf(reader.raw(8));
  const flag = reader.u8();
  if (flag > 1) throw new EfsError("PROTOCOL", "a flag is neither 0 nor 1");
  const mark = flag === 1 ? decodeMark(reader.bytes(2048)) : undefined;
  reader.end();
  return { logId, mark };
}

export interface Closed {
  readonly code: string;
  readonly message: string;
}

export function encodeClosed(closed: Closed): Uint8Array {
  return new ByteWriter().text(closed.code).text(shortText(closed.message)).finish();
}

/** @throws TRUNCATED, RECORD_CORRUPT */
export function decodeClosed(body: Uint8Array): Closed {
  const reader = new ByteReader(body);
  const closed = { code: reader.text(64), message: reader.text(PEER_TEXT_BYTES_MAX) };
  reader.end();
  return closed;
}

export interface Applied {
  /** Versions that were new at the receiver. */
  readonly newVersions: number;
  readonly alreadyThere: number;
  /** Versions whose content the sender could not give. */
  readonly leftOut: number;
  /** Pieces that were not asked for since they were there: a chunk, or a node with all beneath it. */
  readonly foundPieces: number;
  readonly foundBytes: number;
  /** Annotations that changed something at the receiver, those of new versions not counted. */
  readonly annotated: number;
  readonly expunged: number;
  /** Expunges that a legal hold or a retention at the receiver forbids. */
  readonly refused: number;
}

export function encodeApplied(applied: Applied): Uint8Array {
  return new ByteWriter(32)
    .varint(applied.newVersions)
    .varint(applied.alreadyThere)
    .varint(applied.leftOut)
    .varint(applied.foundPieces)
    .varint(applied.foundBytes)
    .varint(applied.annotated)
    .varint(applied.expunged)
    .varint(applied.refused)
    .finish();
}

/** @throws TRUNCATED, RECORD_CORRUPT */
export function decodeApplied(body: Uint8Array): Applied {
  const reader = new ByteReader(body);
  const applied = {
    newVersions: reader.varint(),
    alreadyThere: reader.varint(),
    leftOut: reader.varint(),
    foundPieces: reader.varint(),
    foundBytes: reader.varint(),
    annotated: reader.varint(),
    expunged: reader.varint(),
    refused: reader.varint(),
  };
  reader.end();
  return applied;
}
