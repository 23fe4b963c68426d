/** A client's side of Signature Version 4 for tests, written apart from the source: chunks, trailers and forms that the SDK's signer does not make. */
import { createHash, createHmac } from "node:crypto";
import type { Clock } from "../../../../src/base/clock.ts";
import type { KeyOwner } from "../../../../src/segment/users.ts";

export const ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE";
export const SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
export const EXAMPLE_MS = Date.parse("2013-05-24T00:00:00Z");
export const SCOPE = "20130524/us-east-1/s3/aws4_request";

export const owner = {
  tenant: { cluster: "c", tenant: "t" } as unknown as KeyOwner["tenant"],
  user: "maria",
  isAdmin: false,
  accessKey: ACCESS_KEY,
  secretKey: SECRET_KEY,
} satisfies KeyOwner;

export const findKey = async (accessKey: string) => (accessKey === ACCESS_KEY ? owner : undefined);

/** A clock that stands at one moment. */
export function clockAt(wallMs: number): Clock {
  return { wallMs: () => wallMs, monotonicMs: () => wallMs, sleep: async () => undefined };
}

export function signingKey(scope = SCOPE, secret = SECRET_KEY): Buffer {
  let key = Buffer.from(`AWS4${secret}`);
  for (const step of scope.split("/")) key = createHmac("sha256", key).update(step).digest();
  return key;
}

const hmac = (key: Uint8Array, text: string) => createHmac("sha256", key).update(text).digest("hex");
const sha256 = (data: Uint8Array | string) => createHash("sha256").update(data).digest("hex");

export const signer = {
  signingKey: signingKey(),
  amzDate: "20130524T000000Z",
  scope: SCOPE,
  seedSignature: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
};

export interface Framing {
  readonly isSigned: boolean;
  readonly trailers?: Readonly<Record<string, string>> | undefined;
}

/** `content` cut as given, framed as aws-chunked. */
export function framed(chunks: readonly Uint8Array[], { isSigned, trailers }: Framing): Buffer {
  let previous = signer.seedSignature;
  const out: Buffer[] = [];
  for (const chunk of [...chunks.filter((one) => one.length > 0), new Uint8Array()]) {
    const text = `AWS4-HMAC-SHA256-PAYLOAD\n${signer.amzDate}\n${signer.scope}\n${previous}\n${sha256("")}\n${sha256(chunk)}`;
    previous = hmac(signer.signingKey, text);
    out.push(
      Buffer.from(`${chunk.length.toString(16)}${isSigned ? `;chunk-signature=${previous}` : ""}\r\n`),
    );
    if (chunk.length > 0) out.push(Buffer.from(chunk), Buffer.from("\r\n"));
  }
  const lines = Object.entries(trailers ?? {}).map(([name, value]) => `${name}:${value}`);
  if (isSigned && trailers !== undefined) {
    const text = `AWS4-HMAC-SHA256-TRAILER\n${signer.amzDate}\n${signer.scope}\n${previous}\n${sha256(lines.map((line) => `${line}\n`).join(""))}`;
    lines.push(`x-amz-trailer-signature:${hmac(signer.signingKey, text)}`);
  }
  out.push(Buffer.from([...lines, "", ""].join("\r\n")));
  return Buffer.concat(out);
}

/** The pieces that `bytes` fall into at the given places. */
export function splitAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = [0, ...new Set(places.map((place) => place % (bytes.length + 1))), bytes.length].sort(
    (a, b) => a - b,
  );
  return cuts.slice(1).map((cut, index) => bytes.subarray(cuts[index], cut));
}

export async function* from(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

export async function gathered(content: AsyncIterable<Uint8Array> | Uint8Array): Promise<Buffer> {
  if (content instanceof Uint8Array) return Buffer.from(content);
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}
