/**
 * What a bucket has for the far side, as a row of items in the order in which marks pass: pages of the log, or pages of
 * all kept versions. Reads the segment; sends nothing.
 */
import { compareBytes, utf8 } from "../../../base/bytes.ts";
import type { SegmentId } from "../../../model/ids.ts";
import type { BucketPath } from "../../../model/names.ts";
import type { ContentRoot } from "../../../model/reference.ts";
import type { Uvid } from "../../../model/uvid.ts";
import type { Expunge, Version } from "../../../model/version.ts";
import type {
  PositionedEntry,
  Replication,
  VersionAnnotations,
  WalkedObject,
} from "../../../segment/replication.ts";
import type { LogPoint, Mark } from "../position/mark.ts";
import { BATCH_ITEMS_MAX, type BatchVersion } from "../wire/batch.ts";

/** Entries of the log that are looked at together. */
export const PAGE_ENTRIES = BATCH_ITEMS_MAX;
const NO_CONTENT: ContentRoot = { kind: "none" };
/** Manifests and records of one batch, unless one alone is longer. */
const BATCH_BYTES_MAX = 512 * 1024;

export interface FeedItem {
  /** A new version, annotations of it or of another, something removed for good; all undefined: only the mark moves. */
  readonly version?: BatchVersion | undefined;
  readonly annotations?: VersionAnnotations | undefined;
  readonly expunge?: Expunge | undefined;
  /** Where the receiver is once this item and all before it are durable; undefined: not between versions of one name. */
  readonly markAfter: Mark | undefined;
  /** Wall clock when the change was logged here. */
  readonly loggedMs: number | undefined;
}

export interface LogPage {
  readonly items: readonly FeedItem[];
  readonly last: LogPoint;
}

export interface LogPageOptions {
  readonly bucket: BucketPath;
  readonly isEverything: boolean;
  /** Entries that came from there are not sent back. */
  readonly peer: SegmentId;
}

/**
 * The items of some entries of the log. A version that is no longer kept is passed over, with what changed about it: a later entry
 * stands for it. Annotations go as they are now, with the version or once.
 */
export async function logItems(
  replication: Replication,
  entries: readonly PositionedEntry[],
  options: LogPageOptions,
): Promise<readonly FeedItem[]> {
  const changes = await readChanges(
    replication,
    options.bucket,
    entries.filter((entry) => entry.via !== options.peer),
  );
  return entries.map((entry) => {
    const at = { position: entry.position, uvid: entry.uvid };
    return {
      ...changes.get(entry),
      markAfter: { kind: "following", at, isEverything: options.isEverything },
      loggedMs: entry.loggedMs,
    };
  });
}

type Change = Pick<FeedItem, "version" | "annotations" | "expunge">;

async function readChanges(
  replication: Replication,
  bucket: BucketPath,
  entries: readonly PositionedEntry[],
): Promise<ReadonlyMap<PositionedEntry, Change>> {
  const made = entries.filter((entry) => entry.kind === "version");
  const removed = entries.filter((entry) => entry.kind === "expunge");
  const versions = await replication.getVersions(bucket, made);
  const expunges = await replication.getExpunges(bucket, removed);
  const changes = new Map<PositionedEntry, Change>();
  for (const [index, entry] of made.entries()) {
    const version = versions[index];
    if (version !== undefined) changes.set(entry, { version: { version, base: entry.base } });
  }
  for (const [index, entry] of removed.entries()) changes.set(entry, { expunge: expunges[index] });
  // Read after the versions, so that what goes with a version is at least as new as it is.
  const annotated = distinct(entries.filter((entry) => changes.has(entry) || entry.kind === "annotation"));
  const annotations = await replication.getAnnotations(bucket, annotated);
  for (const [index, entry] of annotated.entries()) {
    if (entry.kind !== "expunge")
      changes.set(entry, { ...changes.get(entry), annotations: annotations[index] });
  }
  return changes;
}

/** The first entry of each version. */
function distinct(entries: readonly PositionedEntry[]): readonly PositionedEntry[] {
  const seen = new Set<Uvid>();
  return entries.filter(({ uvid }) => !seen.has(uvid) && seen.add(uvid));
}

/** The items of a page of a walk: versions of one name together, the oldest first, each a base for the next. */
export function walkItems(objects: readonly WalkedObject[], head: LogPoint): readonly FeedItem[] {
  return objects.flatMap(({ object, versions, annotations, expunges }) => {
    const ordered = [...versions].sort(byAge);
    const annotationsOf = new Map(annotations.map((of) => [of.uvid, of]));
    const changes: Change[] = [
      ...ordered.map((version, index) => {
        const base = ordered[index - 1]?.content ?? NO_CONTENT;
        return { version: { version, base }, annotations: annotationsOf.get(version.uvid) };
      }),
      ...expunges.map((expunge) => ({ expunge })),
    ];
    return changes.map((change, index) => {
      const isLast = index === changes.length - 1;
      const markAfter: Mark | undefined = isLast ? { kind: "walking", head, name: object } : undefined;
      return { ...change, markAfter, loggedMs: undefined };
    });
  });
}

export interface PackedBatch {
  readonly versions: readonly BatchVersion[];
  readonly annotations: readonly VersionAnnotations[];
  readonly expunges: readonly Expunge[];
  readonly mark: Mark | undefined;
  /** About the bytes of its manifests. */
  readonly sizeBytes: number;
  readonly newestLoggedMs: number | undefined;
  /** The owed version that this batch is for. */
  readonly pays?: Uvid | undefined;
}

/** A batch of one version that moves no mark. */
export function oneVersion(version: Version, annotations: VersionAnnotations | undefined): PackedBatch {
  const item = { version: { version, base: NO_CONTENT }, annotations };
  return packed([{ ...item, markAfter: undefined, loggedMs: undefined }], 1024);
}

/** Items as batches within the limits of a batch, in order. */
export function packBatches(items: readonly FeedItem[]): readonly PackedBatch[] {
  const batches: PackedBatch[] = [];
  let pending: FeedItem[] = [];
  let sizeBytes = 0;
  let count = 0;
  const flush = () => {
    if (pending.length === 0) return;
    batches.push(packed(pending, sizeBytes));
    pending = [];
    sizeBytes = 0;
    count = 0;
  };
  for (const item of items) {
    const itemBytes = bytesOf(item);
    if (count > 0 && (count >= BATCH_ITEMS_MAX || sizeBytes + itemBytes > BATCH_BYTES_MAX)) flush();
    pending.push(item);
    sizeBytes += itemBytes;
    if (itemBytes > 0) count += 1;
  }
  flush();
  return batches;
}

function packed(items: readonly FeedItem[], sizeBytes: number): PackedBatch {
  return {
    versions: items.flatMap((item) => item.version ?? []),
    annotations: items.flatMap((item) => item.annotations ?? []),
    expunges: items.flatMap((item) => item.expunge ?? []),
    mark: items.findLast((item) => item.markAfter !== undefined)?.markAfter,
    sizeBytes: sizeBytes + 64,
    newestLoggedMs: items.findLast((item) => item.loggedMs !== undefined)?.loggedMs,
  };
}

/** An upper estimate of the item in a batch; 0 when it has nothing but a mark. */
function bytesOf({ version, annotations, expunge }: FeedItem): number {
  let sizeBytes = version === undefined ? 0 : manifestBytes(version.version);
  if (annotations !== undefined) sizeBytes += annotationBytes(annotations);
  if (expunge !== undefined) sizeBytes += 128 + expunge.object.length * 3 + expunge.known.length * 32;
  return sizeBytes;
}

/** An upper estimate of the encoded manifest and its base. */
function manifestBytes(version: Version): number {
  const { object, known, contentType = "", metadata, headers, digest } = version;
  let sizeBytes = 256 + object.length * 3 + known.length * 32 + contentType.length * 3;
  for (const pairs of [metadata, headers]) sizeBytes += pairBytes(pairs);
  return sizeBytes + (digest?.parts.length ?? 0) * 40;
}

function annotationBytes({ object, record }: VersionAnnotations): number {
  return 192 + object.length * 3 + pairBytes(record.tags?.value ?? {});
}

function pairBytes(pairs: Readonly<Record<string, string>>): number {
  let sizeBytes = 0;
  for (const [key, value] of Object.entries(pairs)) sizeBytes += (key.length + value.length) * 3 + 8;
  return sizeBytes;
}

function byAge(left: Version, right: Version): number {
  return left.generation - right.generation || compareBytes(utf8(left.uvid), utf8(right.uvid));
}
