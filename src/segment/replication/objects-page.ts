/**
 * Pages of all objects of a bucket, those whose latest version is a delete and those of which only expunges are left too. They are
 * in two tables; an object that moves from one to the other between reading the two has been logged meanwhile, so no object is missed.
 */
import { compareBytes, utf8 } from "../../base/bytes.ts";
import { logRecordKey, type RecordKey } from "../../engine/meta-store.ts";
import { decodeLogEntry } from "../../model/log-entry.ts";
import type { ObjectName } from "../../model/names.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { type Core, scanAll } from "../core/core.ts";
import { endedKey, keyAfter, objectKey, objectNameOf, rangeOf } from "../keys.ts";
import { decodeObjectRecord, type StoredObject } from "../object/object-record.ts";
import { readObjects } from "../object/read-object.ts";

export interface ObjectsPage {
  /** In byte order of names. */
  readonly objects: readonly StoredObject[];
  /** The page holds all names up to this one; undefined: all that there are. */
  readonly end: ObjectName | undefined;
}

export async function objectsPage(
  core: Core,
  bucket: OpenBucket,
  options: { readonly after: ObjectName | undefined; readonly limit: number },
): Promise<ObjectsPage> {
  const { keys } = bucket;
  const headBefore = await core.records.lastPosition(keys.log);
  const { after } = options;
  const live = await scanTable(core, bucket, { table: keys.objects, keyOf: objectKey, ...options });
  const ended = await scanTable(core, bucket, { table: keys.ended, keyOf: endedKey, ...options });
  const end = least(live.end, ended.end);
  const found = new Map([...live.objects, ...ended.objects].map((object) => [object.name, object]));
  const moved = await namesLoggedAfter(core, bucket, headBefore);
  for (const object of await readObjects(core.records, bucket, moved)) {
    if (object !== undefined) found.set(object.name, object);
  }
  const objects = [...found.values()].filter(
    ({ name }) =>
      (end === undefined || compareNames(name, end) <= 0) &&
      (after === undefined || compareNames(name, after) > 0),
  );
  return { objects: objects.sort((left, right) => compareNames(left.name, right.name)), end };
}

interface TableScan {
  readonly table: Uint8Array;
  readonly keyOf: (keys: OpenBucket["keys"], name: ObjectName) => RecordKey;
  readonly after: ObjectName | undefined;
  readonly limit: number;
}

async function scanTable(
  core: Core,
  bucket: OpenBucket,
  { table, keyOf, after, limit }: TableScan,
): Promise<ObjectsPage> {
  const range = rangeOf(table);
  const from = after === undefined ? range.from : keyAfter(keyOf(bucket.keys, after));
  const page = await core.records.scan({ from, to: range.to, limit });
  const objects = page.records.map(({ key, value }) =>
    decodeObjectRecord(bucket.path, objectNameOf(key), key, value),
  );
  return { objects, end: page.isTruncated ? objects.at(-1)?.name : undefined };
}

async function namesLoggedAfter(
  core: Core,
  bucket: OpenBucket,
  position: bigint,
): Promise<readonly ObjectName[]> {
  const head = await core.records.lastPosition(bucket.keys.log);
  if (head === position) return [];
  const names = new Set<ObjectName>();
  const from = logRecordKey(bucket.keys.log, position + 1n);
  const to = logRecordKey(bucket.keys.log, head + 1n);
  for await (const { value } of scanAll(core.records, { from, to })) names.add(decodeLogEntry(value).object);
  return [...names];
}

function least(left: ObjectName | undefined, right: ObjectName | undefined): ObjectName | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return compareNames(left, right) <= 0 ? left : right;
}

function compareNames(left: ObjectName, right: ObjectName): number {
  return compareBytes(utf8(left), utf8(right));
}
