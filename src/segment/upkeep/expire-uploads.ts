/**
 * Ends the uploads of one bucket that nobody completes: by its rules, counted from their beginning as AWS does; where no rule of the bucket is about
 * uploads, those at which nobody worked for some days.
 */
import { beganBeforeMs, DAY_MS, type LifecycleRule } from "../../model/lifecycle.ts";
import type { BucketPath } from "../../model/names.ts";
import type { Upload, UploadListing } from "../uploads.ts";
import { type Removal, runRemovals, type UpkeepCounts, type UpkeepSite } from "./upkeep-site.ts";

const PAGE_UPLOADS = 1000;

export interface ExpireUploads {
  readonly bucket: BucketPath;
  readonly rules: readonly LifecycleRule[];
  /** Where no rule says otherwise; 0: they stay. */
  readonly idleDays: number;
  readonly counts: UpkeepCounts;
  readonly onFailure: (error: Error & { readonly code: string }) => void;
}

/** @throws BUCKET_NOT_FOUND, SHUTTING_DOWN, READ_ONLY */
export async function expireUploads(site: UpkeepSite, plan: ExpireUploads): Promise<void> {
  const { bucket, rules, counts, idleDays } = plan;
  const nowMs = site.clock.wallMs();
  const ruled = rules.filter(({ isEnabled, abortUploadsAfterDays }) => {
    return isEnabled && abortUploadsAfterDays !== undefined;
  });
  for (const { filter, abortUploadsAfterDays = 0 } of ruled) {
    const beforeMs = beganBeforeMs(nowMs, abortUploadsAfterDays);
    counts.uploads += await site.segment.uploads.expire(bucket, filter.prefix ?? "", beforeMs);
  }
  if (ruled.length === 0 && idleDays > 0) await expireIdle(site, plan, nowMs - idleDays * DAY_MS);
}

async function expireIdle(site: UpkeepSite, plan: ExpireUploads, beforeMs: number): Promise<void> {
  const { segment, signal } = site;
  let next: UploadListing["next"] = { after: "", afterUpload: undefined };
  while (next !== undefined && !signal.aborted) {
    const from: NonNullable<UploadListing["next"]> = next;
    const page: UploadListing = await segment.uploads.list(plan.bucket, {
      after: from.after === "" ? undefined : from.after,
      afterUpload: from.afterUpload,
      limit: PAGE_UPLOADS,
    });
    const removals = page.items.flatMap((item): readonly Removal[] => {
      if (item.kind !== "upload" || item.upload.createdMs >= beforeMs) return [];
      return [() => abortIdle(site, plan.bucket, item.upload, beforeMs)];
    });
    await runRemovals(site, removals, plan);
    next = page.next;
  }
}

/** An upload may run for weeks: it is over when no part came for so long. */
async function abortIdle(
  { segment }: UpkeepSite,
  bucket: BucketPath,
  { object, id }: Upload,
  beforeMs: number,
): Promise<"uploads" | undefined> {
  const path = { ...bucket, object };
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page = await segment.uploads.listParts(path, id, { after });
    if (page.parts.some(({ modifiedMs }) => modifiedMs >= beforeMs)) return undefined;
    after = page.next;
  }
  await segment.uploads.abort(path, id);
  return "uploads";
}
