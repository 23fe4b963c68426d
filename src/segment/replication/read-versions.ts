/** Versions for a link: those that a log names, and pages of all that are kept. */
import type { BucketPath, ObjectName } from "../../model/names.ts";
import type { Uvid } from "../../model/uvid.ts";
import type { Version } from "../../model/version.ts";
import type { Core } from "../core/core.ts";
import { checkLimit } from "../namespace/listing.ts";
import { versionsPage } from "../object/list-versions.ts";
import { readObjects, readOlder } from "../object/read-object.ts";

const VERSIONS_MAX = 1000;

export async function getVersions(
  core: Core,
  path: BucketPath,
  ids: ReadonlyArray<{ readonly object: ObjectName; readonly uvid: Uvid }>,
): Promise<ReadonlyArray<Version | undefined>> {
  if (ids.length === 0) return [];
  checkLimit(ids.length, VERSIONS_MAX);
  const bucket = await core.buckets.open(path);
  const names = [...new Set(ids.map((id) => id.object))];
  const objects = await readObjects(core.records, bucket, names);
  const kept = new Map<ObjectName, readonly Version[]>();
  for (const object of objects) {
    if (object === undefined) continue;
    const name = object.latest.object;
    const isLatestEnough = ids.every((id) => id.object !== name || id.uvid === object.latest.uvid);
    const older = isLatestEnough ? [] : await readOlder(core.records, bucket, object);
    kept.set(name, [object.latest, ...older]);
  }
  return ids.map((id) => kept.get(id.object)?.find((version) => version.uvid === id.uvid));
}

export async function walk(
  core: Core,
  path: BucketPath,
  after: ObjectName | undefined,
  limit: number,
): Promise<readonly Version[]> {
  const bucket = await core.buckets.open(path);
  const page = await versionsPage(core, bucket, { prefix: "", after, limit: checkLimit(limit) });
  return page.names.flatMap(({ versions }) => versions);
}
