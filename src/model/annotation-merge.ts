/**
 * How annotations of one version come together. Pure, and the same result in whatever order changes arrive: each field keeps its
 * greatest change, so merging is commutative, associative and idempotent.
 *
 * The greatest is the latest by UVID. A compliance retention is more than that, because nobody may shorten it, also not a segment
 * that had not heard of it: it loses only to one that ends later, or to a change that was made after it had ended.
 */
import {
  type AnnotationChange,
  type AnnotationRecord,
  type Annotations,
  NO_ANNOTATIONS,
  type Retention,
} from "./annotation.ts";
import { clockWallMs, type Uvid, uvidParts } from "./uvid.ts";

/** What the fields mean; what was never set is as in NO_ANNOTATIONS. */
export function annotationsOf(record: AnnotationRecord | undefined): Annotations {
  if (record === undefined) return NO_ANNOTATIONS;
  return {
    tags: record.tags?.value ?? NO_ANNOTATIONS.tags,
    acl: record.acl?.value ?? NO_ANNOTATIONS.acl,
    hold: record.hold?.value ?? NO_ANNOTATIONS.hold,
    retention: record.retention?.value ?? NO_ANNOTATIONS.retention,
  };
}

/** A change as a record: every field that is given, under the change's UVID. */
export function recordOfChange(change: AnnotationChange, uvid: Uvid): AnnotationRecord {
  return {
    ...(change.tags === undefined ? {} : { tags: { uvid, value: change.tags } }),
    ...(change.acl === undefined ? {} : { acl: { uvid, value: change.acl } }),
    ...(change.hold === undefined ? {} : { hold: { uvid, value: change.hold } }),
    ...(change.retention === undefined ? {} : { retention: { uvid, value: change.retention } }),
  };
}

export function mergeAnnotations(
  left: AnnotationRecord | undefined,
  right: AnnotationRecord,
): AnnotationRecord {
  if (left === undefined) return right;
  const tags = latest(left.tags, right.tags);
  const acl = latest(left.acl, right.acl);
  const hold = latest(left.hold, right.hold);
  const retention = stronger(left.retention, right.retention);
  return {
    ...(tags === undefined ? {} : { tags }),
    ...(acl === undefined ? {} : { acl }),
    ...(hold === undefined ? {} : { hold }),
    ...(retention === undefined ? {} : { retention }),
  };
}

interface Field<T> {
  readonly uvid: Uvid;
  readonly value: T;
}

function latest<T>(left: Field<T> | undefined, right: Field<T> | undefined): Field<T> | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return right.uvid > left.uvid ? right : left;
}

function stronger(
  left: Field<Retention | null> | undefined,
  right: Field<Retention | null> | undefined,
): Field<Retention | null> | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  const [earlier, later] = left.uvid <= right.uvid ? [left, right] : [right, left];
  const endMs = complianceEndMs(earlier.value);
  const changedMs = clockWallMs(uvidParts(later.uvid).clock);
  return changedMs < endMs && complianceEndMs(later.value) < endMs ? earlier : later;
}

/** 0: nothing that binds everybody. */
function complianceEndMs(retention: Retention | null): number {
  return retention?.mode === "compliance" ? retention.untilMs : 0;
}
