/** Tags of objects, parts of requests and buckets: their rules, and their form in the header `x-amz-tagging`. */
import { isWellFormed } from "../../base/unicode.ts";
import { S3Error } from "./errors.ts";

export const OBJECT_TAGS_MAX = 10;
export const BUCKET_TAGS_MAX = 50;
const KEY_LENGTH_MAX = 128;
const VALUE_LENGTH_MAX = 256;
/** AWS's: letters, numbers and spaces of any language, and these. */
const ALLOWED = /^[\p{L}\p{N}\p{M}\p{Zs}+\-=._:/@]*$/u;

export type Tags = Readonly<Record<string, string>>;

/** The tags of pairs. @throws InvalidTag, BadRequest (too many) */
export function tagSetOf(
  pairs: ReadonlyArray<readonly [key: string, value: string]>,
  countMax: number,
): Tags {
  if (pairs.length > countMax) {
    const what = countMax === OBJECT_TAGS_MAX ? "Object" : "Bucket";
    throw new S3Error("BadRequest", `${what} tags cannot be greater than ${countMax}`);
  }
  const tags: Record<string, string> = Object.create(null);
  for (const [key, value] of pairs) {
    checkTag(key, value);
    if (key in tags) throw invalidTag("Cannot provide multiple Tags with the same key", key);
    tags[key] = value;
  }
  return { ...tags };
}

/** `key=value&…` with percent-encoding and `+` for a space. @throws InvalidArgument, InvalidTag, BadRequest */
export function parseTaggingHeader(text: string): Tags {
  const pairs = text
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair): [string, string] => {
      const at = pair.indexOf("=");
      return at < 0 ? [decoded(pair), ""] : [decoded(pair.slice(0, at)), decoded(pair.slice(at + 1))];
    });
  return tagSetOf(pairs, OBJECT_TAGS_MAX);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new S3Error(
      "InvalidArgument",
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded",
      {
        elements: { ArgumentName: "x-amz-tagging", ArgumentValue: text.slice(0, 256) },
      },
    );
  }
}

function checkTag(key: string, value: string): void {
  const isKey = key.length >= 1 && key.length <= KEY_LENGTH_MAX && isWellFormed(key) && ALLOWED.test(key);
  if (!isKey) throw invalidTag("The TagKey you have provided is invalid", key);
  if (/^aws:/i.test(key)) throw invalidTag("System tags cannot be added or updated by the requester", key);
  if (value.length > VALUE_LENGTH_MAX || !isWellFormed(value) || !ALLOWED.test(value)) {
    throw new S3Error("InvalidTag", "The TagValue you have provided is invalid", {
      elements: { TagKey: key, TagValue: value.slice(0, 512) },
    });
  }
}

function invalidTag(message: string, key: string): S3Error {
  return new S3Error("InvalidTag", message, { elements: { TagKey: key.slice(0, 256) } });
}
