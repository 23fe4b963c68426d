/** Versions for a link: those that a log names, with their annotations, what stays of expunged ones, and pages of it all. */
import type { BucketPath, ObjectName } from "../../model/names.ts";
import type { Uvid } from "../../model/uvid.ts";
import type { Expunge, Version } from "../../model/version.ts";
import { readAnnotations } from "../annotation/read-annotations.ts";
import type { OpenBucket } from "../core/buckets.ts";
import type { Core } from "../core/core.ts";
import { versionKey } from "../keys.ts";
import { checkLimit } from "../namespace/listing.ts";
import { decodeExpunged, type StoredObject } from "../object/object-record.ts";
import { readObjects, readOlder } from "../object/read-object.ts";
import { readWhole } from "../object/read-whole.ts";
import type { VersionAnnotations, VersionId, WalkedObject } from "../replication.ts";
import { objectsPage } from "./objects-page.ts";

const VERSIONS_MAX = 1000;
const PAGE_OBJECTS = 500;

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
    const { name, latest } = object;
    const isLatestEnough = ids.every((id) => id.object !== name || id.uvid === latest?.uvid);
    const older = isLatestEnough ? [] : await readOlder(core.records, bucket, object);
    kept.set(name, latest === undefined ? older : [latest, ...older]);
  }
  return ids.map((id) => kept.get(id.object)?.find((version) => version.uvid === id.uvid));
}

export async function getAnnotations(
  core: Core,
  path: BucketPath,
  versions: readonly VersionId[],
): Promise<ReadonlyArray<VersionAnnotations | undefined>> {
  if (versions.length === 0) return [];
  checkLimit(versions.length, VERSIONS_MAX);
  return annotationsOf(core, await core.buckets.open(path), versions);
}

export async function getExpunges(
  core: Core,
  path: BucketPath,
  versions: readonly VersionId[],
): Promise<ReadonlyArray<Expunge | undefined>> {
  if (versions.length === 0) return [];
  checkLimit(versions.length, VERSIONS_MAX);
  const bucket = await core.buckets.open(path);
  const keys = versions.map((version) => versionKey(bucket.keys.expunged, version.object, version));
  const values = await core.records.getMany(keys);
  return versions.map(({ object }, index) => {
    const bytes = values[index];
    return bytes === undefined ? undefined : decodeExpunged(bucket.path, object, bytes);
  });
}

/** Names above `after` until at least `limit` versions and expunges are gathered; everything of a name is there. */
export async function walk(
  core: Core,
  path: BucketPath,
  after: ObjectName | undefined,
  limit: number,
): Promise<readonly WalkedObject[]> {
  const countMax = checkLimit(limit);
  const bucket = await core.buckets.open(path);
  const walked: WalkedObject[] = [];
  let [from, count] = [after, 0];
  for (;;) {
    const page = await objectsPage(core, bucket, { after: from, limit: Math.min(countMax, PAGE_OBJECTS) });
    for (const object of page.objects) {
      const everything = await walkedObject(core, bucket, object);
      const itemCount = everything.versions.length + everything.expunges.length;
      if (itemCount === 0) continue;
      walked.push(everything);
      count += itemCount;
      if (count >= countMax) return walked;
    }
    if (page.end === undefined) return walked;
    from = page.end;
  }
}

async function walkedObject(core: Core, bucket: OpenBucket, found: StoredObject): Promise<WalkedObject> {
  const { name } = found;
  const whole = await readWhole(core.records, bucket, found);
  if (whole === undefined) return { object: name, versions: [], annotations: [], expunges: [] };
  const { object, versions, expunges } = whole;
  const annotations: VersionAnnotations[] = [];
  for (let start = 0; object.isAnnotated && start < versions.length; start += VERSIONS_MAX) {
    const some = versions.slice(start, start + VERSIONS_MAX);
    annotations.push(...(await annotationsOf(core, bucket, some)).flatMap((one) => one ?? []));
  }
  return { object: name, versions, annotations, expunges };
}

async function annotationsOf(
  core: Core,
  bucket: OpenBucket,
  versions: readonly VersionId[],
): Promise<ReadonlyArray<VersionAnnotations | undefined>> {
  const stored = await readAnnotations(core.records, bucket, versions);
  return versions.map(({ object, uvid, generation }, index) => {
    const record = stored[index]?.record;
    return record === undefined ? undefined : { object, uvid, generation, record };
  });
}
