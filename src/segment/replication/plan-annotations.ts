/** What received annotations change here. Those of a version that is not kept here, or is a delete, are passed over. */
import { equalBytes } from "../../base/bytes.ts";
import type { Write } from "../../engine/meta-store.ts";
import type { AnnotationRecord } from "../../model/annotation.ts";
import { annotationsOf, mergeAnnotations } from "../../model/annotation-merge.ts";
import { encodeAnnotations } from "../../model/annotation-record.ts";
import type { SegmentId } from "../../model/ids.ts";
import { encodeLogEntry } from "../../model/log-entry.ts";
import type { Uvid } from "../../model/uvid.ts";
import type { Version } from "../../model/version.ts";
import { isActive, isAsStrong } from "../annotation/lock.ts";
import { annotationKey, readAnnotations } from "../annotation/read-annotations.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { type Core, nowMs } from "../core/core.ts";
import { markAnnotated, type StoredObject } from "../object/object-record.ts";
import { readObjects, readRanked } from "../object/read-object.ts";
import type { VersionAnnotations } from "../replication.ts";
import type { Planned } from "./commit-groups.ts";
import { type ItemOf, observe } from "./plan-received.ts";

export async function planAnnotations(
  core: Core,
  bucket: OpenBucket,
  { items, via }: { readonly items: ReadonlyArray<ItemOf<"annotation">>; readonly via: SegmentId },
): Promise<readonly Planned[]> {
  const given = items.map(({ annotations }) => annotations);
  // Before the annotations: while an object's record is unchanged, the version that was found is kept.
  const objects = await readObjects(
    core.records,
    bucket,
    given.map(({ object }) => object),
  );
  const stored = await readAnnotations(core.records, bucket, given);
  const loggedMs = nowMs(core);
  const planned: Planned[] = [];
  for (const [index, item] of items.entries()) {
    const { annotations } = item;
    const [object, before] = [objects[index], stored[index]];
    if (object === undefined || before === undefined) continue;
    if (!(await isAnnotatable(core, bucket, object, annotations))) continue;
    const value = encodeAnnotations(mergeReceived(before.record, annotations.record, loggedMs));
    const change = greatestChange(annotations.record);
    if (change === undefined || (before.bytes !== undefined && equalBytes(before.bytes, value))) continue;
    await observe(core, annotations.object, change);
    const mark = markAnnotated(object);
    const { uvid, generation } = annotations;
    planned.push({
      item,
      change: undefined,
      checks: [
        { key: object.key, expected: object.bytes },
        { key: before.key, expected: before.bytes },
      ],
      writes: [{ key: before.key, value }, ...(mark === undefined ? [] : [mark])],
      entry: encodeLogEntry({
        kind: "annotation",
        object: annotations.object,
        uvid,
        generation,
        loggedMs,
        via,
        change,
      }),
    });
  }
  return planned;
}

/** The writes for the commit of a new version, so that it is never without its retention. */
export function annotationsBeside(
  bucket: OpenBucket,
  version: Version,
  annotations: VersionAnnotations | undefined,
): readonly Write[] {
  const isTheirs = annotations?.generation === version.generation && annotations.object === version.object;
  if (!isTheirs || version.isDeleted || greatestChange(annotations.record) === undefined) return [];
  return [{ key: annotationKey(bucket, version), value: encodeAnnotations(annotations.record) }];
}

/** undefined: nothing was ever set. */
export function greatestChange({ tags, acl, hold, retention }: AnnotationRecord): Uvid | undefined {
  return [tags, acl, hold, retention]
    .flatMap((field) => field?.uvid ?? [])
    .sort()
    .at(-1);
}

async function isAnnotatable(
  core: Core,
  bucket: OpenBucket,
  object: StoredObject,
  { uvid, generation }: VersionAnnotations,
): Promise<boolean> {
  const { latest, name } = object;
  const version =
    latest?.uvid === uvid ? latest : await readRanked(core.records, bucket, name, { uvid, generation });
  return version !== undefined && !version.isDeleted && version.generation === generation;
}

/** A compliance retention that has not ended by our clock stays, whatever clock a link's segment has. */
function mergeReceived(
  before: AnnotationRecord | undefined,
  received: AnnotationRecord,
  atMs: number,
): AnnotationRecord {
  const merged = mergeAnnotations(before, received);
  const bound = annotationsOf(before).retention;
  if (!isActive(bound, atMs) || bound.mode !== "compliance") return merged;
  return isAsStrong(bound, merged.retention?.value ?? null)
    ? merged
    : { ...merged, retention: before?.retention };
}
