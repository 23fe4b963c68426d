/**
 * Names and paths: `cluster/tenant/bucket/object`. Names are part of identity, are never normalised and never become
 * paths on disk. Cluster, tenant, bucket: 1 to 255 bytes of UTF-8 without `/`, space and control characters, not `.` or
 * `..`. Object: 1 to 1,024 bytes of UTF-8 without NUL; everything else is allowed.
 */
import { utf8 } from "../base/bytes.ts";
import { EfsError } from "../base/errors.ts";
import { NAME_BYTES_MAX, OBJECT_NAME_BYTES_MAX } from "./limits.ts";

declare const nameBrand: unique symbol;
type Branded<Name extends string> = string & { readonly [nameBrand]: Name };

export type ClusterName = Branded<"cluster">;
export type TenantName = Branded<"tenant">;
export type BucketName = Branded<"bucket">;
export type ObjectName = Branded<"object">;
export type ServiceName = Branded<"service">;

export interface TenantPath {
  readonly cluster: ClusterName;
  readonly tenant: TenantName;
}
export interface BucketPath extends TenantPath {
  readonly bucket: BucketName;
}
export interface ObjectPath extends BucketPath {
  readonly object: ObjectName;
}
/** What an isgw service serves: a tenant with all its buckets, or one bucket. */
export type ServedPath = TenantPath | BucketPath;

export const parseClusterName = (text: string) => parseName(text, "cluster") as ClusterName;
export const parseTenantName = (text: string) => parseName(text, "tenant") as TenantName;
export const parseBucketName = (text: string) => parseName(text, "bucket") as BucketName;

/** Service names: 1 to 63 of `a-z`, `A-Z`, `0-9`, `-`, `_`, `.`, beginning with a letter or a digit. @throws BAD_NAME */
export function parseServiceName(text: string): ServiceName {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text)) {
    throw badName(
      "service",
      text,
      "use 1 to 63 letters, digits, '-', '_' or '.', beginning with a letter or digit",
    );
  }
  return text as ServiceName;
}

/** @throws BAD_NAME */
export function parseObjectName(text: string): ObjectName {
  if (!isWellFormed(text)) throw badName("object", text, "the name must be well-formed Unicode");
  const sizeBytes = utf8(text).length;
  if (sizeBytes === 0) throw badName("object", text, "the name is empty");
  if (sizeBytes > OBJECT_NAME_BYTES_MAX) {
    throw badName("object", text, `the name is ${sizeBytes} bytes, the limit is ${OBJECT_NAME_BYTES_MAX}`);
  }
  if (text.includes("\0")) throw badName("object", text, "the name has a NUL");
  return text as ObjectName;
}

/** `cluster/tenant`. @throws BAD_NAME */
export function parseTenantPath(text: string): TenantPath {
  const [cluster, tenant, ...rest] = text.split("/");
  if (cluster === undefined || tenant === undefined || rest.length > 0) throw badPath(text, "CLUSTER/TENANT");
  return { cluster: parseClusterName(cluster), tenant: parseTenantName(tenant) };
}

/** `cluster/tenant/bucket`. @throws BAD_NAME */
export function parseBucketPath(text: string): BucketPath {
  const [cluster, tenant, bucket, ...rest] = text.split("/");
  if (cluster === undefined || tenant === undefined || bucket === undefined || rest.length > 0) {
    throw badPath(text, "CLUSTER/TENANT/BUCKET");
  }
  return {
    cluster: parseClusterName(cluster),
    tenant: parseTenantName(tenant),
    bucket: parseBucketName(bucket),
  };
}

/** `cluster/tenant/bucket/object`; the object is everything after the third slash. @throws BAD_NAME */
export function parseObjectPath(text: string): ObjectPath {
  const third = text.split("/", 3).join("/").length;
  if (text[third] !== "/") throw badPath(text, "CLUSTER/TENANT/BUCKET/OBJECT");
  return { ...parseBucketPath(text.slice(0, third)), object: parseObjectName(text.slice(third + 1)) };
}

/** `cluster/tenant` or `cluster/tenant/bucket`. @throws BAD_NAME */
export function parseServedPath(text: string): ServedPath {
  return text.split("/").length === 2 ? parseTenantPath(text) : parseBucketPath(text);
}

export function formatTenantPath(path: TenantPath): string {
  return `${path.cluster}/${path.tenant}`;
}

export function formatBucketPath(path: BucketPath): string {
  return `${path.cluster}/${path.tenant}/${path.bucket}`;
}

export function formatObjectPath(path: ObjectPath): string {
  return `${path.cluster}/${path.tenant}/${path.bucket}/${path.object}`;
}

export function formatServedPath(path: ServedPath): string {
  return "bucket" in path ? formatBucketPath(path) : formatTenantPath(path);
}

/** True when `path` is the bucket itself or a bucket of the served tenant. */
export function serves(served: ServedPath, path: BucketPath): boolean {
  if (served.cluster !== path.cluster || served.tenant !== path.tenant) return false;
  return !("bucket" in served) || served.bucket === path.bucket;
}

/** Control characters as `\xNN` and backslashes doubled, so that a name cannot play tricks on a terminal. */
export function escapeName(name: string): string {
  return name.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\\]/g,
    (character) => {
      if (character === "\\") return "\\\\";
      const code = character.codePointAt(0) ?? 0;
      return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
    },
  );
}

function parseName(text: string, what: string): string {
  if (!isWellFormed(text)) throw badName(what, text, "the name must be well-formed Unicode");
  const sizeBytes = utf8(text).length;
  if (sizeBytes === 0) throw badName(what, text, "the name is empty");
  if (sizeBytes > NAME_BYTES_MAX) {
    throw badName(what, text, `the name is ${sizeBytes} bytes, the limit is ${NAME_BYTES_MAX}`);
  }
  if (text === "." || text === "..") throw badName(what, text, "`.` and `..` are no names");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u0020\u007f-\u009f/]/.test(text)) {
    throw badName(what, text, "a name has no slash, space or control character");
  }
  return text;
}

function isWellFormed(text: string): boolean {
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);
}

function badName(what: string, text: string, reason: string): EfsError {
  const shown = escapeName(text.length > 80 ? `${text.slice(0, 80)}…` : text);
  return new EfsError(
    "BAD_NAME",
    `not ${what === "object" ? "an" : "a"} ${what} name: "${shown}": ${reason}`,
  );
}

function badPath(text: string, shape: string): EfsError {
  const shown = escapeName(text.length > 120 ? `${text.slice(0, 120)}…` : text);
  return new EfsError("BAD_NAME", `not a path of the form ${shape}: "${shown}"`);
}
