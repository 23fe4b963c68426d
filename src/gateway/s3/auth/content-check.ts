/** The checksum of content while it passes, and its MD5 once it is known, compared with what the request said of them. */
import { equalBytes } from "../../../base/bytes.ts";
import { type ChecksumMaker, checksumMaker } from "../../../model/checksum.ts";
import type { Checksum, ContentDigest } from "../../../model/version.ts";
import { S3Error } from "../errors.ts";
import { type AnnouncedChecksum, bytesOfBase64, checksumValue } from "./checksum.ts";

export interface Expectations {
  /** 16 bytes of Content-MD5; undefined: not said. */
  readonly md5: Uint8Array | undefined;
  readonly checksum: AnnouncedChecksum | undefined;
  /** SHA-256 that is checked elsewhere, so that it need not be computed again; 64 lower-case hexadecimal digits. */
  readonly sha256: string | undefined;
}

/** @throws InvalidDigest */
export function expectedMd5(headers: ReadonlyMap<string, string>): Uint8Array | undefined {
  const text = headers.get("content-md5");
  if (text === undefined) return undefined;
  const value = bytesOfBase64(text.trim(), 16);
  if (value === undefined) throw new S3Error("InvalidDigest", "The Content-MD5 you specified was invalid.");
  return value;
}

/** Of one content. */
export class ContentCheck {
  readonly #expected: Expectations;
  readonly #maker: ChecksumMaker | undefined;
  #digest: ContentDigest | undefined;

  constructor(expected: Expectations) {
    this.#expected = expected;
    const { checksum, sha256 } = expected;
    const isKnown = checksum === undefined || (checksum.algorithm === "sha256" && sha256 !== undefined);
    this.#maker = isKnown ? undefined : checksumMaker(checksum.algorithm);
  }

  update(bytes: Uint8Array): void {
    this.#maker?.update(bytes);
  }

  /**
   * @param md5 of all that was given to `update`
   * @throws BadDigest, InvalidRequest (a trailer's value that is none)
   */
  end(md5: Uint8Array, trailers: ReadonlyMap<string, string> | undefined): ContentDigest {
    if (this.#expected.md5 !== undefined && !equalBytes(md5, this.#expected.md5)) {
      throw new S3Error("BadDigest", "The Content-MD5 you specified did not match what we received.", {
        elements: { ExpectedDigest: base64(this.#expected.md5), CalculatedDigest: base64(md5) },
      });
    }
    this.#digest = { md5, checksum: this.#endChecksum(trailers), parts: [] };
    return this.#digest;
  }

  /** Once `end` has returned. */
  get digest(): ContentDigest {
    if (this.#digest === undefined) throw new S3Error("IncompleteBody", "The body was not read to its end");
    return this.#digest;
  }

  #endChecksum(trailers: ReadonlyMap<string, string> | undefined): Checksum | undefined {
    const { checksum, sha256 = "" } = this.#expected;
    if (checksum === undefined) return undefined;
    const { algorithm } = checksum;
    const value = plain(this.#maker?.digest() ?? Buffer.from(sha256, "hex"));
    const expected = checksum.isInTrailer
      ? checksumValue(algorithm, trailers?.get(`x-amz-checksum-${algorithm}`) ?? "")
      : checksum.value;
    if (expected !== undefined && !equalBytes(value, expected)) {
      throw new S3Error(
        "BadDigest",
        `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
        { elements: { ExpectedChecksum: base64(expected), CalculatedChecksum: base64(value) } },
      );
    }
    return { algorithm, kind: "full", value };
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
