/**
 * What a bucket has for the far side, as a row of items in the order in which marks pass: pages of the log, or pages of
 * all kept versions. Reads the segment; sends nothing.
 */
import { compareBytes, utf8 } from "../../../base/bytes.ts";
import type { SegmentId } from "../../../model/ids.ts";
import type { BucketPath, ObjectName } from "../../../model/names.ts";
import type { Uvid } from "../../../model/uvid.ts";
import type { Version } from "../../../model/version.ts";
import type { PositionedEntry, Replication } from "../../../segment/replication.ts";
import type { LogPoint, Mark } from "../position/mark.ts";
import { BATCH_VERSIONS_MAX, type BatchVersion } from "../wire/batch.ts";

/** Entries of the log that are looked at together. */
export const PAGE_ENTRIES = BATCH_VERSIONS_MAX;
/** Manifests of one batch, unless one alone is longer. */
const BATCH_BYTES_MAX = 512 * 1024;

export interface FeedItem {
  /** undefined: nothing to send, only the mark moves. */
  readonly version: BatchVersion | undefined;
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

/** The items of some entries of the log. A version that is no longer kept is passed over: a later entry stands for it. */
export async function logItems(
  replication: Replication,
  entries: readonly PositionedEntry[],
  options: LogPageOptions,
): Promise<readonly FeedItem[]> {
  const wanted = entries.filter((entry) => entry.via !== options.peer);
  const versions = await replication.getVersions(options.bucket, wanted);
  const found = new Map(wanted.map((entry, index) => [entry, versions[index]]));
  return entries.map((entry) => {
    const version = found.get(entry);
    const at = { position: entry.position, uvid: entry.uvid };
    return {
      version: version === undefined || entry.kind !== "version" ? undefined : { version, base: entry.base },
      markAfter: { kind: "following", at, isEverything: options.isEverything },
      loggedMs: entry.loggedMs,
    };
  });
}

/** The items of a page of a walk: versions of one name together, the oldest first, each a base for the next. */
export function walkItems(versions: readonly Version[], head: LogPoint): readonly FeedItem[] {
  const items: FeedItem[] = [];
  const names = new Map<ObjectName, Version[]>();
  for (const version of versions) {
    const known = names.get(version.object);
    if (known === undefined) names.set(version.object, [version]);
    else known.push(version);
  }
  for (const [name, group] of names) {
    const ordered = [...group].sort(byAge);
    for (const [index, version] of ordered.entries()) {
      const base = ordered[index - 1]?.content ?? { kind: "none" };
      const isLast = index === ordered.length - 1;
      const markAfter: Mark | undefined = isLast ? { kind: "walking", head, name } : undefined;
      items.push({ version: { version, base }, markAfter, loggedMs: undefined });
    }
  }
  return items;
}

export interface PackedBatch {
  readonly versions: readonly BatchVersion[];
  readonly mark: Mark | undefined;
  /** About the bytes of its manifests. */
  readonly sizeBytes: number;
  readonly newestLoggedMs: number | undefined;
  /** The owed version that this batch is for. */
  readonly pays?: Uvid | undefined;
}

/** A batch of one version that moves no mark. */
export function oneVersion(version: Version): PackedBatch {
  return packed(
    [{ version: { version, base: { kind: "none" } }, markAfter: undefined, loggedMs: undefined }],
    1024,
  );
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
    const itemBytes = item.version === undefined ? 0 : manifestBytes(item.version.version);
    if (count > 0 && (count >= BATCH_VERSIONS_MAX || sizeBytes + itemBytes > BATCH_BYTES_MAX)) flush();
    pending.push(item);
    sizeBytes += itemBytes;
    if (item.version !== undefined) count += 1;
  }
  flush();
  return batches;
}

function packed(items: readonly FeedItem[], sizeBytes: number): PackedBatch {
  return {
    versions: items.flatMap((item) => (item.version === undefined ? [] : [item.version])),
    mark: items.findLast((item) => item.markAfter !== undefined)?.markAfter,
    sizeBytes: sizeBytes + 64,
    newestLoggedMs: items.findLast((item) => item.loggedMs !== undefined)?.loggedMs,
  };
}

/** An upper estimate of the encoded manifest and its base. */
function manifestBytes(version: Version): number {
  let sizeBytes =
    192 + version.object.length * 3 + version.known.length * 32 + (version.contentType ?? "").length * 3;
  for (const [key, value] of Object.entries(version.metadata)) sizeBytes += key.length + value.length * 3 + 8;
  return sizeBytes;
}

function byAge(left: Version, right: Version): number {
  return left.generation - right.generation || compareBytes(utf8(left.uvid), utf8(right.uvid));
}
