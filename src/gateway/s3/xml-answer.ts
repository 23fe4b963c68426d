/** Answers whose body is an XML document, and request bodies that have to be whole and checked XML. */
import type { RequestBody, S3Request, S3Response } from "./action.ts";
import { S3Error } from "./errors.ts";
import type { ResponseHeaders } from "./version-headers.ts";
import { parseXml, type XmlChildren, type XmlElement, xmlDocument } from "./wire/xml.ts";

/** 200 with a document. */
export function xmlAnswer(root: string, content: XmlChildren, headers: ResponseHeaders = {}): S3Response {
  return {
    status: 200,
    headers: { "Content-Type": "application/xml", ...headers },
    body: xmlDocument(root, content),
  };
}

/**
 * The document in a body, with Content-MD5 and checksums checked where they are given.
 * @throws MissingRequestBodyError, MaxMessageLengthExceeded, MalformedXML, BadDigest, what the body throws
 */
export async function xmlBody(
  { body }: Pick<S3Request, "body">,
  options: { readonly root: string; readonly bytesMax: number },
): Promise<XmlElement> {
  const document = await optionalXmlBody({ body }, options);
  if (document === undefined) throw new S3Error("MissingRequestBodyError", "Request Body is empty");
  return document;
}

/** As `xmlBody`; undefined: the body is empty. */
export async function optionalXmlBody(
  { body }: Pick<S3Request, "body">,
  options: { readonly root: string; readonly bytesMax: number },
): Promise<XmlElement | undefined> {
  const bytes = await checkedBytes(body, options.bytesMax);
  return bytes.length === 0 ? undefined : parseXml(bytes, options.root);
}

/** Demands what AWS demands of some requests. @throws InvalidRequest */
export function requireDigest({ headers }: Pick<S3Request, "headers">): void {
  if (
    headers.has("content-md5") ||
    headers.has("x-amz-sdk-checksum-algorithm") ||
    headers.has("x-amz-trailer")
  ) {
    return;
  }
  for (const name of headers.keys()) if (name.startsWith("x-amz-checksum-")) return;
  throw new S3Error(
    "InvalidRequest",
    "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
  );
}

/** A whole body, checked as `xmlBody` says. */
export async function checkedBytes(body: RequestBody, bytesMax: number): Promise<Uint8Array> {
  if (body.sizeBytes !== undefined && body.sizeBytes > bytesMax)
    throw new S3Error("MaxMessageLengthExceeded");
  const { content, digest } = await body.measured();
  const bytes = content instanceof Uint8Array ? content : await gathered(content, bytesMax);
  if (bytes.length > bytesMax) throw new S3Error("MaxMessageLengthExceeded");
  digest();
  return bytes;
}

async function gathered(content: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of content) {
    sizeBytes += piece.length;
    if (sizeBytes > bytesMax) throw new S3Error("MaxMessageLengthExceeded");
    pieces.push(piece);
  }
  return new Uint8Array(Buffer.concat(pieces));
}
