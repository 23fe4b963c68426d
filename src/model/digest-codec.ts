/**
 * The bytes of a content digest inside a version manifest: MD5, checksum, part table. FORMAT.md "Digest". Sizes of parts are run-length
 * encoded, for nearly all parts of an upload have one size; the parts' own checksums are kept only while there is room for all of them.
 */
import { assert } from "../base/assert.ts";
import type { ByteReader, ByteWriter } from "../base/cursor.ts";
import { OBJECT_SIZE_BYTES_MAX, PART_CHECKSUMS_BYTES_MAX, PARTS_MAX } from "./limits.ts";
import { corruptRecord, writeCount } from "./record.ts";
import {
  CHECKSUM_ALGORITHMS,
  type Checksum,
  type ChecksumAlgorithm,
  type ContentDigest,
  type Part,
} from "./version.ts";

const FLAG_MD5 = 0x01;
const FLAG_CHECKSUM = 0x02;
const FLAG_COMPOSITE = 0x04;
const FLAG_PARTS = 0x08;
const FLAG_PART_CHECKSUMS = 0x10;
/** Three bits: the place of the algorithm in CHECKSUM_ALGORITHMS. */
const ALGORITHM_SHIFT = 5;
const MD5_BYTES = 16;

/** Bytes of a checksum's value. */
export const CHECKSUM_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  sha1: 20,
  sha256: 32,
};

/** The digest as it is kept: parts' checksums all or none, and undefined when nothing is left. */
export function keptDigest(digest: ContentDigest | undefined): ContentDigest | undefined {
  if (digest === undefined) return undefined;
  const { md5, checksum, parts } = digest;
  if (md5 === undefined && checksum === undefined && parts.length === 0) return undefined;
  const hasRoom =
    checksum !== undefined && parts.length * CHECKSUM_BYTES[checksum.algorithm] <= PART_CHECKSUMS_BYTES_MAX;
  const isKept = hasRoom && parts.every((part) => part.checksum !== undefined);
  if (isKept || parts.every((part) => part.checksum === undefined)) return digest;
  return { ...digest, parts: parts.map(({ sizeBytes }) => ({ sizeBytes, checksum: undefined })) };
}

/** Takes what `keptDigest` gives; anything else is a bug of the caller. */
export function writeDigest(writer: ByteWriter, digest: ContentDigest): void {
  const { md5, checksum, parts } = digest;
  const hasPartChecksums = parts[0]?.checksum !== undefined;
  const algorithm = checksum === undefined ? 0 : CHECKSUM_ALGORITHMS.indexOf(checksum.algorithm);
  writer.u8(
    (md5 === undefined ? 0 : FLAG_MD5) |
      (checksum === undefined ? 0 : FLAG_CHECKSUM) |
      (checksum?.kind === "composite" ? FLAG_COMPOSITE : 0) |
      (parts.length === 0 ? 0 : FLAG_PARTS) |
      (hasPartChecksums ? FLAG_PART_CHECKSUMS : 0) |
      (algorithm << ALGORITHM_SHIFT),
  );
  if (md5 !== undefined) {
    assert(md5.length === MD5_BYTES, "an MD5 has 16 bytes");
    writer.raw(md5);
  }
  if (checksum !== undefined) writeChecksum(writer, checksum.algorithm, checksum.value);
  if (parts.length > 0) writeSizes(writer, parts);
  for (const part of parts) {
    assert((part.checksum !== undefined) === hasPartChecksums, "all parts have a checksum, or none has");
    if (part.checksum === undefined) continue;
    assert(checksum !== undefined, "parts have checksums only where the whole has one");
    writeChecksum(writer, checksum.algorithm, part.checksum);
  }
}

/** @throws RECORD_CORRUPT, TRUNCATED */
export function readDigest(reader: ByteReader): ContentDigest {
  const flags = reader.u8();
  const md5 = (flags & FLAG_MD5) === 0 ? undefined : reader.raw(MD5_BYTES).slice();
  const checksum = readChecksum(reader, flags);
  const hasParts = (flags & FLAG_PARTS) !== 0;
  if (md5 === undefined && checksum === undefined && !hasParts) throw corruptRecord("an empty digest");
  const sizes = hasParts ? readSizes(reader) : [];
  const partChecksumBytes = partChecksumBytesOf(flags, checksum, sizes.length);
  const parts = sizes.map((sizeBytes) => ({
    sizeBytes,
    checksum: partChecksumBytes === undefined ? undefined : reader.raw(partChecksumBytes).slice(),
  }));
  return { md5, checksum, parts };
}

function readChecksum(reader: ByteReader, flags: number): Checksum | undefined {
  const algorithm = CHECKSUM_ALGORITHMS[flags >> ALGORITHM_SHIFT];
  const isComposite = (flags & FLAG_COMPOSITE) !== 0;
  if (algorithm === undefined) throw corruptRecord("a checksum of an unknown algorithm");
  if ((flags & FLAG_CHECKSUM) !== 0) {
    const value = reader.raw(CHECKSUM_BYTES[algorithm]).slice();
    return { algorithm, kind: isComposite ? "composite" : "full", value };
  }
  if (isComposite || flags >> ALGORITHM_SHIFT !== 0) throw corruptRecord("a word of a checksum without one");
  return undefined;
}

function partChecksumBytesOf(
  flags: number,
  checksum: Checksum | undefined,
  partCount: number,
): number | undefined {
  if ((flags & FLAG_PART_CHECKSUMS) === 0) return undefined;
  if (checksum === undefined || partCount === 0) throw corruptRecord("checksums of parts without a checksum");
  const sizeBytes = CHECKSUM_BYTES[checksum.algorithm];
  if (partCount * sizeBytes > PART_CHECKSUMS_BYTES_MAX)
    throw corruptRecord("too many bytes of parts' checksums");
  return sizeBytes;
}

/** Count, then runs: size * 2 for one part, size * 2 + 1 and the run's length for more. */
function writeSizes(writer: ByteWriter, parts: readonly Part[]): void {
  assert(parts.length <= PARTS_MAX, "too many parts");
  writer.varint(parts.length);
  let start = 0;
  while (start < parts.length) {
    const sizeBytes = parts[start]?.sizeBytes ?? 0;
    let end = start + 1;
    while (end < parts.length && parts[end]?.sizeBytes === sizeBytes) end += 1;
    const isRun = end - start > 1;
    writeCount(writer, sizeBytes * 2 + (isRun ? 1 : 0), "the size of a part");
    if (isRun) writer.varint(end - start);
    start = end;
  }
}

function readSizes(reader: ByteReader): readonly number[] {
  const count = reader.varint(PARTS_MAX);
  if (count === 0) throw corruptRecord("a part table without parts");
  const sizes: number[] = [];
  while (sizes.length < count) {
    const word = reader.varint(OBJECT_SIZE_BYTES_MAX * 2 + 1);
    const isRun = word % 2 === 1;
    const sizeBytes = (word - (isRun ? 1 : 0)) / 2;
    if (sizes.at(-1) === sizeBytes) throw corruptRecord("parts of one size are not in one run");
    const length = isRun ? reader.varint(count - sizes.length) : 1;
    if (isRun && length < 2) throw corruptRecord("a run of fewer than two parts");
    for (let index = 0; index < length; index += 1) sizes.push(sizeBytes);
  }
  return sizes;
}

function writeChecksum(writer: ByteWriter, algorithm: ChecksumAlgorithm, value: Uint8Array): void {
  assert(value.length === CHECKSUM_BYTES[algorithm], "a checksum has the length of its algorithm");
  writer.raw(value);
}
