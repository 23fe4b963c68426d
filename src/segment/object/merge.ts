/**
 * Taking a version or an expunge into an object by looking at all that is there: for conflicts, null versions among others, and what
 * comes late. The result is that of kept.ts over the whole set.
 */
import type { MetaStore, Write } from "../../engine/meta-store.ts";
import { encodeExpunge } from "../../model/expunge-record.ts";
import type { Expunge, Version } from "../../model/version.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { olderKey, versionKey } from "../keys.ts";
import { olderWrite, rankOf, removalOf, type Situation } from "./change.ts";
import { keptOf, nullsKept, seenBeyond, seenOf } from "./kept.ts";
import type { StoredObject } from "./object-record.ts";
import { readExpunged, readOlder } from "./read-object.ts";

/** Most records of a kind that one commit drops; what is left goes with the next commit of the object. */
export const REMOVALS_MAX = 200;

type Item = Version | Expunge;

/** undefined: the item is here already or is not kept. */
export async function mergeIn(
  records: MetaStore,
  bucket: OpenBucket,
  current: StoredObject,
  given: Item,
): Promise<Situation | undefined> {
  const older = await readOlder(records, bucket, current);
  const expunged = await readExpunged(records, bucket, current);
  const lives = current.latest === undefined ? older : [current.latest, ...older];
  const gone = isExpunge(given)
    ? lives.find(({ uvid, generation }) => uvid === given.uvid && generation === given.generation)
    : undefined;
  const item = isExpunge(given) && gone !== undefined ? expungeOf(gone, given) : given;
  const others = lives.filter((version) => version !== gone);
  const before: readonly Item[] = [...others, ...expunged];
  if (before.some(({ uvid }) => uvid === item.uvid)) return undefined;
  const kept = keptOf([...before, item], nullsKept(bucket.record.options));
  const isKept = kept.versions.includes(item);
  if (!isKept && gone === undefined) return undefined;
  const [latest, ...rest] = kept.versions.filter((one): one is Version => !isExpunge(one));
  const ghosts = kept.versions.filter(isExpunge);
  const olderChange = olderWrites(bucket, current, { older, rest, latest, gone });
  const ghostChange = ghostWrites(bucket, { expunged, ghosts });
  return {
    latest,
    olderCount: rest.length + olderChange.leftover,
    // Only null versions are ever dropped, so those that are left over are null.
    olderNullCount: rest.filter(({ isNull }) => isNull).length + olderChange.leftover,
    expungedCount: ghosts.length + ghostChange.leftover,
    expungedNullCount: ghosts.filter(({ isNull }) => isNull).length + ghostChange.leftover,
    conflictCount: kept.conflictCount,
    nullVersion: nullRank(rest),
    seen: seenBeyond(latest, seenOf(kept.versions)),
    writes: [...olderChange.writes, ...ghostChange.writes],
    versionDelta: versionDelta(item, gone),
  };
}

interface OlderChange {
  /** What stood under `v`, and what is to stand there. */
  readonly older: readonly Version[];
  readonly rest: readonly Version[];
  readonly latest: Version | undefined;
  readonly gone: Version | undefined;
}

function olderWrites(
  bucket: OpenBucket,
  current: StoredObject,
  { older, rest, latest, gone }: OlderChange,
): { readonly writes: readonly Write[]; readonly leftover: number } {
  const writes: Write[] = rest
    .filter((version) => !older.includes(version))
    .map((version) => olderWrite(bucket, version));
  const staying = new Set(rest);
  const leaving = older.filter((version) => !staying.has(version));
  const moved = leaving.filter((version) => version === latest || version === gone);
  const dropped = leaving.filter((version) => !moved.includes(version));
  const removed = dropped.slice(-REMOVALS_MAX);
  for (const version of [...moved, ...removed]) {
    writes.push({ key: olderKey(bucket.keys, version.object, version), value: undefined });
  }
  const before = current.latest;
  const isLatestDropped =
    before !== undefined && before !== latest && before !== gone && !staying.has(before);
  for (const version of [...removed, gone, isLatestDropped ? before : undefined]) {
    if (version !== undefined) writes.push(...removalOf(bucket, current, version));
  }
  return { writes, leftover: dropped.length - removed.length };
}

function ghostWrites(
  bucket: OpenBucket,
  { expunged, ghosts }: { readonly expunged: readonly Expunge[]; readonly ghosts: readonly Expunge[] },
): { readonly writes: readonly Write[]; readonly leftover: number } {
  const writes: Write[] = ghosts
    .filter((ghost) => !expunged.includes(ghost))
    .map((ghost) => expungeWrite(bucket, ghost));
  const staying = new Set(ghosts);
  const dropped = expunged.filter((ghost) => !staying.has(ghost));
  const removed = dropped.slice(-REMOVALS_MAX);
  for (const ghost of removed) {
    writes.push({ key: versionKey(bucket.keys.expunged, ghost.object, ghost), value: undefined });
  }
  return { writes, leftover: dropped.length - removed.length };
}

/** What stays of a version; what is said of one that is here comes from itself. */
export function expungeOf(
  version: Version,
  { expungedMs, isGovernanceBypassed }: Pick<Expunge, "expungedMs" | "isGovernanceBypassed">,
): Expunge {
  const { object, uvid, generation, known, isNull } = version;
  const bypass = isGovernanceBypassed === true ? { isGovernanceBypassed } : {};
  return { object, uvid, generation, known, isNull, expungedMs, ...bypass };
}

export function expungeWrite(bucket: OpenBucket, expunge: Expunge): Write {
  return { key: versionKey(bucket.keys.expunged, expunge.object, expunge), value: encodeExpunge(expunge) };
}

function versionDelta(item: Item, gone: Version | undefined): number {
  if (isExpunge(item)) return gone === undefined || gone.isNull ? 0 : -1;
  return item.isNull ? 0 : 1;
}

function nullRank(versions: readonly Version[]) {
  const version = versions.find(({ isNull }) => isNull);
  return version === undefined ? undefined : rankOf(version);
}

function isExpunge(item: Item): item is Expunge {
  return "expungedMs" in item;
}
