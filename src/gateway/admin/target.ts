/**
 * The target of a request: its path and its query, decoded strictly. A percent sign that does not begin a byte of well-formed
 * UTF-8 is refused rather than taken literally, because a name must mean one thing.
 */
import { EfsError } from "../../base/errors.ts";
import { type BucketPath, parseBucketName, parseClusterName, parseTenantName } from "../../model/names.ts";

export interface Target {
  /** Still percent-encoded. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

/** @throws BAD_REQUEST */
export function parseTarget(url: string): Target {
  const mark = url.indexOf("?");
  if (mark < 0) return { path: url, query: NO_QUERY };
  return { path: url.slice(0, mark), query: parseQuery(url.slice(mark + 1)) };
}

const NO_QUERY: Readonly<Record<string, string>> = Object.freeze({});

/** Form encoding: `+` is a space. A name given twice is refused. @throws BAD_REQUEST */
export function parseQuery(text: string): Readonly<Record<string, string>> {
  const query: Record<string, string> = {};
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const mark = pair.indexOf("=");
    const name = decode(mark < 0 ? pair : pair.slice(0, mark), "query");
    if (Object.hasOwn(query, name))
      throw new EfsError("BAD_REQUEST", "a query parameter is given twice", {
        details: { field: shown(name) },
      });
    const value = mark < 0 ? "" : decode(pair.slice(mark + 1), "query");
    if (name === "__proto__") throw new EfsError("BAD_REQUEST", "there is no query parameter of this name");
    query[name] = value;
  }
  return query;
}

const OBJECT_PATH = /^\/clusters\/([^/]+)\/tenants\/([^/]+)\/buckets\/([^/]+)\/object$/;

/** The bucket of `…/object`, the route whose bodies are objects; undefined for every other path. @throws BAD_NAME, BAD_REQUEST */
export function bucketOfObjectPath(path: string): BucketPath | undefined {
  if (!path.endsWith("/object")) return undefined;
  const match = OBJECT_PATH.exec(path);
  if (match === null) return undefined;
  return {
    cluster: parseClusterName(decode(match[1] ?? "", "path", false)),
    tenant: parseTenantName(decode(match[2] ?? "", "path", false)),
    bucket: parseBucketName(decode(match[3] ?? "", "path", false)),
  };
}

function decode(text: string, what: string, isForm = true): string {
  const plain = isForm && text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!plain.includes("%")) return plain;
  try {
    return decodeURIComponent(plain);
  } catch {
    throw new EfsError("BAD_REQUEST", `the ${what} is not percent-encoded UTF-8`);
  }
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}
