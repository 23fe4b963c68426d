/**
 * Body of BATCH: versions as their encoded manifests, each with the content it replaces, annotations, expunges, and the mark
 * behind them all. PROTOCOL.md §5.
 */
import { ByteReader, ByteWriter } from "../../../base/cursor.ts";
import { EfsError } from "../../../base/errors.ts";
import {
  ANNOTATION_RECORD_BYTES_MAX,
  decodeAnnotations,
  encodeAnnotations,
} from "../../../model/annotation-record.ts";
import { decodeExpunge, encodeExpunge } from "../../../model/expunge-record.ts";
import {
  EXPUNGE_RECORD_BYTES_MAX,
  OBJECT_NAME_BYTES_MAX,
  VERSION_MANIFEST_BYTES_MAX,
} from "../../../model/limits.ts";
import { parseObjectName } from "../../../model/names.ts";
import type { ContentRoot } from "../../../model/reference.ts";
import { UVID_BYTES, uvidBytes, uvidOf } from "../../../model/uvid.ts";
import type { Expunge, Version } from "../../../model/version.ts";
import { decodeVersion, encodeVersion } from "../../../model/version-manifest.ts";
import type { VersionAnnotations } from "../../../segment/replication.ts";
import { decodeMark, encodeMark, type Mark } from "../position/mark.ts";
import { readRoot, writeRoot } from "./root.ts";

/** Of each: versions, annotations, expunges. */
export const BATCH_ITEMS_MAX = 500;

export interface BatchVersion {
  readonly version: Version;
  /** What the object held before at the sender; a base for differences. */
  readonly base: ContentRoot;
}

export interface BatchBody {
  readonly channel: number;
  /** undefined: the mark stays where it is. */
  readonly mark: Mark | undefined;
  readonly versions: readonly BatchVersion[];
  /** Of these versions and of others. */
  readonly annotations: readonly VersionAnnotations[];
  readonly expunges: readonly Expunge[];
}

export function encodeBatch(batch: BatchBody): Uint8Array {
  const writer = new ByteWriter(64 + batch.versions.length * 160)
    .varint(batch.channel)
    .bytes(batch.mark === undefined ? new Uint8Array(0) : encodeMark(batch.mark))
    .varint(batch.versions.length);
  for (const { version, base } of batch.versions) {
    writer.bytes(encodeVersion(version));
    writeRoot(writer, base);
  }
  writer.varint(batch.annotations.length);
  for (const { object, uvid, generation, record } of batch.annotations) {
    writer.text(object).raw(uvidBytes(uvid)).varint(generation).bytes(encodeAnnotations(record));
  }
  writer.varint(batch.expunges.length);
  for (const expunge of batch.expunges) writer.bytes(encodeExpunge(expunge));
  return writer.finish();
}

/** @throws PROTOCOL, TRUNCATED, RECORD_CORRUPT, BAD_NAME … */
export function decodeBatch(body: Uint8Array): BatchBody {
  const reader = new ByteReader(body);
  const channel = reader.varint(2 ** 32);
  const markBytes = reader.bytes(2048);
  const mark = markBytes.length === 0 ? undefined : decodeMark(markBytes);
  const versions = readItems(reader, (): BatchVersion => {
    const version = decodeVersion(reader.bytes(VERSION_MANIFEST_BYTES_MAX));
    return { version, base: readRoot(reader) };
  });
  const annotations = readItems(reader, () => readAnnotations(reader));
  const expunges = readItems(reader, () => decodeExpunge(reader.bytes(EXPUNGE_RECORD_BYTES_MAX)));
  reader.end();
  return { channel, mark, versions, annotations, expunges };
}

function readItems<T>(reader: ByteReader, read: () => T): readonly T[] {
  const count = reader.varint(BATCH_ITEMS_MAX);
  const items: T[] = [];
  for (let index = 0; index < count; index += 1) items.push(read());
  return items;
}

function readAnnotations(reader: ByteReader): VersionAnnotations {
  const object = parseObjectName(reader.text(OBJECT_NAME_BYTES_MAX));
  const uvid = uvidOf(reader.raw(UVID_BYTES));
  const generation = reader.varint();
  if (generation === 0) throw new EfsError("PROTOCOL", "annotations of a version of generation 0");
  return { object, uvid, generation, record: decodeAnnotations(reader.bytes(ANNOTATION_RECORD_BYTES_MAX)) };
}
