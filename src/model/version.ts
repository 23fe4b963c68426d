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
}

/**
 * One record of a bucket's transaction log. `version`: a version came to be here, by a local write or through a link.
 */
export interface LogEntry {
  readonly kind: "version";
  readonly object: ObjectName;
  readonly uvid: Uvid;
  readonly generation: number;
  readonly isDeleted: boolean;
  readonly sizeBytes: number;
  /** Wall clock when it was logged here, milliseconds. */
  readonly loggedMs: number;
  /** Content of the version that was the latest before; a base for differences. `none` when there was none. */
  readonly base: ContentRoot;
  /** Segment of the link that it came through; undefined: written here. */
  readonly via: SegmentId | undefined;
}
