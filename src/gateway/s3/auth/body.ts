/**
 * The body of a request as its action sees it: the framing taken off, its length, hash and signatures checked while it is read. Whoever
 * reads it to the end without an error has exactly what the client signed. Short bodies of known length are gathered whole.
 */
import { createHash } from "node:crypto";
import type { MeasuredBody, RequestBody } from "../action.ts";
import { S3Error } from "../errors.ts";
import { AwsChunkedDecoder } from "./aws-chunked.ts";
import { announcedChecksum, announcedTrailers } from "./checksum.ts";
import { ContentCheck, type Expectations, expectedMd5 } from "./content-check.ts";
import { Md5Pool } from "./md5-thread.ts";
import type { Payload } from "./payload.ts";

/** A content up to here is handed over as one array. */
export const WHOLE_BYTES_MAX = 1024 * 1024;

/** The threads are the process's: one core's work is shared by all services. */
const md5Pool = new Md5Pool();

export interface BodyOptions {
  /** The raw bytes as they come; read once, and not before the body is. */
  readonly source: AsyncIterable<Uint8Array>;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  /** Of the request's authentication (verifier.ts). */
  readonly payload: Payload;
}

/** @throws InvalidArgument (a length that is none), MissingContentLength (aws-chunked without its decoded length), InvalidRequest */
export function requestBody(options: BodyOptions): RequestBody {
  return new CheckedBody(options);
}

/**
 * Content that does not come as a request's body (a form's file), measured as one.
 * @throws InvalidDigest, InvalidRequest; BadDigest at its end
 */
export function measuredContent(
  source: AsyncIterable<Uint8Array>,
  fields: ReadonlyMap<string, string>,
): MeasuredBody {
  const check = new ContentCheck({
    md5: expectedMd5(fields),
    checksum: announcedChecksum(fields, []),
    sha256: undefined,
  });
  return {
    sizeBytes: undefined,
    content: checked(source, check, () => undefined),
    digest: () => check.digest,
  };
}

class CheckedBody implements RequestBody {
  readonly sizeBytes: number | undefined;
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #headers: ReadonlyMap<string, string>;
  readonly #payload: Payload;
  readonly #trailerNames: readonly string[];
  readonly #decoder: AwsChunkedDecoder | undefined;

  constructor({ source, headers, payload }: BodyOptions) {
    this.#source = source;
    this.#headers = headers;
    this.#payload = payload;
    this.#trailerNames = announcedTrailers(headers);
    if (payload.kind !== "chunked") {
      if (this.#trailerNames.length > 0) {
        throw new S3Error(
          "InvalidRequest",
          "x-amz-trailer needs a payload of STREAMING-…-TRAILER in x-amz-content-sha256",
        );
      }
      this.sizeBytes = lengthOf(headers, "content-length");
      return;
    }
    this.sizeBytes = lengthOf(headers, "x-amz-decoded-content-length");
    if (this.sizeBytes === undefined) {
      throw new S3Error("MissingContentLength", "aws-chunked needs the header x-amz-decoded-content-length");
    }
    const { signer, hasTrailer } = payload;
    const announced = hasTrailer ? this.#trailerNames : [];
    this.#decoder = new AwsChunkedDecoder({ decodedBytes: this.sizeBytes, signer, hasTrailer, announced });
  }

  stream(): AsyncIterable<Uint8Array> {
    if (this.#decoder !== undefined) return unframed(this.#source, this.#decoder);
    const sized = this.#sized();
    return this.#payload.kind === "hashed" ? hashed(sized, this.#payload.sha256) : sized;
  }

  async whole(bytesMax: number): Promise<Uint8Array> {
    const tooLong = () =>
      new S3Error("MaxMessageLengthExceeded", `The body is longer than ${bytesMax} bytes`);
    if (this.sizeBytes !== undefined) {
      if (this.sizeBytes > bytesMax) throw tooLong();
      return this.#gathered(this.sizeBytes);
    }
    const pieces: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const piece of this.stream()) {
      sizeBytes += piece.length;
      if (sizeBytes > bytesMax) throw tooLong();
      pieces.push(piece);
    }
    return joined(pieces, sizeBytes);
  }

  async measured(): Promise<MeasuredBody> {
    const { sizeBytes } = this;
    if (sizeBytes === undefined) throw new S3Error("MissingContentLength");
    const expected: Expectations = {
      md5: expectedMd5(this.#headers),
      checksum: announcedChecksum(this.#headers, this.#trailerNames),
      sha256: this.#payload.kind === "hashed" ? this.#payload.sha256 : undefined,
    };
    const check = new ContentCheck(expected);
    const trailers = () => this.#decoder?.trailers;
    if (sizeBytes > WHOLE_BYTES_MAX) {
      return { sizeBytes, content: checked(this.stream(), check, trailers), digest: () => check.digest };
    }
    const content = await this.#gathered(sizeBytes);
    check.update(content);
    const md5 = createHash("md5").update(content).digest();
    const digest = check.end(new Uint8Array(md5.buffer, md5.byteOffset, md5.length), trailers());
    return { sizeBytes, content, digest: () => digest };
  }

  /** All of a body whose length is known and small enough; hashed in one go. */
  async #gathered(sizeBytes: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    const stream = this.#decoder === undefined ? this.#sized() : unframed(this.#source, this.#decoder);
    for await (const piece of stream) pieces.push(piece);
    const content = joined(pieces, sizeBytes);
    if (this.#payload.kind === "hashed") {
      checkSha256(createHash("sha256").update(content).digest("hex"), this.#payload.sha256);
    }
    return content;
  }

  async *#sized(): AsyncGenerator<Uint8Array> {
    const max = this.sizeBytes ?? Number.POSITIVE_INFINITY;
    let sizeBytes = 0;
    for await (const piece of this.#source) {
      sizeBytes += piece.length;
      if (sizeBytes > max) throw new S3Error("InvalidRequest", "The body is longer than Content-Length says");
      yield piece;
    }
    if (this.sizeBytes !== undefined && sizeBytes < max) {
      throw new S3Error(
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
      );
    }
  }
}

async function* unframed(
  source: AsyncIterable<Uint8Array>,
  decoder: AwsChunkedDecoder,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) yield* decoder.push(bytes);
  decoder.end();
}

async function* hashed(source: AsyncIterable<Uint8Array>, sha256: string): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  for await (const piece of source) {
    hash.update(piece);
    yield piece;
  }
  checkSha256(hash.digest("hex"), sha256);
}

async function* checked(
  source: AsyncIterable<Uint8Array>,
  check: ContentCheck,
  trailers: () => ReadonlyMap<string, string> | undefined,
): AsyncGenerator<Uint8Array> {
  const md5 = md5Pool.start();
  try {
    for await (const piece of source) {
      const room = md5.update(piece);
      check.update(piece);
      if (room !== undefined) await room;
      yield piece;
    }
    check.end(await md5.digest(), trailers());
  } finally {
    md5.close();
  }
}

function checkSha256(computed: string, announced: string): void {
  if (computed === announced) return;
  throw new S3Error(
    "XAmzContentSHA256Mismatch",
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    {
      elements: { ClientComputedContentSHA256: announced, S3ComputedContentSHA256: computed },
    },
  );
}

function joined(pieces: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) {
    return new Uint8Array(first.buffer, first.byteOffset, first.length);
  }
  const out = new Uint8Array(sizeBytes);
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

function lengthOf(headers: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = headers.get(name);
  if (text === undefined) return undefined;
  const sizeBytes = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(sizeBytes)) return sizeBytes;
  throw new S3Error("InvalidArgument", `${name} is not a length`, {
    elements: { ArgumentName: name, ArgumentValue: text.slice(0, 40) },
  });
}
