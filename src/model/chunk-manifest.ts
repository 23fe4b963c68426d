/**
 * The bytes of references, content roots and chunk manifests (nodes of the tree of references). FORMAT.md describes them.
 */
import { type ByteReader, ByteWriter } from "../base/cursor.ts";
import { EfsError } from "../base/errors.ts";
import { CONTENT_ID_BYTES, contentIdOf } from "./ids.ts";
import {
  FIXED_CHUNK_BYTES_MAX,
  NODE_BYTES_MAX,
  NODE_REFERENCES_MAX,
  OBJECT_SIZE_BYTES_MAX,
  SMALL_CONTENT_BYTES_MAX,
} from "./limits.ts";
import { decodeRecord } from "./record.ts";
import type { ContentRoot, Reference } from "./reference.ts";

const NONE = 0;
const SMALL = 1;
const ZEROS = 2;
const CHUNK = 3;
const NODE = 4;
const CHUNK_SLICE = 5;
const NODE_SLICE = 6;

export function writeReference(writer: ByteWriter, reference: Reference): void {
  if (reference.kind === "zeros") {
    writer.u8(ZEROS).varint(reference.lengthBytes);
    return;
  }
  const isChunk = reference.kind === "chunk";
  if (reference.skipBytes === 0) writer.u8(isChunk ? CHUNK : NODE);
  else writer.u8(isChunk ? CHUNK_SLICE : NODE_SLICE).varint(reference.skipBytes);
  writer.raw(reference.id).varint(reference.lengthBytes);
}

export function readReference(reader: ByteReader): Reference {
  return readReferenceOf(reader, reader.u8());
}

function readReferenceOf(reader: ByteReader, kind: number): Reference {
  if (kind === ZEROS) return { kind: "zeros", lengthBytes: readLength(reader, OBJECT_SIZE_BYTES_MAX) };
  if (kind < CHUNK || kind > NODE_SLICE)
    throw new EfsError("RECORD_CORRUPT", `a reference has the unknown kind ${kind}`);
  const isChunk = kind === CHUNK || kind === CHUNK_SLICE;
  const sizeMax = isChunk ? FIXED_CHUNK_BYTES_MAX : OBJECT_SIZE_BYTES_MAX;
  const skipBytes = kind === CHUNK_SLICE || kind === NODE_SLICE ? readLength(reader, sizeMax) : 0;
  const id = contentIdOf(reader.raw(CONTENT_ID_BYTES).slice());
  const lengthBytes = readLength(reader, sizeMax - skipBytes);
  return { kind: isChunk ? "chunk" : "node", id, skipBytes, lengthBytes };
}

export function writeRoot(writer: ByteWriter, root: ContentRoot): void {
  if (root.kind === "none") writer.u8(NONE);
  else if (root.kind === "small") writer.u8(SMALL).raw(root.id).varint(root.lengthBytes);
  else writeReference(writer, root);
}

export function readRoot(reader: ByteReader): ContentRoot {
  const kind = reader.u8();
  if (kind === NONE) return { kind: "none" };
  if (kind !== SMALL) return readReferenceOf(reader, kind);
  const id = contentIdOf(reader.raw(CONTENT_ID_BYTES).slice());
  return { kind: "small", id, lengthBytes: readLength(reader, SMALL_CONTENT_BYTES_MAX) };
}

/** The bytes of a node. At most NODE_REFERENCES_MAX references, which the caller keeps. */
export function encodeNode(references: readonly Reference[]): Uint8Array {
  const writer = new ByteWriter(references.length * 40 + 8);
  writer.u8(1).varint(references.length);
  for (const reference of references) writeReference(writer, reference);
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeNode(bytes: Uint8Array): readonly Reference[] {
  if (bytes.length > NODE_BYTES_MAX) {
    throw new EfsError("RECORD_CORRUPT", `a node has ${bytes.length} bytes, the limit is ${NODE_BYTES_MAX}`);
  }
  return decodeRecord("node", bytes, (reader) => {
    const count = reader.varint(NODE_REFERENCES_MAX);
    if (count === 0) throw new EfsError("RECORD_CORRUPT", "a node has no references");
    const references: Reference[] = [];
    let sizeBytes = 0;
    for (let index = 0; index < count; index += 1) {
      const reference = readReference(reader);
      sizeBytes += reference.lengthBytes;
      references.push(reference);
    }
    if (sizeBytes > OBJECT_SIZE_BYTES_MAX)
      throw new EfsError("RECORD_CORRUPT", "a node describes more bytes than an object may have");
    return references;
  });
}

/** Bytes of the content under a list of references. */
export function referencesSizeBytes(references: readonly Reference[]): number {
  let sizeBytes = 0;
  for (const reference of references) sizeBytes += reference.lengthBytes;
  return sizeBytes;
}

function readLength(reader: ByteReader, max: number): number {
  const length = reader.varint(Math.max(max, 0));
  if (length === 0) throw new EfsError("RECORD_CORRUPT", "a reference has no length");
  return length;
}
