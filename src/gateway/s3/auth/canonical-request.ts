/**
 * The canonical request of Signature Version 4 as S3 wants it: the path encoded once, as it was sent, with percent-encoding made uniform;
 * the query sorted by its encoded bytes; the signed headers with inner spaces collapsed. Text is one character a byte throughout.
 */
import { S3Error } from "../errors.ts";

/** What a signature covers, as the client sent it. */
export interface SignedRequest {
  readonly method: string;
  /** The raw request target: path, `?` and query, nothing decoded. */
  readonly target: string;
  /** By lower-case name; values as Node gives them (one character a byte). */
  readonly headers: ReadonlyMap<string, string>;
  /** Where `headers` holds more than was sent as headers: those that were; undefined: all were. */
  readonly sentHeaders?: ReadonlyMap<string, string> | undefined;
}

const PLAIN_PATH = /^[A-Za-z0-9\-._~/]*$/;
const PLAIN = /^[A-Za-z0-9\-._~]*$/;

/** Lines for method, path, query, headers and signed headers; the payload's word comes last, by the caller. */
export function canonicalRequest(
  request: SignedRequest,
  { signedHeaders, payload }: { readonly signedHeaders: readonly string[]; readonly payload: string },
): string {
  const mark = request.target.indexOf("?");
  const path = mark < 0 ? request.target : request.target.slice(0, mark);
  const query = mark < 0 ? "" : canonicalQuery(request.target.slice(mark + 1));
  let headers = "";
  for (const name of signedHeaders) headers += `${name}:${trimmed(request.headers.get(name) ?? "")}\n`;
  return `${request.method}\n${canonicalPath(path)}\n${query}\n${headers}\n${signedHeaders.join(";")}\n${payload}`;
}

function canonicalPath(path: string): string {
  if (PLAIN_PATH.test(path)) return path;
  return path.split("/").map(uniform).join("/").replaceAll("%2F", "/");
}

/** Without the signature itself, which a presigned address holds. */
function canonicalQuery(query: string): string {
  const pairs: string[] = [];
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = uniform(spaced(equals < 0 ? pair : pair.slice(0, equals)));
    if (name === "X-Amz-Signature") continue;
    // The joint sorts below every character that a name can have, so that names are compared before values.
    pairs.push(`${name}\u0000${equals < 0 ? "" : uniform(spaced(pair.slice(equals + 1)))}`);
  }
  if (pairs.length > 1) pairs.sort();
  return pairs.join("&").replaceAll("\u0000", "=");
}

function spaced(text: string): string {
  return text.includes("+") ? text.replaceAll("+", "%20") : text;
}

/** Unreserved characters plain, everything else as `%XX` in upper case, whichever way it was sent. */
function uniform(text: string): string {
  if (PLAIN.test(text)) return text;
  let out = "";
  for (let at = 0; at < text.length; at += 1) {
    let code = text.charCodeAt(at);
    if (code === 0x25) {
      const digits = text.slice(at + 1, at + 3);
      if (!/^[0-9A-Fa-f]{2}$/.test(digits)) throw new S3Error("InvalidRequest", "The address has a bare %");
      code = Number.parseInt(digits, 16);
      at += 2;
    } else if (code > 0xff) {
      throw new S3Error("InvalidRequest", "The address has characters that are not percent-encoded");
    }
    const character = String.fromCharCode(code);
    out += PLAIN.test(character) ? character : `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

function trimmed(value: string): string {
  return value.includes(" ") || value.includes("\t") ? value.trim().replaceAll(/[ \t]+/g, " ") : value;
}
