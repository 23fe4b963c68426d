/**
 * What the headers of a request say of the version that it writes: content type, kept headers, metadata. A form (PostObject) gives fields of the same
 * names. Tags, ACL and lock are in annotation-headers.ts.
 */
import { utf8 } from "../../base/bytes.ts";
import { CONTENT_TYPE_BYTES_MAX, HEADER_VALUE_BYTES_MAX } from "../../model/limits.ts";
import { KEPT_HEADERS } from "../../model/version.ts";
import { AES256, ENCRYPTION_HEADER } from "./encryption.ts";
import { S3Error } from "./errors.ts";
import { decodeHeaderText, metadataOf } from "./metadata-headers.ts";

type Headers = ReadonlyMap<string, string>;

/** AWS's content type of objects that came without one. */
export const DEFAULT_CONTENT_TYPE = "binary/octet-stream";
export const STORAGE_CLASS_HEADER = "x-amz-storage-class";
export const WEBSITE_REDIRECT_HEADER = "x-amz-website-redirect-location";
export const STANDARD = "STANDARD";

/** What one put takes; more goes by parts. */
export const PUT_BYTES_MAX = 5 * 1024 ** 3;

const STORAGE_CLASSES: ReadonlySet<string> = new Set([
  STANDARD,
  "REDUCED_REDUNDANCY",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "GLACIER",
  "GLACIER_IR",
  "DEEP_ARCHIVE",
  "OUTPOSTS",
  "SNOW",
  "EXPRESS_ONEZONE",
]);

export interface WrittenHeaders {
  readonly contentType: string | undefined;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  /** Of KEPT_HEADERS, in order of names; undefined: none. */
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/** @throws InvalidStorageClass, InvalidArgument, MetadataTooLarge, NotImplemented (encryption that is asked for) */
export function writtenHeaders(headers: Headers): WrittenHeaders {
  refuseEncryption(headers, AES256);
  // Whoever appends must not overwrite instead.
  if (headers.has("x-amz-write-offset-bytes")) {
    throw new S3Error("NotImplemented", "Appending to an object is not supported", {
      elements: { Header: "x-amz-write-offset-bytes" },
    });
  }
  return {
    contentType: contentTypeOf(headers),
    metadata: metadataOf(headers),
    headers: keptHeaders(headers),
  };
}

/**
 * Encryption is asked for by a write, or by keys of the customer for a read. What `taken` says may be asked for: the bucket decides.
 * @throws NotImplemented
 */
export function refuseEncryption(headers: Headers, taken?: string): void {
  for (const [name, value] of headers) {
    if (name === ENCRYPTION_HEADER && value === taken) continue;
    if (
      !name.startsWith("x-amz-server-side-encryption") &&
      !name.startsWith("x-amz-copy-source-server-side-")
    ) {
      continue;
    }
    const message = name.includes("-customer-")
      ? "Encryption with keys of the customer (SSE-C) is not supported; encrypt before the upload instead"
      : "Server-side encryption is a property of the bucket here: AES256, and no key management service";
    throw new S3Error("NotImplemented", message, { elements: { Header: name } });
  }
}

/**
 * The kept headers of a copy that takes the source's metadata: storage class and redirect are never the source's (AWS), others never the
 * request's.
 */
export function copiedHeaders(
  source: Readonly<Record<string, string>>,
  written: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const isOwn = name === STORAGE_CLASS_HEADER || name === WEBSITE_REDIRECT_HEADER;
    const value = isOwn ? written?.[name] : source[name];
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}

/** `COPY` when it is not given. @throws InvalidArgument */
export function directiveOf(headers: Headers, name: string): "COPY" | "REPLACE" {
  const text = headers.get(name) ?? "COPY";
  if (text === "COPY" || text === "REPLACE") return text;
  throw new S3Error("InvalidArgument", `Unknown directive in ${name}`, {
    elements: { ArgumentName: name, ArgumentValue: text.slice(0, 256) },
  });
}

/** @throws InvalidStorageClass */
export function storageClassOf(headers: Headers): string | undefined {
  const storageClass = headers.get(STORAGE_CLASS_HEADER);
  if (storageClass === undefined || STORAGE_CLASSES.has(storageClass)) return storageClass;
  throw new S3Error("InvalidStorageClass", undefined, {
    elements: { StorageClassRequested: storageClass.slice(0, 128) },
  });
}

function contentTypeOf(headers: Headers): string | undefined {
  const contentType = headers.get("content-type");
  if (contentType === undefined || contentType === "") return undefined;
  if (contentType.length > CONTENT_TYPE_BYTES_MAX) {
    throw new S3Error("InvalidArgument", `Content-Type is longer than ${CONTENT_TYPE_BYTES_MAX} bytes`);
  }
  return decodeHeaderText(contentType);
}

function keptHeaders(headers: Headers): Readonly<Record<string, string>> | undefined {
  let kept: Record<string, string> | undefined;
  for (const name of KEPT_HEADERS) {
    const value = headers.get(name);
    if (value === undefined) continue;
    const text = keptText(name, value, headers);
    if (text === undefined) continue;
    if (utf8(text).length > HEADER_VALUE_BYTES_MAX) {
      throw new S3Error(
        "MetadataTooLarge",
        `The header ${name} is longer than ${HEADER_VALUE_BYTES_MAX} bytes`,
      );
    }
    kept ??= {};
    kept[name] = text;
  }
  return kept;
}

/** undefined: nothing is to be kept. */
function keptText(name: string, value: string, headers: Headers): string | undefined {
  if (name === STORAGE_CLASS_HEADER) return storageClassOf(headers) === STANDARD ? undefined : value;
  if (name === "content-encoding") return withoutChunking(value);
  if (name === WEBSITE_REDIRECT_HEADER) checkRedirect(value);
  return value === "" ? undefined : decodeHeaderText(value);
}

/** `aws-chunked` says how the request came, not what the content is. */
function withoutChunking(value: string): string | undefined {
  if (!/aws-chunked/i.test(value)) return value === "" ? undefined : value;
  const rest = value
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding.toLowerCase() !== "aws-chunked");
  return rest.length === 0 ? undefined : rest.join(", ");
}

function checkRedirect(value: string): void {
  if (/^(?:\/|https?:\/\/)/.test(value) && value.length <= HEADER_VALUE_BYTES_MAX) return;
  throw new S3Error(
    "InvalidArgument",
    "The website redirect location must begin with / or http:// or https:// and be at most 2 KB",
    { elements: { ArgumentName: WEBSITE_REDIRECT_HEADER, ArgumentValue: value.slice(0, 256) } },
  );
}
