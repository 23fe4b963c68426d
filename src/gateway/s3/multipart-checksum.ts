/** Checksums of multipart uploads: which one an upload asks for, and that its parts have it. */

import { checksumMaker } from "../../model/checksum.ts";
import type { Checksum, ChecksumAlgorithm, ContentDigest } from "../../model/version.ts";
import { CHECKSUM_ALGORITHMS } from "../../model/version.ts";
import type { Upload } from "../../segment/uploads.ts";
import type { MeasuredBody } from "./action.ts";
import { CHECKSUM_WORDS, checksumAlgorithmOf, checksumTypeOf } from "./checksum-headers.ts";
import { S3Error } from "./errors.ts";
import type { XmlChildren } from "./wire/xml.ts";

type Headers = ReadonlyMap<string, string>;
export type UploadChecksum = NonNullable<Upload["checksum"]>;

const ALGORITHM = "x-amz-checksum-algorithm";
const TYPE = "x-amz-checksum-type";

/** Of `x-amz-checksum-algorithm` and `x-amz-checksum-type`; undefined: none is asked for. @throws InvalidRequest */
export function askedChecksum(headers: Headers): UploadChecksum | undefined {
  const word = headers.get(ALGORITHM);
  const type = headers.get(TYPE);
  if (word === undefined) {
    if (type === undefined) return undefined;
    throw new S3Error("InvalidRequest", `The ${TYPE} header can only be used with the ${ALGORITHM} header.`);
  }
  const algorithm = checksumAlgorithmOf(word);
  if (algorithm === undefined) {
    throw new S3Error(
      "InvalidRequest",
      "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
    );
  }
  const kind = type === undefined ? usualKind(algorithm) : kindOf(type);
  const isFit = kind === "full" ? !isHash(algorithm) : algorithm !== "crc64nvme";
  if (isFit) return { algorithm, kind };
  throw new S3Error(
    "InvalidRequest",
    `The ${checksumTypeOf({ kind })} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
  );
}

/** `FULL_OBJECT` or `COMPOSITE`, as headers and XML have it. @throws InvalidRequest */
export function kindOf(type: string): Checksum["kind"] {
  const word = type.toUpperCase();
  if (word === "FULL_OBJECT") return "full";
  if (word === "COMPOSITE") return "composite";
  throw new S3Error("InvalidRequest", `Value for ${TYPE} header is invalid.`);
}

/** `ChecksumAlgorithm` and `ChecksumType` of listings; none when the upload asks for none. */
export function uploadChecksumElements({ checksum }: Upload): XmlChildren {
  if (checksum === undefined) return {};
  return { ChecksumAlgorithm: CHECKSUM_WORDS[checksum.algorithm], ChecksumType: checksumTypeOf(checksum) };
}

/** `ChecksumSHA256` and the like of one part. */
export function partChecksumElements({ checksum }: Upload, value: Uint8Array | undefined): XmlChildren {
  if (checksum === undefined || value === undefined) return {};
  return { [`Checksum${CHECKSUM_WORDS[checksum.algorithm]}`]: Buffer.from(value).toString("base64") };
}

/**
 * A part's body with the checksum that its upload asks for: as the client sent it, or made while it passes. What was sent beside is checked by
 * `measured` and not kept where the upload asks for none. @throws InvalidRequest: another algorithm, from `digest`
 */
export function partBody(measured: MeasuredBody, headers: Headers, upload: Upload): MeasuredBody {
  const { checksum } = upload;
  const { sizeBytes, content } = measured;
  if (checksum === undefined) {
    return { sizeBytes, content, digest: () => ({ ...measured.digest(), checksum: undefined }) };
  }
  const { algorithm } = checksum;
  if (isChecksumSent(headers)) {
    return { sizeBytes, content, digest: () => requireAlgorithm(measured.digest(), algorithm) };
  }
  const maker = checksumMaker(algorithm);
  if (content instanceof Uint8Array) maker.update(content);
  return {
    sizeBytes,
    content: content instanceof Uint8Array ? content : passing(content, (piece) => maker.update(piece)),
    digest: () => ({ ...measured.digest(), checksum: { algorithm, kind: "full", value: maker.digest() } }),
  };
}

function requireAlgorithm(digest: ContentDigest, algorithm: ChecksumAlgorithm): ContentDigest {
  if (digest.checksum?.algorithm === algorithm) return digest;
  throw new S3Error(
    "InvalidRequest",
    `Checksum Type mismatch occurred, expected checksum Type: ${algorithm}, actual checksum Type: ${digest.checksum?.algorithm ?? "null"}`,
  );
}

function isChecksumSent(headers: Headers): boolean {
  if (headers.has("x-amz-trailer") || headers.has("x-amz-sdk-checksum-algorithm")) return true;
  return CHECKSUM_ALGORITHMS.some((algorithm) => headers.has(`x-amz-checksum-${algorithm}`));
}

async function* passing(
  content: AsyncIterable<Uint8Array>,
  see: (piece: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const piece of content) {
    see(piece);
    yield piece;
  }
}

function usualKind(algorithm: ChecksumAlgorithm): Checksum["kind"] {
  return algorithm === "crc64nvme" ? "full" : "composite";
}

function isHash(algorithm: ChecksumAlgorithm): boolean {
  return algorithm === "sha1" || algorithm === "sha256";
}
