/**
 * Which versions of one object are kept, and which is the latest: pure functions of the set of versions, so that every site
 * comes to the same result in whatever order versions arrive. DESIGN.md "Versions" says why the result does not depend on
 * what was dropped before.
 *
 * - The latest is the greatest by (generation, UVID).
 * - A version knows another when its `known` names the other's segment with that UVID or a higher one.
 * - Heads are the versions that no other one knows. A head that is not the latest is a conflict loser.
 * - Kept are the heads and the greatest `versionsKept`.
 */
import { EfsError } from "../../base/errors.ts";
import { parseSegmentId, type SegmentId } from "../../model/ids.ts";
import { KNOWN_SEGMENTS_MAX } from "../../model/limits.ts";
import type { Uvid } from "../../model/uvid.ts";
import type { Version } from "../../model/version.ts";

/** More concurrent losers of one object than this are dropped, least first: a bound against peers gone wrong. */
const CONFLICTS_KEPT_MAX = 256;

export type Ranked = Pick<Version, "generation" | "uvid" | "known">;

export interface Kept<Item extends Ranked> {
  /** Greatest first; never empty. */
  readonly versions: readonly Item[];
  /** How many of them, the first not counted, are conflict losers. */
  readonly conflictCount: number;
}

/** As model/uvid's compareVersions; the text of a UVID has the order of its bytes. */
export function compareRanked(left: Ranked, right: Ranked): number {
  if (left.generation !== right.generation) return left.generation - right.generation;
  if (left.uvid === right.uvid) return 0;
  return left.uvid < right.uvid ? -1 : 1;
}

export function knows(one: Ranked, other: Ranked): boolean {
  if (one.uvid === other.uvid) return false;
  const segment = segmentText(other.uvid);
  const entry = one.known.find((candidate) => candidate.segment === segment);
  return entry !== undefined && entry.uvid >= other.uvid;
}

export function keptOf<Item extends Ranked>(versions: readonly Item[], versionsKept: number): Kept<Item> {
  const sorted = [...versions].sort((left, right) => compareRanked(right, left));
  let conflictCount = 0;
  const kept = sorted.filter((version, index) => {
    if (index === 0) return true;
    const isLoser = conflictCount < CONFLICTS_KEPT_MAX && !sorted.some((other) => knows(other, version));
    if (isLoser) conflictCount += 1;
    return isLoser || index < versionsKept;
  });
  return { versions: kept, conflictCount };
}

/** What a writer that has seen these versions knows: for each segment the highest UVID, theirs included. @throws LIMIT */
export function mergedKnown(versions: readonly Ranked[]): Version["known"] {
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

/** A UVID's segment is its bytes 8 to 16: the digits 16 to 32 of its text. */
function segmentText(uvid: Uvid): string {
  return uvid.slice(16, 32);
}
