/** Objects and their versions: put, get, list, delete, copy. */

import type { AnnotationChange } from "../model/annotation.ts";
import type { BucketPath, ObjectName, ObjectPath } from "../model/names.ts";
import type { Uvid } from "../model/uvid.ts";
import type { ContentDigest, Version } from "../model/version.ts";
import type { Listing } from "./namespace.ts";

/** Which version of an object: `null` is the greatest that was written while versioning was not enabled. */
export interface VersionRef {
  readonly uvid: Uvid | "null";
  /** As the version says; when it is given the version is found without reading its neighbours. */
  readonly generation?: number | undefined;
}

export interface PutOptions {
  readonly contentType?: string | undefined;
  /** Keys lower-case; see limits.ts. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** When given, content of any other length fails with TRUNCATED or TOO_LARGE and nothing changes. */
  readonly sizeBytes?: number | undefined;
  /** "absent": fail with PRECONDITION when the object is there. A UVID: fail unless it is the latest version. */
  readonly ifLatest?: "absent" | Uvid | undefined;
  /**
   * Called with the latest version (undefined: none) just before each attempt to commit, and before a body is taken that is more than
   * a small piece; throws what forbids the write.
   */
  readonly allow?: ((latest: Version | undefined) => void) | undefined;
  /** By lower-case name, of KEPT_HEADERS. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Called once when the body has ended, before anything is committed; what it throws fails the put. */
  readonly digest?: (() => ContentDigest | undefined) | undefined;
  /** Written in the commit of the version. */
  readonly annotations?: AnnotationChange | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface DeleteOptions {
  /** In a bucket whose versioning is or was enabled: writes a delete version also when there is nothing to delete. */
  readonly isMarkerForced?: boolean | undefined;
  readonly allow?: ((latest: Version | undefined) => void) | undefined;
}

export interface GetOptions {
  /** undefined: the latest. */
  readonly version?: VersionRef | undefined;
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

export interface ListVersionsOptions extends ListObjectsOptions {
  /** With `after`: versions of that name that come after this one are listed too. */
  readonly afterVersion?: VersionRef | undefined;
}

export type ListedVersion =
  | { readonly kind: "version"; readonly version: Version; readonly isLatest: boolean }
  | { readonly kind: "prefix"; readonly prefix: string };

export interface VersionListing {
  readonly items: readonly ListedVersion[];
  /** Where to go on: `after` and `afterVersion` of the next page; undefined at the end. */
  readonly next: { readonly after: string; readonly afterVersion: VersionRef | undefined } | undefined;
}

export interface ExpungeOptions {
  /** Governance retention does not bind this caller; compliance and legal hold always do. */
  readonly isGovernanceBypassed?: boolean | undefined;
  /** Called with the version before it is removed, and with the object's latest; throws what forbids it. */
  readonly allow?: ((version: Version, latest: Version | undefined) => void) | undefined;
}

export interface CopyOptions extends Omit<PutOptions, "sizeBytes" | "digest"> {
  readonly fromVersion?: VersionRef | undefined;
  /** Called with the source before anything is done; throws what forbids the copy. */
  readonly allowFrom?: ((source: Version) => void) | undefined;
}

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
  show(path: ObjectPath, version?: VersionRef): Promise<Version>;

  /** Latest versions that are not deletes, in byte order of names. @throws BUCKET_NOT_FOUND */
  list(bucket: BucketPath, options?: ListObjectsOptions): Promise<Listing<ListedObject>>;

  /** All kept versions, deletes too, by name and then latest first. @throws BUCKET_NOT_FOUND */
  listVersions(bucket: BucketPath, options?: ListVersionsOptions): Promise<VersionListing>;

  /** Writes a delete version. @throws BUCKET_NOT_FOUND, OBJECT_NOT_FOUND (nothing there, or deleted already), what `allow` throws */
  delete(path: ObjectPath, options?: DeleteOptions): Promise<Version>;

  /**
   * Removes one version for good, here and over links; it is never taken in again. Resolves to what was removed.
   * @throws BUCKET_NOT_FOUND, OBJECT_NOT_FOUND, VERSION_NOT_FOUND, LOCKED (legal hold or retention)
   */
  expunge(path: ObjectPath, version: VersionRef, options?: ExpungeOptions): Promise<Version>;

  /** A new version of `to` with the content of `from`; no data moves. Metadata is copied unless given. @throws as get and put */
  copy(from: ObjectPath, to: ObjectPath, options?: CopyOptions): Promise<Version>;

  /** Which of these names hold a latest version that is not a delete, with it; for comparing trees. At most 1,000. */
  showMany(bucket: BucketPath, names: readonly ObjectName[]): Promise<ReadonlyArray<Version | undefined>>;
}
