/** One immutable version of one object, and what the transaction log says of it. Bytes: version-manifest.ts, log-entry.ts. */
import type { SegmentId } from "./ids.ts";
import type { ObjectName } from "./names.ts";
import type { ContentRoot } from "./reference.ts";
import type { Uvid } from "./uvid.ts";

export interface Version {
  /** The object's name in its bucket; the path before it is not part of the manifest, so that mapping keeps ids. */
  readonly object: ObjectName;
  readonly uvid: Uvid;
  /** What the writer saw, plus one; 1 for the first. */
  readonly generation: number;
  /** For each segment the highest UVID of this object that the writer knew; that alone decides what is a conflict. */
  readonly known: ReadonlyArray<{ readonly segment: SegmentId; readonly uvid: Uvid }>;
  readonly isDeleted: boolean;
  /** Length of the content. 0 when deleted. */
  readonly sizeBytes: number;
  readonly content: ContentRoot;
  /** Wall clock of the writer when the version was made (Last-Modified), milliseconds. */
  readonly modifiedMs: number;
  /** undefined: not given. */
  readonly contentType: string | undefined;
  /** User metadata in order of keys: lower-case ASCII keys without control characters, UTF-8 values. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Written while the bucket's versioning was not enabled (S3's version `null`). */
  readonly isNull: boolean;
  /** Standard headers kept as given, by lower-case name in order of names: those of KEPT_HEADERS. */
  readonly headers: Readonly<Record<string, string>>;
  /** undefined: content that came without digests (efscli, NFS), or a delete. */
  readonly digest: ContentDigest | undefined;
}

/** Standard headers that a version keeps besides the content type. */
export const KEPT_HEADERS = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "expires",
  "x-amz-storage-class",
  "x-amz-website-redirect-location",
] as const;

/** The checksum algorithms of S3, by the words of its headers. Values are the raw digest: 4, 4, 8, 20 or 32 bytes, big-endian. */
export const CHECKSUM_ALGORITHMS = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** `full`: of the whole content. `composite`: of the parts' checksums one after another. */
  readonly kind: "full" | "composite";
  readonly value: Uint8Array;
}

export interface Part {
  readonly sizeBytes: number;
  /** undefined: not given, or left out for room. */
  readonly checksum: Uint8Array | undefined;
}

/** What a writer computed over the content besides its content id. */
export interface ContentDigest {
  /** 16 bytes: of the content, or of the parts' MD5s one after another when there are parts. undefined: never computed. */
  readonly md5: Uint8Array | undefined;
  readonly checksum: Checksum | undefined;
  /** Parts of a multipart upload in order, their sizes adding up to the content's; none: put in one piece. */
  readonly parts: readonly Part[];
}

/**
 * What stays of a version that was removed for good: its rank and what it knew, so that it goes on counting among the versions
 * of its object (segment/DESIGN.md "Expunging"), and can be refused when it comes again. Bytes: expunge-record.ts.
 */
export interface Expunge extends Pick<Version, "object" | "uvid" | "generation" | "known" | "isNull"> {
  /** Wall clock where it was removed first, milliseconds. */
  readonly expungedMs: number;
  /** Removed by somebody who may bypass governance retention, so that this does not bind it elsewhere either. */
  readonly isGovernanceBypassed?: boolean | undefined;
}

interface LoggedChange {
  readonly object: ObjectName;
  /** Of the version that it is about. */
  readonly uvid: Uvid;
  readonly generation: number;
  /** Wall clock when it was logged here, milliseconds. */
  readonly loggedMs: number;
  /** Segment of the link that it came through; undefined: written here. */
  readonly via: SegmentId | undefined;
}

/** A version came to be here, by a local write or through a link. */
export interface VersionEntry extends LoggedChange {
  readonly kind: "version";
  readonly isDeleted: boolean;
  readonly sizeBytes: number;
  /** Content of the version that was the latest before; a base for differences. `none` when there was none. */
  readonly base: ContentRoot;
}

/** A version was removed for good; it may never have been here. */
export interface ExpungeEntry extends LoggedChange {
  readonly kind: "expunge";
}

/** Annotations of a version changed. */
export interface AnnotationEntry extends LoggedChange {
  readonly kind: "annotation";
  /** UVID of the change. */
  readonly change: Uvid;
}

/** One record of a bucket's transaction log. Bytes: log-entry.ts. */
export type LogEntry = VersionEntry | ExpungeEntry | AnnotationEntry;
