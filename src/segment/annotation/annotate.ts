/**
 * Changing annotations of a version that is there. One batch checks that the version is still kept and its annotations are what
 * was read, writes the merged record and logs the change. A version that is removed meanwhile takes its annotations with it.
 */
import { EfsError } from "../../base/errors.ts";
import type { Batch } from "../../engine/meta-store.ts";
import type { AnnotationChange, AnnotationRecord } from "../../model/annotation.ts";
import { annotationsOf, mergeAnnotations, recordOfChange } from "../../model/annotation-merge.ts";
import { encodeAnnotations } from "../../model/annotation-record.ts";
import { encodeLogEntry } from "../../model/log-entry.ts";
import { escapeName, formatObjectPath, type ObjectPath } from "../../model/names.ts";
import { makeUvid, type Uvid, uvidParts } from "../../model/uvid.ts";
import type { Version } from "../../model/version.ts";
import type { AnnotatedVersion, AnnotateOptions } from "../annotations.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { COMMIT_ATTEMPTS_MAX, type Core, contended, nowMs } from "../core/core.ts";
import { markAnnotated } from "../object/object-record.ts";
import { findKept } from "../object/read-object.ts";
import type { VersionRef } from "../objects.ts";
import { checkChange } from "./check-change.ts";
import { requireRetainable } from "./lock.ts";
import { readAnnotation, type StoredAnnotations } from "./read-annotations.ts";

const CLOCK_MAX = 2n ** 64n - 1n;

export interface AnnotateRequest {
  readonly version: VersionRef | undefined;
  readonly change: AnnotationChange;
  readonly options: AnnotateOptions;
}

/** @throws as AnnotationStore.annotate; BUSY, READ_ONLY */
export async function annotate(
  core: Core,
  path: ObjectPath,
  request: AnnotateRequest,
): Promise<AnnotatedVersion> {
  // Little is written, and a hold must be possible when space is low.
  core.guard.assertNotReadOnly();
  const bucket = await core.buckets.open(path);
  return core.objectLocks.run(bucket.record.logId + path.object, async () => {
    let current = bucket;
    for (let attempt = 0; attempt < COMMIT_ATTEMPTS_MAX; attempt += 1) {
      const done = await attemptAnnotate(core, current, path, request);
      if (done !== undefined) return done;
      core.buckets.forget(path);
      current = await core.buckets.open(path);
    }
    throw contended(`object "${escapeName(formatObjectPath(path))}"`);
  });
}

/** undefined: something changed between reading and committing. */
async function attemptAnnotate(
  core: Core,
  bucket: OpenBucket,
  path: ObjectPath,
  request: AnnotateRequest,
): Promise<AnnotatedVersion | undefined> {
  const atMs = nowMs(core);
  const { object, version } = await findKept(core, bucket, path, request.version);
  requireContent(path, version);
  checkChange(bucket, request.change, atMs);
  const stored = await readAnnotation(core.records, bucket, version);
  const { retention } = request.change;
  if (retention !== undefined) {
    const before = annotationsOf(stored.record).retention;
    requireRetainable(bucket, version, { before, next: retention, atMs }, request.options);
  }
  const change = uvidAbove(stored.record, await core.hybridClock.next());
  const given = recordOfChange(request.change, change);
  if (Object.keys(given).length === 0) return { version, annotations: annotationsOf(stored.record) };
  const record = mergeAnnotations(stored.record, given);
  const batch = batchOf({ bucket, version, stored, record, change, atMs });
  const mark = markAnnotated(object);
  const outcome = await core.guard.commit({
    ...batch,
    checks: [{ key: object.key, expected: object.bytes }, ...(batch.checks ?? [])],
    writes: [...(batch.writes ?? []), ...(mark === undefined ? [] : [mark])],
  });
  return outcome.isCommitted ? { version, annotations: annotationsOf(record) } : undefined;
}

function batchOf(options: {
  readonly bucket: OpenBucket;
  readonly version: Version;
  readonly stored: StoredAnnotations;
  readonly record: AnnotationRecord;
  readonly change: Uvid;
  readonly atMs: number;
}): Batch {
  const { bucket, version, stored, record, change, atMs } = options;
  const { object, uvid, generation } = version;
  const entry = encodeLogEntry({
    kind: "annotation",
    object,
    uvid,
    generation,
    loggedMs: atMs,
    via: undefined,
    change,
  });
  return {
    checks: [bucket.check, { key: stored.key, expected: stored.bytes }],
    writes: [{ key: stored.key, value: encodeAnnotations(record) }],
    appends: [{ log: bucket.keys.log, value: entry }],
  };
}

/** A delete has nothing that could be tagged, read or locked. */
function requireContent(path: ObjectPath, version: Version): void {
  if (!version.isDeleted) return;
  const object = formatObjectPath(path);
  throw new EfsError("BAD_VALUE", `version ${version.uvid} of ${escapeName(object)} is a delete`, {
    details: { object, version: version.uvid },
  });
}

/**
 * A change made here wins over what it changes, also when that came from a segment whose clock is so far ahead that ours did not
 * follow it. @throws LIMIT when there is no later time
 */
function uvidAbove(record: AnnotationRecord | undefined, uvid: Uvid): Uvid {
  const fields = [record?.tags, record?.acl, record?.hold, record?.retention];
  const greatest = fields.reduce((most, field) => (field && field.uvid > most ? field.uvid : most), uvid);
  if (greatest === uvid) return uvid;
  const clock = uvidParts(greatest).clock;
  if (clock >= CLOCK_MAX) throw new EfsError("LIMIT", "the annotations have reached the last change");
  return makeUvid({ ...uvidParts(uvid), clock: clock + 1n });
}
