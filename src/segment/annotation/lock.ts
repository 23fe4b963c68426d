/**
 * Legal hold and retention: what they forbid. They are kept here, so they bind S3, the admin API and incoming links alike.
 * An expired retention forbids nothing.
 */
import { EfsError } from "../../base/errors.ts";
import type { Check } from "../../engine/meta-store.ts";
import type { AnnotationRecord, Retention } from "../../model/annotation.ts";
import { annotationsOf } from "../../model/annotation-merge.ts";
import { escapeName, formatObjectPath } from "../../model/names.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { type Core, nowMs } from "../core/core.ts";
import { type Annotated, readAnnotation } from "./read-annotations.ts";

export interface Bypass {
  /** Governance retention does not bind; compliance and legal hold always do. */
  readonly isGovernanceBypassed?: boolean | undefined;
}

/**
 * The check that keeps what was found true until the version is removed: a part of the batch that removes it.
 * @throws LOCKED
 */
export async function requireRemovable(
  core: Core,
  bucket: OpenBucket,
  version: Annotated,
  bypass: Bypass = {},
): Promise<Check> {
  const { key, bytes, record } = await readAnnotation(core.records, bucket, version);
  const reason = lockReason(record, nowMs(core), bypass);
  if (reason === undefined) return { key, expected: bytes };
  throw lockedError(bucket, version, `may not be removed: ${reason}`);
}

/** What forbids removing a version, in words; undefined: nothing does. */
export function lockReason(
  record: AnnotationRecord | undefined,
  atMs: number,
  { isGovernanceBypassed = false }: Bypass,
): string | undefined {
  const { hold, retention } = annotationsOf(record);
  if (hold) return "it is under legal hold";
  if (!isActive(retention, atMs)) return undefined;
  if (retention.mode === "governance" && isGovernanceBypassed) return undefined;
  return `its ${retention.mode} retention lasts until ${timeText(retention.untilMs)}`;
}

/** @throws LOCKED when the retention that there is may not become `next` */
export function requireRetainable(
  bucket: OpenBucket,
  version: Annotated,
  change: { readonly before: Retention | undefined; readonly next: Retention | null; readonly atMs: number },
  { isGovernanceBypassed = false }: Bypass,
): void {
  const { before, next, atMs } = change;
  if (!isActive(before, atMs) || isAsStrong(before, next)) return;
  if (before.mode === "governance" && isGovernanceBypassed) return;
  const until = `${before.mode} retention until ${timeText(before.untilMs)}`;
  throw lockedError(bucket, version, `has ${until}, which may not be shortened or removed`);
}

export function isActive(retention: Retention | undefined | null, atMs: number): retention is Retention {
  return retention !== undefined && retention !== null && retention.untilMs > atMs;
}

/** Whether the next retention binds at least as much. */
export function isAsStrong(before: Retention, next: Retention | null): boolean {
  if (next === null || next.untilMs < before.untilMs) return false;
  return before.mode === "governance" || next.mode === "compliance";
}

export function lockedError(bucket: OpenBucket, version: Annotated, what: string): EfsError {
  const object = formatObjectPath({ ...bucket.path, object: version.object });
  return new EfsError("LOCKED", `version ${version.uvid} of ${escapeName(object)} ${what}`, {
    details: { object, version: version.uvid },
  });
}

const LAST_TIME_MS = 8.64e15;

function timeText(timeMs: number): string {
  return new Date(Math.min(timeMs, LAST_TIME_MS)).toISOString();
}
