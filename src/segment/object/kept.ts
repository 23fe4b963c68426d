/**
 * Which versions of one object are kept, and which is the latest: pure functions of the set of versions, so that every site
 * comes to the same result in whatever order versions and expunges arrive. DESIGN.md "Versions" says why the result does not
 * depend on what was dropped before.
 *
 * - Versions are ranked by (generation, UVID). An expunged version keeps its rank and what it knew; it is only never shown.
 * - A version knows another when its `known` names the other's segment with that UVID or a higher one.
 * - Heads are the versions that no other one knows. A head that is not the greatest is a conflict loser.
 * - Kept are the heads, all that are not null, and the greatest `versionsKept` of those that are null.
 */
import { EfsError } from "../../base/errors.ts";
import { parseSegmentId, type SegmentId } from "../../model/ids.ts";
import { KNOWN_SEGMENTS_MAX, VERSIONS_KEPT_MAX } from "../../model/limits.ts";
import type { BucketOptions } from "../../model/namespace.ts";
import type { Ordered, Uvid } from "../../model/uvid.ts";
import type { Version } from "../../model/version.ts";

/** More concurrent losers of one object than this are dropped, least first: a bound against peers gone wrong. */
const CONFLICTS_KEPT_MAX = 256;

export type Ranked = Pick<Version, "generation" | "uvid" | "known" | "isNull">;

export interface Kept<Item extends Ranked> {
  /** Greatest first; never empty. */
  readonly versions: readonly Item[];
  /** How many of them, the first not counted, are conflict losers. */
  readonly conflictCount: number;
}

/** What a set of versions knows together. */
export interface Seen {
  readonly generation: number;
  /** For each segment the highest UVID, in order of segments. */
  readonly known: Version["known"];
}

/** As model/uvid's compareVersions; the text of a UVID has the order of its bytes. */
export function compareRanked(left: Ordered, right: Ordered): number {
  if (left.generation !== right.generation) return left.generation - right.generation;
  if (left.uvid === right.uvid) return 0;
  return left.uvid < right.uvid ? -1 : 1;
}

/** A bucket with a lock drops nothing by itself: what is replaced may be locked. */
export function nullsKept({ lock, versionsKept }: BucketOptions): number {
  return lock === undefined ? versionsKept : VERSIONS_KEPT_MAX;
}

export function keptOf<Item extends Ranked>(versions: readonly Item[], versionsKept: number): Kept<Item> {
  const sorted = [...versions].sort((left, right) => compareRanked(right, left));
  const known = highestKnown(sorted);
  let [conflictCount, nullCount] = [0, 0];
  const kept = sorted.filter(({ uvid, isNull }, index) => {
    const highest = known.get(segmentText(uvid));
    const isHead = highest === undefined || highest < uvid;
    const isLoser = index > 0 && isHead && conflictCount < CONFLICTS_KEPT_MAX;
    if (isLoser) conflictCount += 1;
    if (isNull) nullCount += 1;
    return index === 0 || isLoser || !isNull || nullCount <= versionsKept;
  });
  return { versions: kept, conflictCount };
}

/** Whether a version comes after all that are seen, knowing them all. */
export function isSuccessor(version: Ranked, seen: Seen): boolean {
  return version.generation > seen.generation && seen.known.every((entry) => knows(version, entry));
}

/** Whether some of what is seen knows the version, or is it. */
export function isSeen({ uvid }: Ordered, seen: Seen): boolean {
  const segment = segmentText(uvid);
  return seen.known.some((entry) => entry.segment === segment && entry.uvid >= uvid);
}

export function knows({ known }: Ranked, other: { readonly uvid: Uvid }): boolean {
  const segment = segmentText(other.uvid);
  return known.some((entry) => entry.segment === segment && entry.uvid >= other.uvid);
}

/** @throws LIMIT */
export function seenOf(versions: readonly Ranked[]): Seen {
  return {
    generation: versions.reduce((most, { generation }) => Math.max(most, generation), 0),
    known: mergedKnown(versions),
  };
}

/** For the object's record: undefined when the latest version says it all. */
export function seenBeyond(latest: Ranked | undefined, seen: Seen): Seen | undefined {
  if (latest === undefined || latest.generation !== seen.generation) return seen;
  const own = mergedKnown([latest]);
  const isAll =
    own.length === seen.known.length && own.every((entry, index) => entry.uvid === seen.known[index]?.uvid);
  return isAll ? undefined : seen;
}

/** What a writer that has seen these versions knows: for each segment the highest UVID, theirs included. @throws LIMIT */
export function mergedKnown(versions: ReadonlyArray<Pick<Ranked, "uvid" | "known">>): Version["known"] {
  const highest = new Map<SegmentId, Uvid>();
  const raise = (segment: SegmentId, uvid: Uvid) => {
    const before = highest.get(segment);
    if (before === undefined || before < uvid) highest.set(segment, uvid);
  };
  for (const version of versions) {
    for (const entry of version.known) raise(entry.segment, entry.uvid);
    raise(parseSegmentId(segmentText(version.uvid)), version.uvid);
  }
  if (highest.size > KNOWN_SEGMENTS_MAX) {
    throw new EfsError(
      "LIMIT",
      `an object was written by ${highest.size} segments, the limit is ${KNOWN_SEGMENTS_MAX}`,
    );
  }
  return [...highest]
    .map(([segment, uvid]) => ({ segment, uvid }))
    .sort((left, right) => (left.segment < right.segment ? -1 : 1));
}

/** For each segment the highest UVID that one of the versions knows of others. */
function highestKnown(versions: readonly Ranked[]): ReadonlyMap<string, Uvid> {
  const highest = new Map<string, Uvid>();
  for (const { uvid, known } of versions) {
    for (const entry of known) {
      // A version that claims to know itself is made by someone gone wrong; it hides nothing by that.
      if (entry.uvid >= uvid && entry.segment === segmentText(uvid)) continue;
      const before = highest.get(entry.segment);
      if (before === undefined || before < entry.uvid) highest.set(entry.segment, entry.uvid);
    }
  }
  return highest;
}

/** A UVID's segment is its bytes 8 to 16: the digits 16 to 32 of its text. */
function segmentText(uvid: Uvid): string {
  return uvid.slice(16, 32);
}
