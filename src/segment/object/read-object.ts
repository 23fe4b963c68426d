/**
 * Reading the records of one object: its latest version, the older ones that are kept, what stays of expunged ones. An object's
 * record is under one of two keys (object-record.ts); both are read at one moment, so that an object that moves is never missed.
 */
import { EfsError } from "../../base/errors.ts";
import type { MetaStore } from "../../engine/meta-store.ts";
import { escapeName, formatObjectPath, type ObjectName, type ObjectPath } from "../../model/names.ts";
import type { Ordered } from "../../model/uvid.ts";
import type { Expunge, Version } from "../../model/version.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { type Core, scanAll } from "../core/core.ts";
import { endedKey, objectKey, olderKey, rangeOf, versionPrefix } from "../keys.ts";
import type { VersionRef } from "../objects.ts";
import {
  damagedObject,
  decodeExpunged,
  decodeObjectRecord,
  decodeOlder,
  type StoredObject,
} from "./object-record.ts";

const NAMES_A_PAGE = 500;

/** The object's record, or undefined when the bucket has none. @throws RECORD_CORRUPT naming the object */
export async function readObject(
  records: MetaStore,
  bucket: OpenBucket,
  name: ObjectName,
): Promise<StoredObject | undefined> {
  const keys = [objectKey(bucket.keys, name), endedKey(bucket.keys, name)];
  const values = await namingObject(bucket, name, () => records.getMany(keys));
  return storedObject(bucket, name, keys, values);
}

/** As `readObject` for many names, in order; 500 at a time are seen at one moment. */
export async function readObjects(
  records: MetaStore,
  bucket: OpenBucket,
  names: readonly ObjectName[],
): Promise<ReadonlyArray<StoredObject | undefined>> {
  const objects: Array<StoredObject | undefined> = [];
  for (let start = 0; start < names.length; start += NAMES_A_PAGE) {
    const page = names.slice(start, start + NAMES_A_PAGE);
    const keys = page.flatMap((name) => [objectKey(bucket.keys, name), endedKey(bucket.keys, name)]);
    const values = await records.getMany(keys);
    page.forEach((name, index) => {
      const place = [2 * index, 2 * index + 2] as const;
      objects.push(storedObject(bucket, name, keys.slice(...place), values.slice(...place)));
    });
  }
  return objects;
}

/** The record of an object whose latest version is live: one key. */
export async function readLive(
  records: MetaStore,
  bucket: OpenBucket,
  name: ObjectName,
): Promise<Version | undefined> {
  const key = objectKey(bucket.keys, name);
  const bytes = await namingObject(bucket, name, () => records.get(key));
  return bytes === undefined ? undefined : decodeObjectRecord(bucket.path, name, key, bytes).latest;
}

/** The older kept versions of an object, greatest first; reads nothing when the record says there are none. */
export async function readOlder(
  records: MetaStore,
  bucket: OpenBucket,
  object: StoredObject,
): Promise<readonly Version[]> {
  if (object.olderCount === 0) return [];
  const { name } = object;
  return namingObject(bucket, name, async () => {
    const older: Version[] = [];
    for await (const { value } of scanAll(records, rangeOf(versionPrefix(bucket.keys.older, name)))) {
      older.push(decodeOlder(bucket.path, name, value));
    }
    return older;
  });
}

/** What stays of expunged versions of an object, greatest first; reads nothing when the record says there are none. */
export async function readExpunged(
  records: MetaStore,
  bucket: OpenBucket,
  object: StoredObject,
): Promise<readonly Expunge[]> {
  if (object.expungedCount === 0) return [];
  const { name } = object;
  return namingObject(bucket, name, async () => {
    const expunged: Expunge[] = [];
    for await (const { value } of scanAll(records, rangeOf(versionPrefix(bucket.keys.expunged, name)))) {
      expunged.push(decodeExpunged(bucket.path, name, value));
    }
    return expunged;
  });
}

/** The asked version, or the latest. @throws BUCKET_NOT_FOUND, OBJECT_NOT_FOUND, VERSION_NOT_FOUND */
export async function findVersion(
  core: Core,
  path: ObjectPath,
  asked: VersionRef | undefined,
): Promise<Version> {
  const bucket = core.buckets.held(path) ?? (await core.buckets.open(path));
  if (asked !== undefined) return (await findKept(core, bucket, path, asked)).version;
  const version = await readLive(core.records, bucket, path.object);
  if (version === undefined) throw objectNotFound(path);
  return version;
}

/** As findVersion, with the object's record as it was read before the version. */
export async function findKept(
  core: Core,
  bucket: OpenBucket,
  path: ObjectPath,
  asked: VersionRef | undefined,
): Promise<{ readonly object: StoredObject; readonly version: Version }> {
  const object = await readObject(core.records, bucket, path.object);
  const latest = object?.latest;
  if (asked === undefined) {
    if (object === undefined || latest === undefined || latest.isDeleted) throw objectNotFound(path);
    return { object, version: latest };
  }
  if (object === undefined) throw versionNotFound(path, asked);
  if (latest !== undefined && isAsked(latest, asked)) return { object, version: latest };
  const version = await findOlder(core.records, bucket, object, asked);
  if (version === undefined) throw versionNotFound(path, asked);
  return { object, version };
}

/** Only what is the latest or has a known rank is found without looking through the older versions. */
async function findOlder(
  records: MetaStore,
  bucket: OpenBucket,
  object: StoredObject,
  asked: VersionRef,
): Promise<Version | undefined> {
  const isNull = asked.uvid === "null";
  if (object.olderCount === 0 || (isNull && object.olderNullCount === 0)) return undefined;
  const rank = asked.uvid === "null" ? object.nullVersion : rankOf(asked.uvid, asked.generation);
  const found = rank === undefined ? undefined : await readRanked(records, bucket, object.name, rank);
  if (found !== undefined || (rank !== undefined && !isNull)) return found;
  const { name } = object;
  return namingObject(bucket, name, async () => {
    for await (const { value } of scanAll(records, rangeOf(versionPrefix(bucket.keys.older, name)))) {
      const version = decodeOlder(bucket.path, name, value);
      if (isAsked(version, asked)) return version;
    }
    return undefined;
  });
}

/** The older version of this rank, found by its key. */
export async function readRanked(
  records: MetaStore,
  bucket: OpenBucket,
  name: ObjectName,
  rank: Ordered,
): Promise<Version | undefined> {
  const key = olderKey(bucket.keys, name, rank);
  const bytes = await namingObject(bucket, name, () => records.get(key));
  return bytes === undefined ? undefined : decodeOlder(bucket.path, name, bytes);
}

function rankOf(uvid: Ordered["uvid"], generation: number | undefined): Ordered | undefined {
  if (generation === undefined || !Number.isSafeInteger(generation) || generation < 1) return undefined;
  return { uvid, generation };
}

function isAsked(version: Version, asked: VersionRef): boolean {
  return asked.uvid === "null" ? version.isNull : version.uvid === asked.uvid;
}

function storedObject(
  bucket: OpenBucket,
  name: ObjectName,
  keys: readonly Uint8Array[],
  values: ReadonlyArray<Uint8Array | undefined>,
): StoredObject | undefined {
  const [live, ended] = values;
  const [liveKey, key] = keys;
  if (live !== undefined && ended !== undefined) {
    const cause = new EfsError("RECORD_CORRUPT", "it is there twice");
    throw damagedObject(bucket.path, name, cause);
  }
  if (live !== undefined && liveKey !== undefined)
    return decodeObjectRecord(bucket.path, name, liveKey, live);
  if (ended === undefined || key === undefined) return undefined;
  return decodeObjectRecord(bucket.path, name, key, ended);
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
