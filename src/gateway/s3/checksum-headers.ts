/** Checksums of S3 in headers and XML: base64, `-N` behind composite ones, and the type beside. */
import type { Checksum, ChecksumAlgorithm, ContentDigest } from "../../model/version.ts";

type Headers = Record<string, string | undefined>;

/** As XML elements and SDKs name the algorithms. */
export const CHECKSUM_WORDS: Readonly<Record<ChecksumAlgorithm, string>> = {
  crc32: "CRC32",
  crc32c: "CRC32C",
  crc64nvme: "CRC64NVME",
  sha1: "SHA1",
  sha256: "SHA256",
};

/** The algorithm of `x-amz-checksum-algorithm` and the like; undefined: not a known one. */
export function checksumAlgorithmOf(word: string): ChecksumAlgorithm | undefined {
  const algorithm = word.toLowerCase() as ChecksumAlgorithm;
  return Object.hasOwn(CHECKSUM_WORDS, algorithm) ? algorithm : undefined;
}

/** Base64; a composite one of N parts has `-N` behind it. */
export function checksumText(checksum: Checksum, partCount: number): string {
  const text = Buffer.from(checksum.value).toString("base64");
  return checksum.kind === "composite" ? `${text}-${partCount}` : text;
}

/** `FULL_OBJECT` or `COMPOSITE`. */
export function checksumTypeOf(checksum: Pick<Checksum, "kind">): string {
  return checksum.kind === "full" ? "FULL_OBJECT" : "COMPOSITE";
}

/** Sets the headers of the whole content's checksum; nothing when it has none. */
export function setChecksum(headers: Headers, digest: ContentDigest | undefined): void {
  if (digest?.checksum === undefined) return;
  headers[`x-amz-checksum-${digest.checksum.algorithm}`] = checksumText(digest.checksum, digest.parts.length);
  headers["x-amz-checksum-type"] = checksumTypeOf(digest.checksum);
}

/** Sets the header of one part's checksum; nothing when it has none. */
export function setPartChecksum(headers: Headers, digest: ContentDigest | undefined, number: number): void {
  const { checksum, parts = [] } = digest ?? {};
  const part = parts[number - 1];
  if (checksum === undefined) return;
  if (part === undefined) {
    setChecksum(headers, digest);
    return;
  }
  if (part.checksum === undefined) return;
  headers[`x-amz-checksum-${checksum.algorithm}`] = Buffer.from(part.checksum).toString("base64");
  headers["x-amz-checksum-type"] = checksumTypeOf(checksum);
}

/** True when a read asks for checksums. */
export function isChecksumAsked(headers: ReadonlyMap<string, string>): boolean {
  return headers.get("x-amz-checksum-mode")?.toUpperCase() === "ENABLED";
}
