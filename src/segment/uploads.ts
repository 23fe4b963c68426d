/**
 * Multipart uploads: durable until completed, aborted or expired. A part is content under a tree like any object's;
 * completing makes one node over the parts' roots, moves no data, and commits one version.
 */
import type { AnnotationChange } from "../model/annotation.ts";
import type { BucketPath, ObjectName, ObjectPath } from "../model/names.ts";
import type { ChecksumAlgorithm, ContentDigest, Version } from "../model/version.ts";
import type { VersionRef } from "./objects.ts";

export const PART_NUMBER_MAX = 10_000;
export const PART_BYTES_MIN = 5 * 1024 * 1024;
export const PART_BYTES_MAX = 5 * 1024 ** 3;

/** 32 lower-case hexadecimal digits: 48 bits of the wall clock, so that ids of one name are in order of time, and 80 random bits. */
export type UploadId = string;

export interface UploadOptions {
  readonly contentType?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: AnnotationChange | undefined;
  /** Which checksum the object gets; every part then must have one. */
  readonly checksum?:
    | { readonly algorithm: ChecksumAlgorithm; readonly kind: "full" | "composite" }
    | undefined;
  /** Who began it, for listings. */
  readonly initiator?: string | undefined;
}

export interface Upload extends UploadOptions {
  readonly id: UploadId;
  readonly object: ObjectName;
  readonly createdMs: number;
}

export interface UploadedPart {
  /** 1 to 10,000. */
  readonly number: number;
  readonly sizeBytes: number;
  /** 16 bytes. */
  readonly md5: Uint8Array;
  readonly checksum: Uint8Array | undefined;
  readonly modifiedMs: number;
}

export interface PutPartOptions {
  readonly sizeBytes?: number | undefined;
  /** Called once when the body has ended; its `md5` is required, its checksum is of the upload's algorithm or absent. */
  readonly digest: () => ContentDigest;
  readonly signal?: AbortSignal | undefined;
}

/** Where a part is copied from. */
export interface PartSource {
  readonly path: ObjectPath;
  readonly version?: VersionRef | undefined;
  /** Bytes `startByte` to before `endByte`, within the object; all of it when undefined. */
  readonly range?: { readonly startByte: number; readonly endByte: number } | undefined;
  /** Called with the source before anything is done; throws what forbids the copy. */
  readonly allow?: ((source: Version) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CompletedPart {
  readonly number: number;
  readonly md5: Uint8Array;
  /** When given it must be the part's. */
  readonly checksum?: Uint8Array | undefined;
}

export interface CompleteOptions {
  readonly allow?: ((latest: Version | undefined) => void) | undefined;
  /** When given it must be the object's. */
  readonly sizeBytes?: number | undefined;
  /** When given it must be the object's (`full` kinds are combined from the parts'). */
  readonly checksum?: Uint8Array | undefined;
}

export interface PartListing {
  readonly upload: Upload;
  /** In order of their numbers. */
  readonly parts: readonly UploadedPart[];
  /** The number to go on after; undefined at the end. */
  readonly next: number | undefined;
}

export interface ListUploadsOptions {
  readonly prefix?: string | undefined;
  readonly delimiter?: string | undefined;
  /** Names above this one; with `afterUpload` also the uploads of this name behind that one. */
  readonly after?: string | undefined;
  readonly afterUpload?: UploadId | undefined;
  readonly limit?: number | undefined;
}

export interface UploadListing {
  readonly items: ReadonlyArray<
    | { readonly kind: "upload"; readonly upload: Upload }
    | { readonly kind: "prefix"; readonly prefix: string }
  >;
  /** `after` and `afterUpload` of the next page; undefined at the end. */
  readonly next: { readonly after: string; readonly afterUpload: UploadId | undefined } | undefined;
}

export interface Uploads {
  /** @throws BUCKET_NOT_FOUND, LIMIT, BAD_VALUE */
  create(path: ObjectPath, options?: UploadOptions): Promise<Upload>;
  /** @throws BUCKET_NOT_FOUND, UPLOAD_NOT_FOUND */
  show(path: ObjectPath, id: UploadId): Promise<Upload>;
  /**
   * Stores a part; the last that finishes under a number counts. Durable when resolved; nothing changes when it fails.
   * @throws UPLOAD_NOT_FOUND, BAD_PART (number, size, checksum algorithm), TRUNCATED, TOO_LARGE, NO_SPACE, READ_ONLY, CANCELLED
   */
  putPart(
    path: ObjectPath,
    id: UploadId,
    number: number,
    body: AsyncIterable<Uint8Array> | Uint8Array,
    options: PutPartOptions,
  ): Promise<UploadedPart>;
  /**
   * A part from a range of an object. No data moves, but MD5 and checksum are computed by reading it.
   * @throws as putPart and Objects.get
   */
  copyPart(path: ObjectPath, id: UploadId, number: number, from: PartSource): Promise<UploadedPart>;
  /**
   * Makes the version from the listed parts, O(parts). Idempotent: the same list again resolves to the version that was made.
   * @throws UPLOAD_NOT_FOUND, PART_ORDER, BAD_PART (details.reason: `absent`, `md5`, `checksum`; `size` and `whole` when the object has another size
   * or checksum than was said), PART_TOO_SMALL, QUOTA, what `allow` throws
   */
  complete(
    path: ObjectPath,
    id: UploadId,
    parts: readonly CompletedPart[],
    options?: CompleteOptions,
  ): Promise<Version>;
  /** @throws UPLOAD_NOT_FOUND */
  abort(path: ObjectPath, id: UploadId): Promise<void>;
  /** @throws UPLOAD_NOT_FOUND */
  listParts(
    path: ObjectPath,
    id: UploadId,
    options?: { readonly after?: number | undefined; readonly limit?: number | undefined },
  ): Promise<PartListing>;
  /** By name, then by time and id. @throws BUCKET_NOT_FOUND */
  list(bucket: BucketPath, options?: ListUploadsOptions): Promise<UploadListing>;
  /** Aborts uploads of a bucket that began before a moment; resolves to how many. */
  expire(bucket: BucketPath, prefix: string, beforeMs: number): Promise<number>;
}
