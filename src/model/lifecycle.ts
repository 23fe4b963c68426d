/**
 * The lifecycle rules of a bucket as they are kept, and when they are due: pure, so that the runner (segment/upkeep) and the header
 * `x-amz-expiration` (gateway/s3) say the same. Times are as AWS counts them: midnight UTC after so many days.
 */
import { EfsError } from "../base/errors.ts";

export interface LifecycleFilter {
  readonly prefix?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly sizeBytesAbove?: number | undefined;
  readonly sizeBytesBelow?: number | undefined;
}

export interface LifecycleRule {
  readonly id: string;
  readonly isEnabled: boolean;
  /** How the document says it: the old element Prefix, or Filter; shown as it was put. */
  readonly form: "prefix" | "filter" | "and";
  readonly filter: LifecycleFilter;
  readonly expiration?:
    | { readonly days: number }
    /** Midnight UTC, ISO 8601. */
    | { readonly date: string }
    | { readonly isMarkerExpired: boolean }
    | undefined;
  readonly noncurrent?: { readonly days: number; readonly newerKept?: number | undefined } | undefined;
  readonly abortUploadsAfterDays?: number | undefined;
}

/** What a rule is asked about. Tags are only asked for where a rule has them. */
export interface LifecycleSubject {
  readonly object: string;
  readonly sizeBytes: number;
  readonly isDeleted: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

export interface Expiry {
  /** Wall clock, milliseconds: a midnight UTC. */
  readonly atMs: number;
  readonly ruleId: string;
}

export const DAY_MS = 86_400_000;

/** The rules in the text that is kept as configuration `lifecycle`. @throws RECORD_CORRUPT */
export function parseLifecycle(text: string): readonly LifecycleRule[] {
  try {
    const { rules } = JSON.parse(text) as { readonly rules: readonly LifecycleRule[] };
    if (Array.isArray(rules)) return rules;
  } catch (cause) {
    throw new EfsError("RECORD_CORRUPT", "the lifecycle of a bucket is not JSON", { cause });
  }
  throw new EfsError("RECORD_CORRUPT", "the lifecycle of a bucket has no rules");
}

/** Midnight UTC behind `days` days after a moment. */
export function dueMs(fromMs: number, days: number): number {
  return (Math.floor(fromMs / DAY_MS) + 1 + days) * DAY_MS;
}

/** What began before this moment is due after `days` days, by `dueMs`. */
export function beganBeforeMs(nowMs: number, days: number): number {
  return (Math.floor(nowMs / DAY_MS) - days) * DAY_MS;
}

/** Whether some rule asks for tags, so that a caller need not read them for nothing. */
export function needsTags(rules: readonly LifecycleRule[]): boolean {
  return rules.some(({ isEnabled, filter }) => isEnabled && filter.tags !== undefined);
}

/** A delete marker has neither length nor tags: only rules without them are for it. */
export function isInScope({ filter }: LifecycleRule, subject: LifecycleSubject): boolean {
  const { prefix, tags, sizeBytesAbove, sizeBytesBelow } = filter;
  if (prefix !== undefined && !subject.object.startsWith(prefix)) return false;
  const isOfContent = tags !== undefined || sizeBytesAbove !== undefined || sizeBytesBelow !== undefined;
  if (subject.isDeleted && isOfContent) return false;
  if (sizeBytesAbove !== undefined && subject.sizeBytes <= sizeBytesAbove) return false;
  if (sizeBytesBelow !== undefined && subject.sizeBytes >= sizeBytesBelow) return false;
  return Object.entries(tags ?? {}).every(
    ([key, value]) => Object.hasOwn(subject.tags, key) && subject.tags[key] === value,
  );
}

/** When a latest version ends by its age, the earliest of what the rules say; undefined: never. */
export function expiryOf(
  rules: readonly LifecycleRule[],
  subject: LifecycleSubject,
  modifiedMs: number,
): Expiry | undefined {
  let earliest: Expiry | undefined;
  for (const rule of rules) {
    const atMs = rule.isEnabled ? expiresAtMs(rule, modifiedMs) : undefined;
    if (atMs === undefined || (earliest !== undefined && earliest.atMs <= atMs)) continue;
    if (isInScope(rule, subject)) earliest = { atMs, ruleId: rule.id };
  }
  return earliest;
}

/** A rule with a date is for what was there before it and for what comes after, each at once when the date is over. */
function expiresAtMs({ expiration }: LifecycleRule, modifiedMs: number): number | undefined {
  if (expiration === undefined || "isMarkerExpired" in expiration) return undefined;
  if ("days" in expiration) return dueMs(modifiedMs, expiration.days);
  const dateMs = Date.parse(expiration.date);
  return Number.isNaN(dateMs) ? undefined : dateMs;
}

/** Whether a delete marker that stands alone goes by these rules: by the word for it, or by its age. */
export function isMarkerDue(
  rules: readonly LifecycleRule[],
  marker: LifecycleSubject,
  { modifiedMs, nowMs }: { readonly modifiedMs: number; readonly nowMs: number },
): boolean {
  return rules.some((rule) => {
    const { isEnabled, expiration } = rule;
    if (!isEnabled || expiration === undefined || !isInScope(rule, marker)) return false;
    if ("isMarkerExpired" in expiration) return expiration.isMarkerExpired;
    const atMs = expiresAtMs(rule, modifiedMs);
    return atMs !== undefined && atMs <= nowMs;
  });
}

export interface Noncurrent {
  /** When the next newer version was made, milliseconds. */
  readonly sinceMs: number;
  /** Noncurrent versions of the object that are newer than this one. */
  readonly newerCount: number;
}

/** Whether a version that is not the latest goes by these rules. */
export function isNoncurrentDue(
  rules: readonly LifecycleRule[],
  subject: LifecycleSubject,
  { sinceMs, newerCount, nowMs }: Noncurrent & { readonly nowMs: number },
): boolean {
  return rules.some((rule) => {
    const { isEnabled, noncurrent } = rule;
    if (!isEnabled || noncurrent === undefined) return false;
    if (newerCount < (noncurrent.newerKept ?? 0) || dueMs(sinceMs, noncurrent.days) > nowMs) return false;
    return isInScope(rule, subject);
  });
}
