/** Body of BATCH: versions as their encoded manifests, each with the content it replaces, and the mark behind them. PROTOCOL.md §5. */
import { ByteReader, ByteWriter } from "../../../base/cursor.ts";
import { VERSION_MANIFEST_BYTES_MAX } from "../../../model/limits.ts";
import type { ContentRoot } from "../../../model/reference.ts";
import type { Version } from "../../../model/version.ts";
import { decodeVersion, encodeVersion } from "../../../model/version-manifest.ts";
import { decodeMark, encodeMark, type Mark } from "../position/mark.ts";
import { readRoot, writeRoot } from "./root.ts";

export const BATCH_VERSIONS_MAX = 500;

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
  return writer.finish();
}

/** @throws PROTOCOL, TRUNCATED, RECORD_CORRUPT, BAD_NAME … */
export function decodeBatch(body: Uint8Array): BatchBody {
  const reader = new ByteReader(body);
  const channel = reader.varint(2 ** 32);
  const markBytes = reader.bytes(2048);
  const mark = markBytes.length === 0 ? undefined : decodeMark(markBytes);
  const count = reader.varint(BATCH_VERSIONS_MAX);
  const versions: BatchVersion[] = [];
  for (let index = 0; index < count; index += 1) {
    const version = decodeVersion(reader.bytes(VERSION_MANIFEST_BYTES_MAX));
    versions.push({ version, base: readRoot(reader) });
  }
  reader.end();
  return { channel, mark, versions };
}
