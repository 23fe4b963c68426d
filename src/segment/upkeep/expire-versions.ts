/**
 * Ends the versions of one bucket that its rules say are over. Walks all versions in pages, decides by model/lifecycle.ts, and removes with a guard
 * in the commit: what was replaced, or became the latest, since it was listed stays. What is locked stays.
 */
import type { EfsError } from "../../base/errors.ts";
import { NO_ANNOTATIONS } from "../../model/annotation.ts";
import {
  expiryOf,
  isMarkerDue,
  isNoncurrentDue,
  type LifecycleRule,
  type LifecycleSubject,
  needsTags,
} from "../../model/lifecycle.ts";
import type { BucketPath, ObjectPath } from "../../model/names.ts";
import type { BucketOptions } from "../../model/namespace.ts";
import type { Version } from "../../model/version.ts";
import type { VersionListing } from "../objects.ts";
import { Changed, type Removal, runRemovals, type UpkeepCounts, type UpkeepSite } from "./upkeep-site.ts";

const PAGE_VERSIONS = 250;
/** Between pages, so that a walk over millions of versions leaves the process to others. */
const PAGE_PAUSE_MS = 5;

export interface ExpireVersions {
  readonly bucket: BucketPath;
  readonly versioning: BucketOptions["versioning"];
  readonly rules: readonly LifecycleRule[];
  readonly counts: UpkeepCounts;
  readonly onFailure: (error: EfsError) => void;
}

/** A version among those of its object. */
interface Placed {
  readonly version: Version;
  readonly isLatest: boolean;
  /** The next newer version; undefined for the latest. */
  readonly newer: Version | undefined;
  /** Noncurrent versions that are newer. */
  readonly newerCount: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** @throws BUCKET_NOT_FOUND, SHUTTING_DOWN, READ_ONLY, RECORD_CORRUPT */
export async function expireVersions(site: UpkeepSite, plan: ExpireVersions): Promise<void> {
  const { segment, clock, signal } = site;
  const isAsked = plan.rules.some(({ isEnabled, expiration, noncurrent }) => {
    return isEnabled && (expiration ?? noncurrent) !== undefined;
  });
  let next: VersionListing["next"] = { after: "", afterVersion: undefined };
  let before: Placed | undefined;
  while (isAsked && next !== undefined && !signal.aborted) {
    const from: NonNullable<VersionListing["next"]> = next;
    const page: VersionListing = await segment.objects.listVersions(plan.bucket, {
      after: from.after === "" ? undefined : from.after,
      afterVersion: from.afterVersion,
      limit: PAGE_VERSIONS,
    });
    const placed = await placeAll(site, plan, page, before);
    // Whether something stands below the last one is only known with the next page.
    const known = before === undefined ? placed : [before, ...placed];
    before = page.next === undefined ? undefined : known.at(-1);
    const decided = before === undefined ? known : known.slice(0, -1);
    await runRemovals(site, removalsOf(site, plan, decided, before), plan);
    next = page.next;
    await clock.sleep(PAGE_PAUSE_MS, signal);
  }
}

async function placeAll(
  { segment }: UpkeepSite,
  { bucket, rules }: ExpireVersions,
  page: VersionListing,
  before: Placed | undefined,
): Promise<readonly Placed[]> {
  const versions = page.items.flatMap((item) => (item.kind === "version" ? [item] : []));
  const annotations = needsTags(rules)
    ? await segment.annotations.showMany(
        bucket,
        versions.map(({ version }) => version),
      )
    : [];
  const placed: Placed[] = [];
  for (const [index, { version, isLatest }] of versions.entries()) {
    const above = placed.at(-1) ?? before;
    const newer = !isLatest && above?.version.object === version.object ? above : undefined;
    placed.push({
      version,
      isLatest,
      newer: newer?.version,
      newerCount: newer === undefined || newer.isLatest ? 0 : newer.newerCount + 1,
      tags: (annotations[index] ?? NO_ANNOTATIONS).tags,
    });
  }
  return placed;
}

function removalsOf(
  site: UpkeepSite,
  plan: ExpireVersions,
  placed: readonly Placed[],
  following: Placed | undefined,
): readonly Removal[] {
  const removals: Removal[] = [];
  for (const [index, one] of placed.entries()) {
    const below = placed[index + 1] ?? following;
    const isAlone = one.isLatest && below?.version.object !== one.version.object;
    const removal = removalOf(site, plan, one, isAlone);
    if (removal !== undefined) removals.push(removal);
  }
  return removals;
}

function removalOf(
  { segment, clock }: UpkeepSite,
  { bucket, versioning, rules }: ExpireVersions,
  { version, isLatest, newer, newerCount, tags }: Placed,
  isAlone: boolean,
): Removal | undefined {
  const { object, sizeBytes, isDeleted, modifiedMs, uvid, generation } = version;
  const nowMs = clock.wallMs();
  const path: ObjectPath = { ...bucket, object };
  const subject: LifecycleSubject = { object, sizeBytes, isDeleted, tags };
  const expunge = async (isStill: (latest: Version | undefined) => boolean) => {
    const allow = (_: Version, latest: Version | undefined) => requireStill(isStill(latest));
    await segment.objects.expunge(path, { uvid, generation }, { allow });
  };
  const isThis = (latest: Version | undefined) => latest?.uvid === uvid;
  if (isLatest && !isDeleted) {
    const expiry = expiryOf(rules, subject, modifiedMs);
    if (expiry === undefined || expiry.atMs > nowMs) return undefined;
    return async () => {
      await segment.objects.delete(path, { allow: (latest) => requireStill(isThis(latest)) });
      return "expired";
    };
  }
  // Older versions of a bucket without versioning are its own affair (`--versions`), and its deletes are seen by nobody.
  if (versioning === "off") return undefined;
  if (isLatest) {
    if (!isAlone || version.isNull || !isMarkerDue(rules, subject, { modifiedMs, nowMs })) return undefined;
    return async () => {
      await expunge(isThis);
      return "markers";
    };
  }
  if (newer === undefined) return undefined;
  // Clocks of sites differ: a version has not been noncurrent for longer than it has been there.
  const sinceMs = Math.max(newer.modifiedMs, modifiedMs);
  if (!isNoncurrentDue(rules, subject, { sinceMs, newerCount, nowMs })) return undefined;
  return async () => {
    await expunge((latest) => !isThis(latest));
    return "expunged";
  };
}

function requireStill(isStill: boolean): void {
  if (!isStill) throw new Changed();
}
