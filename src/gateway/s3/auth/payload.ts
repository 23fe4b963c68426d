/** What a request says of its body: whether and how it is hashed, signed and framed. */
import { S3Error } from "../errors.ts";

/** Signs the chunks of a body, each over the one before, beginning with the request's own signature. */
export interface ChunkSigner {
  readonly signingKey: Uint8Array;
  /** `20130524T000000Z` of the request. */
  readonly amzDate: string;
  readonly scope: string;
  readonly seedSignature: string;
}

export type Payload =
  /** SHA-256 of the body in lower-case hexadecimal, which the signature covers. */
  | { readonly kind: "hashed"; readonly sha256: string }
  | { readonly kind: "plain" }
  /** Framed by `aws-chunked`; `signer` undefined: unsigned chunks. */
  | { readonly kind: "chunked"; readonly signer: ChunkSigner | undefined; readonly hasTrailer: boolean };

export const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";

/**
 * The payload that `x-amz-content-sha256` announces.
 * @param signer undefined when nobody signed the request
 * @throws InvalidArgument, InvalidRequest, NotImplemented
 */
export function payloadOf(word: string, signer: ChunkSigner | undefined): Payload {
  switch (word) {
    case UNSIGNED_PAYLOAD:
      return { kind: "plain" };
    case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
      return { kind: "chunked", signer: undefined, hasTrailer: true };
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
      return { kind: "chunked", signer: signed(signer, word), hasTrailer: false };
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
      return { kind: "chunked", signer: signed(signer, word), hasTrailer: true };
    case "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD":
    case "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER":
      throw new S3Error("NotImplemented", `${word} is not implemented: sign with AWS4-HMAC-SHA256`);
    default:
      if (/^[0-9a-fA-F]{64}$/.test(word)) return { kind: "hashed", sha256: word.toLowerCase() };
      throw new S3Error(
        "InvalidArgument",
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a SHA-256 of 64 hexadecimal digits",
        { elements: { ArgumentName: "x-amz-content-sha256", ArgumentValue: word.slice(0, 200) } },
      );
  }
}

function signed(signer: ChunkSigner | undefined, word: string): ChunkSigner {
  if (signer === undefined) throw new S3Error("InvalidRequest", `${word} needs a signed request`);
  return signer;
}
