/** The checksums that S3 clients may send with content: what headers and trailers announce. */
import { CHECKSUM_BYTES } from "../../../model/digest-codec.ts";
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from "../../../model/version.ts";
import { S3Error } from "../errors.ts";

const PREFIX = "x-amz-checksum-";

/** What a request says of its content's checksum. */
export interface AnnouncedChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** undefined: it comes in the trailer, or is only to be computed. */
  readonly value: Uint8Array | undefined;
  readonly isInTrailer: boolean;
}

/**
 * undefined: the request names none.
 * @param headers by lower-case name; a form's fields have the same names
 * @param trailers lower-case names that `x-amz-trailer` announced
 * @throws InvalidRequest: several, unknown, or not a value of the algorithm
 */
export function announcedChecksum(
  headers: ReadonlyMap<string, string>,
  trailers: readonly string[],
): AnnouncedChecksum | undefined {
  const found: AnnouncedChecksum[] = [];
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const text = headers.get(`${PREFIX}${algorithm}`);
    if (text !== undefined)
      found.push({ algorithm, value: checksumValue(algorithm, text), isInTrailer: false });
    if (trailers.includes(`${PREFIX}${algorithm}`))
      found.push({ algorithm, value: undefined, isInTrailer: true });
  }
  if (found.length > 1) {
    throw new S3Error(
      "InvalidRequest",
      "Expecting a single x-amz-checksum- header. Multiple checksum types are not allowed.",
    );
  }
  const wanted = wantedAlgorithm(headers);
  const [first] = found;
  if (first === undefined) {
    return wanted === undefined ? undefined : { algorithm: wanted, value: undefined, isInTrailer: false };
  }
  if (wanted !== undefined && wanted !== first.algorithm) {
    throw new S3Error(
      "InvalidRequest",
      "Value for x-amz-sdk-checksum-algorithm header is invalid: the checksum that was sent is of another kind",
    );
  }
  return first;
}

function wantedAlgorithm(headers: ReadonlyMap<string, string>): ChecksumAlgorithm | undefined {
  const word = headers.get("x-amz-sdk-checksum-algorithm") ?? headers.get("x-amz-checksum-algorithm");
  if (word === undefined) return undefined;
  const algorithm = CHECKSUM_ALGORITHMS.find((known) => known === word.toLowerCase());
  if (algorithm !== undefined) return algorithm;
  throw new S3Error(
    "InvalidRequest",
    "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
  );
}

/** The raw value of base64 text. @throws InvalidRequest */
export function checksumValue(algorithm: ChecksumAlgorithm, text: string): Uint8Array {
  const value = bytesOfBase64(text, CHECKSUM_BYTES[algorithm]);
  if (value !== undefined) return value;
  throw new S3Error("InvalidRequest", `Value for ${PREFIX}${algorithm} header is invalid.`);
}

/** undefined: not base64 of that many bytes in its one canonical form. */
export function bytesOfBase64(text: string, sizeBytes: number): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.length === sizeBytes && bytes.toString("base64") === text ? new Uint8Array(bytes) : undefined;
}

/** Names of `x-amz-trailer`. @throws InvalidRequest when it names anything but one checksum */
export function announcedTrailers(headers: ReadonlyMap<string, string>): readonly string[] {
  const text = headers.get("x-amz-trailer");
  if (text === undefined) return [];
  const names = text.split(",").map((name) => name.trim().toLowerCase());
  if (names.some((name) => !CHECKSUM_ALGORITHMS.some((algorithm) => name === `${PREFIX}${algorithm}`))) {
    throw new S3Error("InvalidRequest", "The value specified in the x-amz-trailer header is not supported");
  }
  return names;
}
