/** Bodies of PULL (what the receiver wants) and PIECES (what the sender gives). PROTOCOL.md §5. */
import { ByteReader, ByteWriter } from "../../../base/cursor.ts";
import { EfsError } from "../../../base/errors.ts";
import { CONTENT_ID_BYTES, type ContentId, contentIdOf } from "../../../model/ids.ts";
import { FIXED_CHUNK_BYTES_MAX, NODE_REFERENCES_MAX, OBJECT_SIZE_BYTES_MAX } from "../../../model/limits.ts";
import { BATCH_ITEMS_MAX } from "./batch.ts";

export const PULL_WANTS_MAX = 10_000;
export const PIECES_MAX = 1024;
/** Plain bytes of one piece. */
export const PIECE_BYTES_MAX = FIXED_CHUNK_BYTES_MAX;
/** A stored form may be this much longer than the plain bytes. */
const STORED_SLACK_BYTES = 64 * 1024;
/** The base of a difference. */
export const BASE_BYTES_MAX = 4 * 1024 * 1024;
export const BASE_NODES_MAX = 4;
const DISTANCE_MAX = 2 ** 40;

export interface Want {
  /** 0: a root of the batch; else the number of the want that brought the parent node. */
  readonly parent: number;
  /** Which version of the batch, or which reference of the parent node. */
  readonly index: number;
  /** A difference from the version's base will do. */
  readonly mayDiffer: boolean;
  /** What came before did not match its id: the sender shall check before it gives it again. */
  readonly mustVerify: boolean;
}

export interface PullBody {
  /** Numbers of wants whose nodes will not be parents again. */
  readonly releases: readonly number[];
  readonly wants: readonly Want[];
}

/** `firstNumber` is the number of the first want of this body. */
export function encodePull(pull: PullBody, firstNumber: number): Uint8Array {
  const writer = new ByteWriter(16 + pull.wants.length * 4).varint(pull.releases.length);
  for (const release of pull.releases) writer.varint(firstNumber - release);
  writer.varint(pull.wants.length);
  for (const [order, want] of pull.wants.entries()) {
    writer.varint(want.parent === 0 ? 0 : firstNumber + order - want.parent);
    writer.varint(want.index).u8((want.mayDiffer ? 1 : 0) + (want.mustVerify ? 2 : 0));
  }
  return writer.finish();
}

/** @throws PROTOCOL, TRUNCATED, RECORD_CORRUPT */
export function decodePull(body: Uint8Array, firstNumber: number): PullBody {
  const reader = new ByteReader(body);
  const releases: number[] = [];
  for (let left = reader.varint(PULL_WANTS_MAX); left > 0; left -= 1) {
    releases.push(backwards(firstNumber, reader.varint(DISTANCE_MAX)));
  }
  const wants: Want[] = [];
  const count = reader.varint(PULL_WANTS_MAX);
  for (let order = 0; order < count; order += 1) {
    const distance = reader.varint(DISTANCE_MAX);
    const parent = distance === 0 ? 0 : backwards(firstNumber + order, distance);
    const index = reader.varint(Math.max(BATCH_ITEMS_MAX, NODE_REFERENCES_MAX));
    const flags = reader.u8();
    if (flags > 3) throw new EfsError("PROTOCOL", "a want has an unknown flag");
    wants.push({ parent, index, mayDiffer: (flags & 1) !== 0, mustVerify: (flags & 2) !== 0 });
  }
  reader.end();
  return { releases, wants };
}

function backwards(from: number, distance: number): number {
  const number = from - distance;
  if (distance < 1 || number < 1) throw new EfsError("PROTOCOL", "a want names another that was never made");
  return number;
}

export interface Delta {
  readonly plainBytes: number;
  /** The operations and literals are one brotli stream. */
  readonly isPacked: boolean;
  readonly bytes: Uint8Array;
}

export type Piece = { readonly want: number } & (
  | { readonly form: "absent" }
  | {
      readonly form: "stored";
      readonly codec: number;
      readonly plainBytes: number;
      readonly bytes: Uint8Array;
    }
  | {
      readonly form: "range";
      readonly startByte: number;
      readonly lengthBytes: number;
      readonly delta: Delta;
    }
  | { readonly form: "nodes"; readonly ids: readonly ContentId[]; readonly delta: Delta }
);

const FORMS = ["absent", "stored", "range", "nodes"] as const;

/** The body in parts: the bytes of pieces are not copied. */
export function encodePieces(pieces: readonly Piece[]): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  let writer = new ByteWriter(64).varint(pieces.length);
  const append = (bytes: Uint8Array) => {
    parts.push(writer.varint(bytes.length).finish(), bytes);
    writer = new ByteWriter(64);
  };
  let before = 0;
  for (const piece of pieces) {
    writer.varint(piece.want - before).u8(FORMS.indexOf(piece.form));
    before = piece.want;
    if (piece.form === "stored") {
      writer.u8(piece.codec).varint(piece.plainBytes);
      append(piece.bytes);
    }
    if (piece.form === "range") writer.varint(piece.startByte).varint(piece.lengthBytes);
    if (piece.form === "nodes") {
      writer.u8(piece.ids.length);
      for (const id of piece.ids) writer.raw(id);
    }
    if (piece.form === "range" || piece.form === "nodes") {
      writer.varint(piece.delta.plainBytes).u8(piece.delta.isPacked ? 1 : 0);
      append(piece.delta.bytes);
    }
  }
  parts.push(writer.finish());
  return parts;
}

/** Views into `body`, not copies. @throws PROTOCOL, TRUNCATED, RECORD_CORRUPT */
export function decodePieces(body: Uint8Array): readonly Piece[] {
  const reader = new ByteReader(body);
  const count = reader.varint(PIECES_MAX);
  const pieces: Piece[] = [];
  let want = 0;
  for (let order = 0; order < count; order += 1) {
    const distance = reader.varint(DISTANCE_MAX);
    if (distance < 1) throw new EfsError("PROTOCOL", "a piece is given twice");
    want += distance;
    pieces.push(readPiece(reader, want));
  }
  reader.end();
  return pieces;
}

function readPiece(reader: ByteReader, want: number): Piece {
  const form = FORMS[reader.u8()];
  if (form === undefined) throw new EfsError("PROTOCOL", "a piece has an unknown form");
  if (form === "absent") return { want, form };
  if (form === "stored") {
    const codec = reader.u8();
    const plainBytes = reader.varint(PIECE_BYTES_MAX);
    return { want, form, codec, plainBytes, bytes: reader.bytes(PIECE_BYTES_MAX + STORED_SLACK_BYTES) };
  }
  if (form === "range") {
    const startByte = reader.varint(OBJECT_SIZE_BYTES_MAX);
    const lengthBytes = reader.varint(BASE_BYTES_MAX);
    return { want, form, startByte, lengthBytes, delta: readDelta(reader) };
  }
  const count = reader.u8();
  if (count < 1 || count > BASE_NODES_MAX)
    throw new EfsError("PROTOCOL", `a difference names ${count} nodes`);
  const ids: ContentId[] = [];
  for (let left = count; left > 0; left -= 1) ids.push(contentIdOf(reader.raw(CONTENT_ID_BYTES).slice()));
  return { want, form, ids, delta: readDelta(reader) };
}

function readDelta(reader: ByteReader): Delta {
  const plainBytes = reader.varint(PIECE_BYTES_MAX);
  const packed = reader.u8();
  if (packed > 1) throw new EfsError("PROTOCOL", "a difference is packed in an unknown way");
  return { plainBytes, isPacked: packed === 1, bytes: reader.bytes(PIECE_BYTES_MAX + STORED_SLACK_BYTES) };
}
