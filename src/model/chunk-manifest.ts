/**
 * The bytes of a chunk manifest: a node of the tree of references, named by `nodeId` of these bytes. FORMAT.md "Node".
 * Each list has one encoding, so equal lists are the same node everywhere.
 */
import { assert } from "../base/assert.ts";
import { ByteReader, ByteWriter } from "../base/cursor.ts";
import { NODE_BYTES_MAX, NODE_REFERENCES_MAX, OBJECT_SIZE_BYTES_MAX } from "./limits.ts";
import { corruptRecord, readFormat } from "./record.ts";
import type { Reference } from "./reference.ts";
import { readReference, writeReference } from "./reference-codec.ts";

const FORMAT = 1;

/** 1 to NODE_REFERENCES_MAX references, end to end at most OBJECT_SIZE_BYTES_MAX. */
export function encodeNode(references: readonly Reference[]): Uint8Array {
  assert(
    references.length >= 1 && references.length <= NODE_REFERENCES_MAX,
    "a node has 1 to 256 references",
  );
  const writer = new ByteWriter(references.length * 40 + 8);
  writer.u8(FORMAT).varint(references.length);
  for (const reference of references) writeReference(writer, reference);
  return writer.finish();
}

/** @throws RECORD_CORRUPT, TRUNCATED, FORMAT_TOO_NEW */
export function decodeNode(bytes: Uint8Array): readonly Reference[] {
  if (bytes.length > NODE_BYTES_MAX) throw corruptRecord("a tree node is over its limit");
  const reader = new ByteReader(bytes);
  readFormat(reader, FORMAT, "tree node");
  const referenceCount = reader.varint(NODE_REFERENCES_MAX);
  if (referenceCount === 0) throw corruptRecord("a tree node without references");
  const references: Reference[] = [];
  let sizeBytes = 0;
  for (let index = 0; index < referenceCount; index += 1) {
    const reference = readReference(reader);
    sizeBytes += reference.lengthBytes;
    references.push(reference);
  }
  reader.end();
  if (sizeBytes > OBJECT_SIZE_BYTES_MAX) throw corruptRecord("a tree node spans more than an object may");
  return references;
}
