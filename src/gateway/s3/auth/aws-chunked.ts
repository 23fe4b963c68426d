/**
 * Takes the framing of `aws-chunked` off a body, chunk signatures and trailer checked. Incremental: the input may be split anywhere; content is handed on
 * without copying, a chunk's bytes before its signature is known to fit, so a consumer must not keep what it got before `end` returns. Buffers
 * at most one header line or the trailer. Source: "Transferring Payload in Multiple Chunks" and "Including Trailing Headers" of the S3 API reference.
 */
import { createHash, type Hash } from "node:crypto";
import { S3Error } from "../errors.ts";
import type { ChunkSigner } from "./payload.ts";
import { EMPTY_SHA256, hmacHex, isSameText, sha256Hex } from "./sigv4.ts";

const HEADER_BYTES_MAX = 1024;
const TRAILER_BYTES_MAX = 16 * 1024;
/** Line ends that some clients send behind the end. */
const SURPLUS_BYTES_MAX = 8;
const LINE_FEED = 0x0a;

export interface AwsChunkedOptions {
  /** Of `x-amz-decoded-content-length`. */
  readonly decodedBytes: number;
  /** undefined: chunks are not signed. */
  readonly signer: ChunkSigner | undefined;
  readonly hasTrailer: boolean;
  /** Lower-case names that `x-amz-trailer` announced. */
  readonly announced: readonly string[];
}

type State = "header" | "data" | "data-end" | "trailer" | "end";

export class AwsChunkedDecoder {
  readonly #options: AwsChunkedOptions;
  #state: State = "header";
  /** The beginning of a line whose end has not come yet. */
  #line = "";
  /** Bytes of content that no chunk has announced yet. */
  #unannouncedBytes: number;
  /** Bytes of the present chunk that have not come yet. */
  #chunkBytes = 0;
  #chunkSignature = "";
  #chunkHash: Hash | undefined;
  #previousSignature: string;
  #trailerBytes = 0;
  #surplusBytes = 0;
  readonly #trailers = new Map<string, string>();

  constructor(options: AwsChunkedOptions) {
    this.#options = options;
    this.#unannouncedBytes = options.decodedBytes;
    this.#previousSignature = options.signer?.seedSignature ?? "";
  }

  /** Whole once `end` has returned; lower-case names, without the signature. */
  get trailers(): ReadonlyMap<string, string> {
    return this.#trailers;
  }

  /**
   * Yields the content in `bytes`, as parts of it.
   * @throws S3Error IncompleteBody, InvalidRequest, MalformedTrailerError, SignatureDoesNotMatch
   */
  *push(bytes: Uint8Array): Iterable<Uint8Array> {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === "data") {
        const piece = bytes.subarray(at, at + this.#chunkBytes);
        at += piece.length;
        this.#takeData(piece);
        yield piece;
      } else if (this.#state === "end") {
        this.#takeSurplus(bytes.subarray(at));
        return;
      } else {
        at = this.#takeLine(bytes, at);
      }
    }
  }

  /** @throws S3Error IncompleteBody when the body has not come to its end */
  end(): void {
    if (this.#state !== "end")
      throw new S3Error("IncompleteBody", "The body ends within a chunk or before the last one");
  }

  #takeData(piece: Uint8Array): void {
    this.#chunkHash?.update(piece);
    this.#chunkBytes -= piece.length;
    if (this.#chunkBytes > 0) return;
    this.#checkChunk(this.#chunkHash?.digest("hex") ?? "");
    this.#state = "data-end";
  }

  /** Goes on to behind the line's end, or to the end of `bytes`. */
  #takeLine(bytes: Uint8Array, start: number): number {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found < 0 ? bytes.length : found;
    const max = this.#state === "trailer" ? TRAILER_BYTES_MAX - this.#trailerBytes : HEADER_BYTES_MAX;
    if (this.#line.length + end - start > max) {
      throw this.#state === "trailer"
        ? new S3Error("MalformedTrailerError", `The trailer is longer than ${TRAILER_BYTES_MAX} bytes`)
        : new S3Error(
            "InvalidRequest",
            "A chunk of the body has a header that is too long, or a wrong length",
          );
    }
    this.#line += Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
    if (found < 0) return end;
    const line = this.#line.endsWith("\r") ? this.#line.slice(0, -1) : this.#line;
    this.#line = "";
    if (this.#state === "header") this.#takeHeader(line);
    else if (this.#state === "trailer") this.#takeTrailer(line);
    else this.#takeDataEnd(line);
    return found + 1;
  }

  #takeHeader(line: string): void {
    const match = /^([0-9a-fA-F]{1,13})(?:;(.*))?$/.exec(line);
    if (match === null)
      throw new S3Error("InvalidRequest", "A chunk of the body has a header that is not well-formed");
    const sizeBytes = Number.parseInt(match[1] ?? "", 16);
    if (sizeBytes > this.#unannouncedBytes) {
      throw new S3Error("InvalidRequest", "The chunks hold more than x-amz-decoded-content-length says");
    }
    this.#unannouncedBytes -= sizeBytes;
    if (this.#options.signer !== undefined) {
      const signature = /^chunk-signature=([0-9a-f]{64})$/.exec(match[2] ?? "")?.[1];
      if (signature === undefined) throw new S3Error("InvalidRequest", "A chunk of the body is not signed");
      this.#chunkSignature = signature;
    }
    if (sizeBytes === 0) {
      this.#takeLastChunk();
      return;
    }
    this.#chunkBytes = sizeBytes;
    this.#chunkHash = this.#options.signer === undefined ? undefined : createHash("sha256");
    this.#state = "data";
  }

  #takeLastChunk(): void {
    this.#checkChunk(EMPTY_SHA256);
    if (this.#unannouncedBytes > 0) {
      throw new S3Error("IncompleteBody", "The chunks hold less than x-amz-decoded-content-length says");
    }
    this.#state = "trailer";
  }

  #takeDataEnd(line: string): void {
    if (line !== "")
      throw new S3Error("InvalidRequest", "A chunk of the body is longer than its header says");
    this.#state = "header";
  }

  #checkChunk(sha256: string): void {
    const { signer } = this.#options;
    if (signer === undefined) return;
    const text = `AWS4-HMAC-SHA256-PAYLOAD\n${signer.amzDate}\n${signer.scope}\n${this.#previousSignature}\n${EMPTY_SHA256}\n${sha256}`;
    if (!isSameText(hmacHex(signer.signingKey, text), this.#chunkSignature)) {
      throw new S3Error("SignatureDoesNotMatch", "The signature of a chunk does not fit its content");
    }
    this.#previousSignature = this.#chunkSignature;
  }

  #takeTrailer(line: string): void {
    this.#trailerBytes += line.length + 2;
    if (line === "") {
      this.#endTrailer();
      return;
    }
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
    const isKnown = name === "x-amz-trailer-signature" || this.#options.announced.includes(name);
    if (!this.#options.hasTrailer || !isKnown || this.#trailers.has(name)) {
      throw new S3Error("MalformedTrailerError", "The trailer holds what x-amz-trailer did not announce");
    }
    this.#trailers.set(name, line.slice(colon + 1).trim());
  }

  #endTrailer(): void {
    const signature = this.#trailers.get("x-amz-trailer-signature");
    this.#trailers.delete("x-amz-trailer-signature");
    const missing = this.#options.announced.find((name) => !this.#trailers.has(name));
    if (this.#options.hasTrailer && missing !== undefined) {
      throw new S3Error(
        "MalformedTrailerError",
        `The trailer lacks ${missing}, which x-amz-trailer announced`,
      );
    }
    const { signer, hasTrailer } = this.#options;
    if (signer !== undefined && hasTrailer) this.#checkTrailer(signer, signature ?? "");
    this.#state = "end";
  }

  #checkTrailer(signer: ChunkSigner, signature: string): void {
    let content = "";
    for (const name of [...this.#trailers.keys()].sort())
      content += `${name}:${this.#trailers.get(name) ?? ""}\n`;
    const text = `AWS4-HMAC-SHA256-TRAILER\n${signer.amzDate}\n${signer.scope}\n${this.#previousSignature}\n${sha256Hex(content)}`;
    if (!isSameText(hmacHex(signer.signingKey, text), signature)) {
      throw new S3Error("SignatureDoesNotMatch", "The signature of the trailer does not fit it");
    }
  }

  #takeSurplus(bytes: Uint8Array): void {
    this.#surplusBytes += bytes.length;
    if (this.#surplusBytes > SURPLUS_BYTES_MAX || bytes.some((byte) => byte !== LINE_FEED && byte !== 0x0d)) {
      throw new S3Error("InvalidRequest", "The body goes on behind its last chunk");
    }
  }
}
