/** Annotations of a version that is just being made: they stand or fall with its commit. */
import type { Write } from "../../engine/meta-store.ts";
import type { AnnotationChange } from "../../model/annotation.ts";
import { recordOfChange } from "../../model/annotation-merge.ts";
import { encodeAnnotations } from "../../model/annotation-record.ts";
import type { Version } from "../../model/version.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { type Core, nowMs } from "../core/core.ts";
import { checkChange, DAY_MS } from "./check-change.ts";
import { annotationKey } from "./read-annotations.ts";

/**
 * The writes for the commit of a new version, under its own UVID, so that they need no log entry: what was given, and the lock's
 * default retention unless one was given. None for a delete.
 * @throws BAD_VALUE, LIMIT, CONFLICT (hold or retention in a bucket without lock)
 */
export function annotationWrites(
  core: Core,
  bucket: OpenBucket,
  version: Version,
  change: AnnotationChange | undefined,
): readonly Write[] {
  if (version.isDeleted) return [];
  const all = { ...change, retention: change?.retention ?? defaultRetention(bucket, version) };
  checkChange(bucket, all, nowMs(core));
  const record = recordOfChange(all, version.uvid);
  if (Object.keys(record).length === 0) return [];
  return [{ key: annotationKey(bucket, version), value: encodeAnnotations(record) }];
}

/** @throws as annotationWrites; for telling a writer before its body is taken */
export function checkAnnotations(core: Core, bucket: OpenBucket, change: AnnotationChange | undefined): void {
  if (change !== undefined) checkChange(bucket, change, nowMs(core));
}

function defaultRetention(bucket: OpenBucket, version: Version): AnnotationChange["retention"] {
  const rule = bucket.record.options.lock?.default;
  if (rule === undefined) return undefined;
  return { mode: rule.mode, untilMs: version.modifiedMs + rule.days * DAY_MS };
}
