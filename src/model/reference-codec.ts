/**
 * The bytes of references and content roots, inside version manifests, log entries and tree nodes. FORMAT.md "Roots and
 * references". Each value has one encoding: what decodes encodes to the same bytes.
 */
import { assert } from "../base/assert.ts";
import { ByteReader, ByteWriter } from "../base/cursor.ts";
import { EfsError } from "../base/errors.ts";
import { CONTENT_ID_BYTES, contentIdOf } from "./ids.ts";
import { FIXED_CHUNK_BYTES_MAX, OBJECT_SIZE_BYTES_MAX, SMALL_CONTENT_BYTES_MAX } from "./limits.ts";
import type { ContentRoot, Reference } from "./reference.ts";

const TAG_NONE = 0;
const TAG_SMALL = 1;
const TAG_CHUNK = 2;
const TAG_CHUNK_SKIP = 3;
const TAG_NODE = 4;
const TAG_NODE_SKIP = 5;
const TAG_ZEROS = 6;

export function writeRoot(writer: ByteWriter, root: ContentRoot): void {
  if (root.kind === "none") {
    writer.u8(TAG_NONE);
  } else if (root.kind === "small") {
    assert(isLength(root.lengthBytes, SMALL_CONTENT_BYTES_MAX), "small content has 1 to 1,024 bytes");
    assert(root.id.length === CONTENT_ID_BYTES, "an id has 32 bytes");
    writer.u8(TAG_SMALL).varint(root.lengthBytes).raw(root.id);
  } else {
    writeReference(writer, root);
  }
}

export function writeReference(writer: ByteWriter, reference: Reference): void {
  const { lengthBytes } = reference;
  assert(isLength(lengthBytes, OBJECT_SIZE_BYTES_MAX), "a reference has a length of 1 byte to 16 TiB");
  if (reference.kind === "zeros") {
    writer.u8(TAG_ZEROS).varint(lengthBytes);
    return;
  }
  const { kind, id, skipBytes } = reference;
  assert(id.length === CONTENT_ID_BYTES, "an id has 32 bytes");
  assert(Number.isSafeInteger(skipBytes) && skipBytes >= 0, "a skip is a whole number");
  assert(skipBytes + lengthBytes <= reachMax(kind), "a slice ends within what its id can name");
  const hasSkip = skipBytes > 0;
  if (kind === "chunk") writer.u8(hasSkip ? TAG_CHUNK_SKIP : TAG_CHUNK);
  else writer.u8(hasSkip ? TAG_NODE_SKIP : TAG_NODE);
  writer.varint(lengthBytes).raw(id);
  if (hasSkip) writer.varint(skipBytes);
}

/** @throws RECORD_CORRUPT, TRUNCATED. Ids are copies, they do not hold the record's memory. */
export function readRoot(reader: ByteReader): ContentRoot {
  const tag = reader.u8();
  if (tag === TAG_NONE) return { kind: "none" };
  if (tag !== TAG_SMALL) return readTagged(reader, tag);
  const lengthBytes = readLength(reader, SMALL_CONTENT_BYTES_MAX);
  return { kind: "small", id: readId(reader), lengthBytes };
}

/** @throws RECORD_CORRUPT, TRUNCATED */
export function readReference(reader: ByteReader): Reference {
  return readTagged(reader, reader.u8());
}

export function encodeRoot(root: ContentRoot): Uint8Array {
  const writer = new ByteWriter(64);
  writeRoot(writer, root);
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED */
export function decodeRoot(bytes: Uint8Array): ContentRoot {
  const reader = new ByteReader(bytes);
  const root = readRoot(reader);
  reader.end();
  return root;
}

function readTagged(reader: ByteReader, tag: number): Reference {
  if (tag === TAG_ZEROS) return { kind: "zeros", lengthBytes: readLength(reader, OBJECT_SIZE_BYTES_MAX) };
  if (tag < TAG_CHUNK || tag > TAG_NODE_SKIP) throw corrupt(`no reference has the tag ${tag}`);
  const kind = tag < TAG_NODE ? "chunk" : "node";
  const reachBytes = reachMax(kind);
  const lengthBytes = readLength(reader, reachBytes);
  const id = readId(reader);
  if (tag === TAG_CHUNK || tag === TAG_NODE) return { kind, id, skipBytes: 0, lengthBytes };
  const skipBytes = reader.varint(reachBytes - lengthBytes);
  if (skipBytes === 0) throw corrupt("a skip of 0 is written without a skip");
  return { kind, id, skipBytes, lengthBytes };
}

/** The most bytes that one chunk or the tree under one node can have. */
function reachMax(kind: "chunk" | "node"): number {
  return kind === "chunk" ? FIXED_CHUNK_BYTES_MAX : OBJECT_SIZE_BYTES_MAX;
}

function readLength(reader: ByteReader, max: number): number {
  const lengthBytes = reader.varint(max);
  if (lengthBytes === 0) throw corrupt("a reference to no bytes");
  return lengthBytes;
}

function readId(reader: ByteReader) {
  return contentIdOf(new Uint8Array(reader.raw(CONTENT_ID_BYTES)));
}

function isLength(lengthBytes: number, max: number): boolean {
  return Number.isSafeInteger(lengthBytes) && lengthBytes >= 1 && lengthBytes <= max;
}

function corrupt(message: string): EfsError {
  return new EfsError("RECORD_CORRUPT", message);
}
