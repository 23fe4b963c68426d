/**
 * What a replicating gateway needs of a segment: the log, versions, stored chunks and nodes as they are, and a way to
 * take in what another segment sent. Nothing here speaks a protocol.
 *
 * Invariant: present means complete. A node that `missing` calls present has everything under it durable here.
 */
import type { EfsError } from "../base/errors.ts";
import type { StoredChunk } from "../engine/chunk-store.ts";
import type { AnnotationRecord } from "../model/annotation.ts";
import type { ContentId, LogId, SegmentId } from "../model/ids.ts";
import type { BucketPath, ObjectName, ServedPath } from "../model/names.ts";
import type { BucketRecord } from "../model/namespace.ts";
import type { ContentRoot, Reference } from "../model/reference.ts";
import type { Uvid } from "../model/uvid.ts";
import type { Expunge, LogEntry, Version } from "../model/version.ts";

export type PositionedEntry = LogEntry & { readonly position: bigint };

export interface LogHead {
  readonly logId: LogId;
  /** 0n: nothing logged yet. */
  readonly position: bigint;
}

/** What a piece of content is, by how it is stored. */
export interface ContentPiece {
  readonly kind: "chunk" | "node" | "small";
  readonly id: ContentId;
}

export interface ReceivedPiece extends ContentPiece {
  /** Codec and lengths as in the engine; the plain bytes are checked against the id before anything is stored. */
  readonly stored: StoredChunk;
}

/** Names one version of an object. */
export interface VersionId {
  readonly object: ObjectName;
  readonly uvid: Uvid;
  readonly generation: number;
}

/** All annotations of one version. */
export interface VersionAnnotations extends VersionId {
  readonly record: AnnotationRecord;
}

/** Everything of one name: kept versions, latest first, their annotations, and what was removed for good. */
export interface WalkedObject {
  readonly object: ObjectName;
  readonly versions: readonly Version[];
  readonly annotations: readonly VersionAnnotations[];
  readonly expunges: readonly Expunge[];
}

export interface ReceivedVersions {
  readonly bucket: BucketPath;
  /** Complete content is required: every root must be present, else CHUNK_MISSING and nothing is applied. At most 500. */
  readonly versions: readonly Version[];
  /**
   * Of these versions (then written in their commit) and of others; of a version that is not kept here they are passed over. At
   * most 500.
   */
  readonly annotations?: readonly VersionAnnotations[] | undefined;
  /** At most 500. */
  readonly expunges?: readonly Expunge[] | undefined;
  /** Segment of the link. */
  readonly via: SegmentId;
  /** Durable with or after the last of all that, never before. */
  readonly state?: { readonly service: string; readonly key: string; readonly value: Uint8Array } | undefined;
}

export interface ReceivedOutcome {
  /** Versions that were new here (logged once each). */
  readonly applied: number;
  /** Versions that were here already, are older than all that is kept, or were removed for good. */
  readonly alreadyThere: number;
  /** Annotations that changed something here, those of new versions not counted. */
  readonly annotated: number;
  /** Versions that were removed for good, or never will be taken in, because of this call. */
  readonly expunged: number;
  /** Expunges that a legal hold or a retention here forbids (LOCKED): left out, the versions stay. */
  readonly refused: readonly EfsError[];
}

/**
 * The stored content of all plain buckets, or that of one encrypted bucket. Pieces come opened and are given as they are: what seals and opens
 * them is not seen here. At most so many pieces a call as each says.
 */
export interface Contents {
  /** Which pieces are not here (index into `pieces`); those that are here are claimed. Durable. At most 10,000. */
  missing(pieces: readonly ContentPiece[]): Promise<readonly number[]>;
  /** Pieces as stored, undefined where absent. At most 1,024. */
  read(pieces: readonly ContentPiece[]): Promise<ReadonlyArray<StoredChunk | undefined>>;
  /** The verified plain bytes of one piece. @throws CHUNK_CORRUPT, CHUNK_MISSING */
  readPlain(piece: ContentPiece): Promise<Uint8Array>;
  /** References of a tree node, verified. @throws CHUNK_CORRUPT, CHUNK_MISSING */
  readNode(id: ContentId): Promise<readonly Reference[]>;
  /** Plain bytes of a range of some content, verified; for bases of differences. At most 4 MiB. @throws CHUNK_CORRUPT, CHUNK_MISSING */
  readRange(root: ContentRoot, startByte: number, lengthBytes: number): Promise<Uint8Array>;

  /**
   * Stores pieces after checking each against its id, in the order given (a node after everything under it; a node whose
   * children are not all here is refused with CHUNK_MISSING). Durable when resolved. At most 1,024 pieces and 16 MiB.
   * @throws HASH_MISMATCH naming the id; nothing of the call is stored then
   */
  store(pieces: readonly ReceivedPiece[]): Promise<void>;
}

/** As Contents it is that of plain buckets. */
export interface Replication extends Contents {
  /** Where the content of a bucket is: the same object for all plain buckets. @throws BUCKET_NOT_FOUND, UNAVAILABLE */
  contents(bucket: BucketPath): Promise<Contents>;
  /** Buckets under a served path, in order of names. */
  buckets(
    path: ServedPath,
  ): Promise<ReadonlyArray<{ readonly path: BucketPath; readonly record: BucketRecord }>>;
  /** @throws BUCKET_NOT_FOUND */
  logHead(bucket: BucketPath): Promise<LogHead>;
  /** Entries with positions above `after`, in order, at most `limit` (1 to 10,000). @throws BUCKET_NOT_FOUND */
  readLog(bucket: BucketPath, after: bigint, limit: number): Promise<readonly PositionedEntry[]>;
  /** Entries above `after` and their bytes, exact up to `limit` entries counted. */
  backlog(
    bucket: BucketPath,
    after: bigint,
    limit: number,
  ): Promise<{
    readonly versions: number;
    readonly bytes: number;
    readonly oldestLoggedMs: number | undefined;
  }>;
  /** A hint that the bucket's log grew. Returns the function that ends the watch. */
  watchLog(bucket: BucketPath, onChange: () => void): () => void;

  /** The versions that are kept, for each asked; undefined when it is no longer kept. At most 1,000. */
  getVersions(
    bucket: BucketPath,
    ids: ReadonlyArray<{ readonly object: ObjectName; readonly uvid: Uvid }>,
  ): Promise<ReadonlyArray<Version | undefined>>;
  /** Annotations of kept versions, for each asked; undefined when there are none, or the version is gone. At most 1,000. */
  getAnnotations(
    bucket: BucketPath,
    versions: readonly VersionId[],
  ): Promise<ReadonlyArray<VersionAnnotations | undefined>>;
  /** What stays of expunged versions, for each asked; undefined when there is nothing (any more). At most 1,000. */
  getExpunges(
    bucket: BucketPath,
    versions: readonly VersionId[],
  ): Promise<ReadonlyArray<Expunge | undefined>>;
  /** A page of all names above `after`, for an initial pass: about `limit` versions and expunges, all of a name on one page. */
  walk(bucket: BucketPath, after: ObjectName | undefined, limit: number): Promise<readonly WalkedObject[]>;

  /**
   * Takes in versions, annotations and expunges, each change logged once however often it comes, whatever the order.
   * @throws BUCKET_NOT_FOUND, CHUNK_MISSING, LIMIT, NO_SPACE, READ_ONLY, QUOTA (a part may be applied; `state` is not)
   */
  apply(received: ReceivedVersions): Promise<ReceivedOutcome>;
}
