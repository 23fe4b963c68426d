/** What the listings share: their parameters with their limits, `encoding-type=url`, and tokens that are opaque and checked. */
import { concat, fromUtf8, utf8 } from "../../base/bytes.ts";
import { crc32c } from "../../base/crc.ts";
import { OBJECT_NAME_BYTES_MAX } from "../../model/limits.ts";
import { S3Error } from "./errors.ts";

type Query = ReadonlyMap<string, string>;

const TOKEN_FORMAT = 1;
const CRC_BYTES = 4;
const MAX_KEYS_MAX = 2 ** 31 - 1;
/** A name and what belongs to it are shorter. */
const TOKEN_TEXT_BYTES_MAX = 4 * OBJECT_NAME_BYTES_MAX;

export interface ListAsked {
  readonly prefix: string;
  /** undefined: none, or the empty one. */
  readonly delimiter: string | undefined;
  /** As asked and shown; 1,000 when it was not. */
  readonly maxKeys: number;
  /** How many items a page gets: `maxKeys`, at most what the service gives. */
  readonly limit: number;
  readonly isUrlEncoded: boolean;
}

/** @throws InvalidArgument */
export function listAsked(query: Query, listMax: number, countName = "max-keys"): ListAsked {
  const maxKeys = countOf(query, countName) ?? listMax;
  const delimiter = query.get("delimiter");
  return {
    prefix: nameBound(query, "prefix") ?? "",
    delimiter: delimiter === "" ? undefined : delimiter,
    maxKeys: Math.min(maxKeys, listMax),
    limit: Math.min(maxKeys, listMax),
    isUrlEncoded: isUrlEncoded(query),
  };
}

/** @throws InvalidArgument for another encoding than `url` */
export function isUrlEncoded(query: Query): boolean {
  const type = query.get("encoding-type");
  if (type === undefined || type === "") return false;
  if (type.toLowerCase() === "url") return true;
  throw new S3Error("InvalidArgument", "Invalid Encoding Method specified in Request", {
    elements: { ArgumentName: "encoding-type", ArgumentValue: type.slice(0, 256) },
  });
}

/** A count of a listing; undefined: not given. @throws InvalidArgument */
export function countOf(query: Query, name: string): number | undefined {
  const text = query.get(name);
  if (text === undefined || text === "") return undefined;
  const count = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (count <= MAX_KEYS_MAX) return count;
  throw new S3Error("InvalidArgument", `Argument ${name} must be an integer between 0 and ${MAX_KEYS_MAX}`, {
    elements: { ArgumentName: name, ArgumentValue: text.slice(0, 256) },
  });
}

/** A name as a listing shows it. */
export function shown(name: string, asked: Pick<ListAsked, "isUrlEncoded">): string {
  return asked.isUrlEncoded ? urlEncoded(name) : name;
}

/** Percent-encoded but for letters, digits and `-_.~*\/`. */
export function urlEncoded(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%2F", "/");
}

/** Where a listing goes on, as clients get it: a checksum guards against tokens that were made up or cut. */
export function tokenOf(text: string): string {
  const bytes = utf8(text);
  const head = Buffer.alloc(1 + CRC_BYTES);
  head.writeUInt8(TOKEN_FORMAT);
  head.writeUInt32BE(crc32c(bytes), 1);
  return Buffer.from(concat([head, bytes])).toString("base64url");
}

/** The text of a token. @throws InvalidArgument */
export function parseToken(token: string, argument: string): string {
  const bytes = Buffer.from(token, "base64url");
  const text = bytes.subarray(1 + CRC_BYTES);
  const isSound =
    token.length <= TOKEN_TEXT_BYTES_MAX &&
    bytes.length > 1 + CRC_BYTES &&
    bytes[0] === TOKEN_FORMAT &&
    bytes.readUInt32BE(1) === crc32c(text);
  const name = isSound ? fromUtf8(text) : undefined;
  if (name !== undefined) return name;
  throw new S3Error("InvalidArgument", `The ${argument} provided is incorrect`, {
    elements: { ArgumentName: argument, ArgumentValue: token.slice(0, 256) },
  });
}

/** A parameter that is a name or the beginning of one; undefined: not given, or empty. @throws InvalidArgument */
export function nameBound(query: Query, name: string): string | undefined {
  const text = query.get(name);
  if (text === undefined || text === "") return undefined;
  if (utf8(text).length <= OBJECT_NAME_BYTES_MAX) return text;
  throw new S3Error("InvalidArgument", `${name} is longer than ${OBJECT_NAME_BYTES_MAX} bytes`, {
    elements: { ArgumentName: name },
  });
}
