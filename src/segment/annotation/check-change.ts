/** What a change of annotations may say. */
import { EfsError } from "../../base/errors.ts";
import { isWellFormed } from "../../base/unicode.ts";
import { type AnnotationChange, CANNED_ACLS, type Retention } from "../../model/annotation.ts";
import { RETENTION_DAYS_MAX, TAG_KEY_CHARS_MAX, TAG_VALUE_CHARS_MAX, TAGS_MAX } from "../../model/limits.ts";
import { escapeName, formatBucketPath } from "../../model/names.ts";
import type { OpenBucket } from "../core/buckets.ts";

export const DAY_MS = 86_400_000;
const ACLS: ReadonlySet<string> = new Set(CANNED_ACLS);

/** @throws BAD_VALUE, LIMIT, CONFLICT (hold or retention in a bucket without lock) */
export function checkChange(bucket: OpenBucket, change: AnnotationChange, atMs: number): void {
  const { tags, acl, hold, retention } = change;
  if (tags !== undefined) checkTags(tags);
  if (acl !== undefined && !ACLS.has(acl)) {
    throw new EfsError("BAD_VALUE", `not an ACL: ${escapeName(String(acl))}`, {
      hint: `give one of ${CANNED_ACLS.join(", ")}`,
    });
  }
  if (hold !== undefined && typeof hold !== "boolean")
    throw new EfsError("BAD_VALUE", "a legal hold is on or off");
  if (retention !== undefined && retention !== null) checkRetention(retention, atMs);
  if ((hold !== undefined || retention !== undefined) && bucket.record.options.lock === undefined) {
    const path = formatBucketPath(bucket.path);
    throw new EfsError("CONFLICT", `bucket ${path} has no object lock, so nothing in it can be locked`, {
      details: { bucket: path },
    });
  }
}

function checkTags(tags: Readonly<Record<string, string>>): void {
  const entries = Object.entries(tags);
  if (entries.length > TAGS_MAX) {
    throw new EfsError("LIMIT", `${entries.length} tags, the limit is ${TAGS_MAX}`);
  }
  for (const [key, value] of entries) {
    const isKey = key.length >= 1 && key.length <= TAG_KEY_CHARS_MAX && isWellFormed(key);
    if (!isKey) {
      throw new EfsError(
        "BAD_VALUE",
        `not the key of a tag: ${escapeName(key.slice(0, TAG_KEY_CHARS_MAX))}`,
        {
          hint: `give 1 to ${TAG_KEY_CHARS_MAX} characters`,
        },
      );
    }
    if (typeof value === "string" && value.length <= TAG_VALUE_CHARS_MAX && isWellFormed(value)) continue;
    throw new EfsError("BAD_VALUE", `not the value of a tag: that of ${escapeName(key)}`, {
      hint: `give at most ${TAG_VALUE_CHARS_MAX} characters`,
    });
  }
}

function checkRetention({ mode, untilMs }: Retention, atMs: number): void {
  const isMode = mode === "governance" || mode === "compliance";
  const isTime = Number.isSafeInteger(untilMs) && untilMs <= atMs + (RETENTION_DAYS_MAX + 1) * DAY_MS;
  if (!isMode || !isTime) {
    throw new EfsError("BAD_VALUE", `not a retention: ${escapeName(String(mode))} until ${untilMs} ms`, {
      hint: `give governance or compliance, and at most ${RETENTION_DAYS_MAX} days`,
    });
  }
  if (untilMs <= atMs) throw new EfsError("BAD_VALUE", "a retention ends in the future");
}
