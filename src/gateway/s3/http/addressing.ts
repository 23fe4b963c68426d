/**
 * What a request is addressed to: bucket and key from the raw target, path style or host style, and the query. Nothing is normalised: `//`, `..` and
 * a leading `/` belong to the key. Percent-encoding is taken off once; `+` is a space in a query and itself in a path.
 */
import { S3Error } from "../errors.ts";

export interface Addressed {
  /** undefined: the service itself. */
  readonly bucket: string | undefined;
  /** undefined: the bucket itself. */
  readonly key: string | undefined;
  readonly query: ReadonlyMap<string, string>;
}

const NO_QUERY: ReadonlyMap<string, string> = new Map();

/**
 * @param target the request target as it was sent, one character a byte
 * @param host the Host header, with or without a port
 * @param domains lower case; a host below one of them names the bucket
 * @throws InvalidURI
 */
export function addressed(target: string, host: string, domains: readonly string[]): Addressed {
  const origin = originForm(target);
  const mark = origin.indexOf("?");
  const path = mark < 0 ? origin : origin.slice(0, mark);
  const query = mark < 0 ? NO_QUERY : parseQuery(origin.slice(mark + 1));
  if (!path.startsWith("/")) throw invalidUri();
  const hosted = domains.length === 0 ? undefined : bucketOfHost(host, domains);
  if (hosted !== undefined) return { bucket: hosted, key: keyOf(path.slice(1)), query };
  const slash = path.indexOf("/", 1);
  const bucket = slash < 0 ? path.slice(1) : path.slice(1, slash);
  if (bucket === "") {
    if (slash >= 0) throw new S3Error("InvalidBucketName");
    return { bucket: undefined, key: undefined, query };
  }
  return { bucket: decoded(bucket), key: slash < 0 ? undefined : keyOf(path.slice(slash + 1)), query };
}

/** `http://host/path` of clients that take us for a proxy, as `/path`. */
function originForm(target: string): string {
  if (target.startsWith("/")) return target;
  const match = /^https?:\/\/[^/?]*(.*)$/i.exec(target);
  if (match === null) throw invalidUri();
  const rest = match[1] ?? "";
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function keyOf(text: string): string | undefined {
  return text === "" ? undefined : decoded(text);
}

function bucketOfHost(host: string, domains: readonly string[]): string | undefined {
  const name = host.replace(/:\d*$/, "");
  const lower = name.toLowerCase();
  for (const domain of domains) {
    if (lower.endsWith(`.${domain}`)) return name.slice(0, -domain.length - 1);
  }
  return undefined;
}

/** Decoded names and values; of names given twice the first. @throws InvalidURI */
export function parseQuery(text: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = spaced(equals < 0 ? pair : pair.slice(0, equals));
    if (!query.has(name)) query.set(name, equals < 0 ? "" : spaced(pair.slice(equals + 1)));
  }
  return query;
}

function spaced(text: string): string {
  return decoded(text.includes("+") ? text.replaceAll("+", " ") : text);
}

const PLAIN = /^[\x20-\x24\x26-\x7e]*$/;

function decoded(text: string): string {
  if (PLAIN.test(text)) return text;
  try {
    // Bytes beyond ASCII that were sent as they are join those that were sent encoded.
    return decodeURIComponent(text.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`));
  } catch {
    throw invalidUri();
  }
}

function invalidUri(): S3Error {
  return new S3Error("InvalidURI");
}
