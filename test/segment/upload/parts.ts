/** What the tests of uploads share: parts with their digests. */
import { createHash } from "node:crypto";
import { seededRandom } from "../../../src/base/random.ts";
import { checksumMaker } from "../../../src/model/checksum.ts";
import type { ObjectPath } from "../../../src/model/names.ts";
import type { Checksum, ChecksumAlgorithm, ContentDigest } from "../../../src/model/version.ts";
import type { Segment } from "../../../src/segment/segment.ts";
import { type CompletedPart, PART_BYTES_MIN, type UploadId } from "../../../src/segment/uploads.ts";

export const MIB = 1024 * 1024;

export function md5Of(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("md5").update(bytes).digest());
}

export function checksumOf(bytes: Uint8Array, algorithm: ChecksumAlgorithm): Uint8Array {
  const maker = checksumMaker(algorithm);
  maker.update(bytes);
  return maker.digest();
}

/** Of the shortest length that a part may have which is not the last: mostly zeros, which cost no chunk. */
export function longPart(seed: number, sizeBytes = PART_BYTES_MIN): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  bytes.set(seededRandom(seed).bytes(100_000), 1000);
  return bytes;
}

export function digestOf(bytes: Uint8Array, algorithm?: ChecksumAlgorithm): () => ContentDigest {
  return () => {
    const checksum: Checksum | undefined =
      algorithm === undefined ? undefined : { algorithm, kind: "full", value: checksumOf(bytes, algorithm) };
    return { md5: md5Of(bytes), checksum, parts: [] };
  };
}

export function listed(number: number, bytes: Uint8Array): CompletedPart {
  return { number, md5: md5Of(bytes) };
}

export async function putPart(
  segment: Segment,
  path: ObjectPath,
  id: UploadId,
  number: number,
  bytes: Uint8Array,
  algorithm?: ChecksumAlgorithm,
): Promise<CompletedPart> {
  const part = await segment.uploads.putPart(path, id, number, bytes, { digest: digestOf(bytes, algorithm) });
  return { number, md5: part.md5, checksum: part.checksum };
}
