/**
 * User metadata between `x-amz-meta-*` headers and a version. Values that are not ASCII come as RFC 2047 words or as raw UTF-8 and go out as RFC 2047
 * words, as AWS does. Header values are text of one character a byte, as node:http gives and takes them.
 */
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { METADATA_ENTRIES_MAX } from "../../model/limits.ts";
import { S3Error } from "./errors.ts";

const PREFIX = "x-amz-meta-";
const MISSING = "x-amz-missing-meta";
/** What a header's name may be made of (RFC 9110 §5.6.2). */
const TOKEN = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;
/** AWS's limit over names (without the prefix) and values. */
const USER_METADATA_BYTES_MAX = 2048;
const ENCODED_WORD = /=\?(utf-8|us-ascii|iso-8859-1)\?([bq])\?([^?\s]*)\?=/gi;
/** An encoded word is at most 75 characters long; 45 bytes are 60 of base64. */
const WORD_BYTES_MAX = 45;

/** Undefined when there is none. @throws MetadataTooLarge, InvalidArgument */
export function metadataOf(
  headers: Iterable<readonly [string, string]>,
): Readonly<Record<string, string>> | undefined {
  let entries: Array<[string, string]> | undefined;
  let sizeBytes = 0;
  for (const [name, value] of headers) {
    if (!name.startsWith(PREFIX)) continue;
    const key = name.slice(PREFIX.length);
    if (key === "") throw new S3Error("InvalidArgument", "A metadata header has no name");
    // The fields of a form can have any name; one that no header can have would make the object unreadable.
    if (!isToken(key))
      throw new S3Error("InvalidArgument", "The name of a metadata header is not well-formed");
    const text = decodeHeaderText(value);
    entries ??= [];
    entries.push([key, text]);
    sizeBytes += key.length + utf8(text).length;
  }
  if (entries === undefined) return undefined;
  if (sizeBytes > USER_METADATA_BYTES_MAX || entries.length > METADATA_ENTRIES_MAX) {
    throw new S3Error("MetadataTooLarge", undefined, {
      elements: { Size: String(sizeBytes), MaxSizeAllowed: String(USER_METADATA_BYTES_MAX) },
    });
  }
  return Object.fromEntries(entries);
}

/** Sets the headers of a version's metadata in `headers`. Entries whose name no header can have, from elsewhere, are counted, as AWS does. */
export function setMetadata(
  headers: Record<string, string | undefined>,
  metadata: Readonly<Record<string, string>>,
): void {
  let missingCount = 0;
  for (const key in metadata) {
    if (isToken(key)) headers[PREFIX + key] = encodeHeaderText(metadata[key] ?? "");
    else missingCount += 1;
  }
  if (missingCount > 0) headers[MISSING] = String(missingCount);
}

/** The Unicode text that a header value stands for. */
export function decodeHeaderText(value: string): string {
  if (isPrintableAscii(value)) return value.includes("=?") ? decodeWords(value) : value;
  return fromUtf8(Buffer.from(value, "latin1")) ?? value;
}

/** A text as a header value: as it is when it is printable ASCII, else as RFC 2047 words. */
export function encodeHeaderText(text: string): string {
  if (isPrintableAscii(text) && !text.includes("=?")) return text;
  const words: string[] = [];
  let [word, sizeBytes] = ["", 0];
  for (const character of text) {
    const bytes = utf8(character).length;
    if (sizeBytes + bytes > WORD_BYTES_MAX) {
      words.push(word);
      [word, sizeBytes] = ["", 0];
    }
    word += character;
    sizeBytes += bytes;
  }
  words.push(word);
  return words.map((each) => `=?UTF-8?B?${Buffer.from(each, "utf8").toString("base64")}?=`).join(" ");
}

function decodeWords(value: string): string {
  // White space between two encoded words belongs to neither (RFC 2047 §6.2). Characters are not split over words by who keeps to the RFC.
  const joined = value.replace(/(\?=)\s+(?==\?)/g, "$1");
  let isSound = true;
  const text = joined.replace(ENCODED_WORD, (_, charset: string, form: string, content: string) => {
    const bytes = form.toLowerCase() === "b" ? Buffer.from(content, "base64") : quotedBytes(content);
    const decoded = charset.toLowerCase() === "utf-8" ? fromUtf8(bytes) : bytes.toString("latin1");
    if (decoded === undefined) isSound = false;
    return decoded ?? "";
  });
  return isSound ? text : value;
}

function quotedBytes(content: string): Buffer {
  const text = content
    .replaceAll("_", " ")
    .replace(/=([0-9a-fA-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  return Buffer.from(text, "latin1");
}

function isToken(name: string): boolean {
  return TOKEN.test(name);
}

function isPrintableAscii(text: string): boolean {
  return /^[\x20-\x7e\t]*$/.test(text);
}
