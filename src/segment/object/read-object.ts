/** Reading the records of one object: its latest version and the older ones that are kept. */
import { EfsError } from "../../base/errors.ts";
import type { MetaStore } from "../../engine/meta-store.ts";
import { escapeName, formatObjectPath, type ObjectName, type ObjectPath } from "../../model/names.ts";
import type { Version } from "../../model/version.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { type Core, scanAll } from "../core/core.ts";
import { objectKey, olderPrefix, rangeOf } from "../keys.ts";
import type { VersionRef } from "../objects.ts";
import { damagedObject, decodeObjectRecord, decodeOlder, type StoredObject } from "./object-record.ts";

/** The object's record, or undefined when the bucket has none. @throws RECORD_CORRUPT naming the object */
export async function readObject(
  records: MetaStore,
  bucket: OpenBucket,
  name: ObjectName,
): Promise<StoredObject | undefined> {
  const key = objectKey(bucket.keys, name);
  const bytes = await namingObject(bucket, name, () => records.get(key));
  return bytes === undefined ? undefined : decodeObjectRecord(bucket.path, name, key, bytes);
}

/** As `readObject` for many names, in order, seen at one moment. At most 1,000. */
export async function readObjects(
  records: MetaStore,
  bucket: OpenBucket,
  names: readonly ObjectName[],
): Promise<ReadonlyArray<StoredObject | undefined>> {
  const keys = names.map((name) => objectKey(bucket.keys, name));
  const values = await records.getMany(keys);
  return names.map((name, index) => {
    const [key, bytes] = [keys[index], values[index]];
    return key === undefined || bytes === undefined
      ? undefined
      : decodeObjectRecord(bucket.path, name, key, bytes);
  });
}

/** The older kept versions of an object, greatest first; reads nothing when the record says there are none. */
export async function readOlder(
  records: MetaStore,
  bucket: OpenBucket,
  object: StoredObject,
): Promise<readonly Version[]> {
  if (object.olderCount === 0) return [];
  const name = object.latest.object;
  return namingObject(bucket, name, async () => {
    const older: Version[] = [];
    for await (const record of scanAll(records, rangeOf(olderPrefix(bucket.keys, name)))) {
      older.push(decodeOlder(bucket.path, name, record.value));
    }
    return older;
  });
}

/** The asked version, or the latest. @throws BUCKET_NOT_FOUND, OBJECT_NOT_FOUND, VERSION_NOT_FOUND */
export async function findVersion(
  core: Core,
  path: ObjectPath,
  asked: VersionRef | undefined,
): Promise<Version> {
  const bucket = await core.buckets.open(path);
  const object = await readObject(core.records, bucket, path.object);
  if (asked === undefined) {
    if (object === undefined || object.latest.isDeleted) throw objectNotFound(path);
    return object.latest;
  }
  if (object === undefined) throw versionNotFound(path, asked);
  const isAsked = (version: Version) =>
    asked.uvid === "null" ? version.isNull : version.uvid === asked.uvid;
  if (isAsked(object.latest)) return object.latest;
  const version = (await readOlder(core.records, bucket, object)).find(isAsked);
  if (version === undefined) throw versionNotFound(path, asked);
  return version;
}

export function objectNotFound(path: ObjectPath): EfsError {
  const text = formatObjectPath(path);
  return new EfsError("OBJECT_NOT_FOUND", `no object ${escapeName(text)}`, { details: { object: text } });
}

export function versionNotFound(path: ObjectPath, { uvid }: VersionRef): EfsError {
  const text = formatObjectPath(path);
  return new EfsError("VERSION_NOT_FOUND", `no version ${uvid} of ${escapeName(text)} is kept`, {
    hint: "efscli object versions shows those that are",
    details: { object: text, version: uvid },
  });
}

/** A damaged record of the engine, with the object's name in the message and the details. */
async function namingObject<T>(bucket: OpenBucket, name: ObjectName, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (thrown) {
    if (!(thrown instanceof EfsError) || thrown.code !== "RECORD_CORRUPT") throw thrown;
    throw damagedObject(bucket.path, name, thrown);
  }
}
