/** Objects and their versions: put, get, list, delete, copy. */
import type { BucketPath, ObjectName, ObjectPath } from "../model/names.ts";
import type { Uvid } from "../model/uvid.ts";
import type { Version } from "../model/version.ts";
import type { Listing } from "./namespace.ts";

export interface PutOptions {
  readonly contentType?: string | undefined;
  /** Keys lower-case; see limits.ts. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** When given, content of any other length fails with TRUNCATED or TOO_LARGE and nothing changes. */
  readonly sizeBytes?: number | undefined;
  /** "absent": fail with PRECONDITION when the object is there. A UVID: fail unless it is the latest version. */
  readonly ifLatest?: "absent" | Uvid | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface GetOptions {
  /** undefined: the latest. */
  readonly uvid?: Uvid | undefined;
  /** Bytes `startByte` to before `endByte`; an end past the object is cut, a start past it is BAD_VALUE. */
  readonly range?: { readonly startByte: number; readonly endByte?: number | undefined } | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ObjectContent {
  readonly version: Version;
  /** The range that `body` yields: from, up to but not including. */
  readonly startByte: number;
  readonly endByte: number;
  /**
   * The bytes, verified chunk by chunk. Iterated once. Throws CHUNK_CORRUPT or CHUNK_MISSING with details object,
   * version, chunk, offset before any wrong byte is yielded.
   */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface ListObjectsOptions {
  readonly prefix?: string | undefined;
  /** Names above this one (not included). */
  readonly after?: string | undefined;
  /** Rolls up names with the same text up to the first delimiter behind the prefix. */
  readonly delimiter?: string | undefined;
  readonly limit?: number | undefined;
}

export type ListedObject =
  | { readonly kind: "object"; readonly version: Version }
  | { readonly kind: "prefix"; readonly prefix: string };

export interface Objects {
  /**
   * Stores a new version from a stream of any size, with bounded memory. Durable and visible when it resolves; before
   * that, and after any failure, the previous version is untouched.
   * @throws BUCKET_NOT_FOUND, PRECONDITION, TRUNCATED, TOO_LARGE, LIMIT, NO_SPACE, READ_ONLY, CANCELLED
   */
  put(path: ObjectPath, body: AsyncIterable<Uint8Array> | Uint8Array, options?: PutOptions): Promise<Version>;

  /** @throws BUCKET_NOT_FOUND, OBJECT_NOT_FOUND, VERSION_NOT_FOUND, BAD_VALUE */
  get(path: ObjectPath, options?: GetOptions): Promise<ObjectContent>;

  /** The version without its content. @throws as get */
  show(path: ObjectPath, uvid?: Uvid): Promise<Version>;

  /** Latest versions that are not deletes, in byte order of names. @throws BUCKET_NOT_FOUND */
  list(bucket: BucketPath, options?: ListObjectsOptions): Promise<Listing<ListedObject>>;

  /** All kept versions, deletes too, by name and then latest first; `after` is a name. @throws BUCKET_NOT_FOUND */
  listVersions(
    bucket: BucketPath,
    options?: Omit<ListObjectsOptions, "delimiter">,
  ): Promise<Listing<Version & { readonly isLatest: boolean }>>;

  /** Writes a delete version. @throws BUCKET_NOT_FOUND, OBJECT_NOT_FOUND (nothing there, or deleted already) */
  delete(path: ObjectPath): Promise<Version>;

  /** A new version of `to` with the content of `from`; no data moves. Metadata is copied unless given. @throws as get and put */
  copy(
    from: ObjectPath,
    to: ObjectPath,
    options?: Omit<PutOptions, "sizeBytes"> & { readonly fromUvid?: Uvid | undefined },
  ): Promise<Version>;

  /** Which of these names hold a latest version that is not a delete, with it; for comparing trees. At most 1,000. */
  showMany(bucket: BucketPath, names: readonly ObjectName[]): Promise<ReadonlyArray<Version | undefined>>;
}
