/**
 * Keys of a segment's records: the one place that knows them. DESIGN.md has the table. Names are UTF-8, ids are raw
 * bytes, numbers are big-endian. Cluster, tenant, bucket and service names have no `/`; object names have no NUL.
 */
import { concat, fromUtf8, prefixEnd, utf8 } from "../base/bytes.ts";
import { EfsError } from "../base/errors.ts";
import type { RecordKey } from "../engine/meta-store.ts";
import { type ContentId, idBytes, type LogId } from "../model/ids.ts";
import type { BucketPath, ClusterName, ObjectName, ServiceName, TenantPath } from "../model/names.ts";
import { formatBucketPath, formatTenantPath } from "../model/names.ts";
import type { UserName } from "../model/user.ts";
import { type Ordered, UVID_BYTES, uvidBytes } from "../model/uvid.ts";

export const SEGMENT_KEY = utf8("g/segment");
export const CLOCK_KEY = utf8("g/clock");
/** Rewritten with every change of a service: deleting what a service may serve checks it. */
export const SERVICES_FENCE_KEY = utf8("g/services");

export const CLUSTER_PREFIX = utf8("c/");
export const SERVICE_PREFIX = utf8("y/");
export const TOKEN_PREFIX = utf8("k/");
export const CLOSING_PREFIX = utf8("d/");
export const DROP_PREFIX = utf8("x");
export const COUNTER_PREFIX = utf8("n");
/** Uploads that are over and whose parts are being removed: `w ++ log id ++ upload id`. */
export const SWEEP_PREFIX = utf8("w");

export const clusterKey = (name: ClusterName) => utf8(`c/${name}`);
export const tenantPrefix = (cluster: ClusterName) => utf8(`t/${cluster}/`);
export const tenantKey = (path: TenantPath) => utf8(`t/${formatTenantPath(path)}`);
export const bucketPrefix = (path: TenantPath) => utf8(`b/${formatTenantPath(path)}/`);
export const bucketKey = (path: BucketPath) => utf8(`b/${formatBucketPath(path)}`);
/** Rewritten when a child is made: deleting a cluster or tenant checks it. */
export const clusterFenceKey = (name: ClusterName) => utf8(`f/${name}`);
export const tenantFenceKey = (path: TenantPath) => utf8(`f/${formatTenantPath(path)}`);
/** A bucket whose deletion has begun and is not yet decided. */
export const closingPrefix = (path: TenantPath) => utf8(`d/${formatTenantPath(path)}/`);
export const closingKey = (path: BucketPath) => utf8(`d/${formatBucketPath(path)}`);

export const serviceKey = (name: ServiceName) => utf8(`y/${name}`);
export const statePrefix = (name: ServiceName) => utf8(`z/${name}/`);
export const stateKey = (name: ServiceName, key: string) => utf8(`z/${name}/${key}`);
export const tokenKey = (name: string) => utf8(`k/${name}`);

/** What proves that a segment key is the one that secrets are sealed under. */
export const KEY_CHECK_KEY = utf8("g/key-check");
/** The sealed keys of encrypted buckets: `g/vault/ ++ log id`. */
export const VAULT_PREFIX = utf8("g/vault/");
export const vaultKey = (logId: LogId) => concat([VAULT_PREFIX, idBytes(logId)]);

export const USERS_PREFIX = utf8("g/user/");
export const userPrefix = (path: TenantPath) => utf8(`g/user/${formatTenantPath(path)}/`);
export const userKey = (path: TenantPath, name: UserName) => utf8(`g/user/${formatTenantPath(path)}/${name}`);
/** Whose an access key is; its being there once keeps access keys apart. */
export const accessKeyKey = (accessKey: string) => utf8(`g/access-key/${accessKey}`);

const SMALL_TAG = "s".charCodeAt(0);
const LOG_ID_BYTES = 8;
/** Length of everything before an object's name in keys that are under a bucket's log id. */
export const NAME_OFFSET = 1 + LOG_ID_BYTES;

/** Content of at most 1 KiB. */
export function smallKey(id: ContentId): RecordKey {
  const key = new Uint8Array(1 + id.length);
  key[0] = SMALL_TAG;
  key.set(id, 1);
  return key;
}

/** The keys of one bucket from its making to its deletion; made once for each bucket that is in use. */
export interface BucketKeys {
  /** Objects whose latest version is live: `o ++ log id ++ name`. */
  readonly objects: Uint8Array;
  /** Objects whose latest version is a delete, or that have expunged versions only: `e ++ log id ++ name`. */
  readonly ended: Uint8Array;
  /** Older kept versions: `v ++ log id ++ name ++ 0 ++ order`. */
  readonly older: Uint8Array;
  /** What stays of expunged versions: `q ++ log id ++ name ++ 0 ++ order`. */
  readonly expunged: Uint8Array;
  /** Annotations of versions: `a ++ log id ++ name ++ 0 ++ order`. */
  readonly annotations: Uint8Array;
  /** Open and completed uploads: `u ++ log id ++ …`. */
  readonly uploads: Uint8Array;
  /** Parts of open uploads: `p ++ log id ++ …`. */
  readonly parts: Uint8Array;
  /** What gateways keep about the bucket: `j ++ log id ++ kind`. */
  readonly configs: Uint8Array;
  readonly log: RecordKey;
  readonly objectCount: RecordKey;
  readonly sizeBytes: RecordKey;
  /** Kept versions that were written while versioning was enabled. */
  readonly versionCount: RecordKey;
  /** Its records are being dropped. */
  readonly drop: RecordKey;
}

export function bucketKeys(logId: LogId): BucketKeys {
  return bucketKeysOf(idBytes(logId));
}

export function bucketKeysOf(id: Uint8Array): BucketKeys {
  const under = (tag: string, suffix = "") => concat([utf8(tag), id, utf8(suffix)]);
  return {
    objects: under("o"),
    ended: under("e"),
    older: under("v"),
    expunged: under("q"),
    annotations: under("a"),
    uploads: under("u"),
    parts: under("p"),
    configs: under("j"),
    log: under("l"),
    objectCount: under("n", "o"),
    sizeBytes: under("n", "b"),
    versionCount: under("n", "v"),
    drop: under("x"),
  };
}

export function objectKey(keys: BucketKeys, name: ObjectName): RecordKey {
  return nameKey(keys.objects, name);
}

export function endedKey(keys: BucketKeys, name: ObjectName): RecordKey {
  return nameKey(keys.ended, name);
}

export function configKey(keys: BucketKeys, kind: string): RecordKey {
  return concat([keys.configs, utf8(kind)]);
}

function nameKey(table: Uint8Array, name: ObjectName): RecordKey {
  const nameBytes = utf8(name);
  const key = new Uint8Array(NAME_OFFSET + nameBytes.length);
  key.set(table);
  key.set(nameBytes, NAME_OFFSET);
  return key;
}

/** All older versions of one name. */
export function olderPrefix(keys: BucketKeys, name: ObjectName): Uint8Array {
  return versionPrefix(keys.older, name);
}

/** Greater versions have lesser keys, so that a forward scan begins at the latest. */
export function olderKey(keys: BucketKeys, name: ObjectName, version: Ordered): RecordKey {
  return versionKey(keys.older, name, version);
}

/** What a bucket keeps by name and version: `older`, `expunged` or `annotations` ++ name ++ 0 ++ order. */
export function versionKey(table: Uint8Array, name: ObjectName, version: Ordered): RecordKey {
  const order = new Uint8Array(8 + UVID_BYTES);
  new DataView(order.buffer).setBigUint64(0, BigInt(version.generation));
  order.set(uvidBytes(version.uvid), 8);
  for (let index = 0; index < order.length; index += 1) order[index] = 255 - (order[index] ?? 0);
  return concat([versionPrefix(table, name), order]);
}

/** All versions of one name in such a table. */
export function versionPrefix(table: Uint8Array, name: ObjectName): Uint8Array {
  return concat([table, utf8(name), Uint8Array.of(0)]);
}

/** The name in an `o` or `e` key. @throws RECORD_CORRUPT */
export function objectNameOf(key: RecordKey): ObjectName {
  const name = fromUtf8(key.subarray(NAME_OFFSET));
  if (name === undefined) throw new EfsError("RECORD_CORRUPT", "the key of an object record is not UTF-8");
  return name as ObjectName;
}

/** Bytes of an upload's id. */
export const UPLOAD_ID_BYTES = 16;

/** Open uploads, by name, then by id: `u ++ log id ++ "o" ++ name ++ 0 ++ id`. */
export function openUploadsPrefix(keys: BucketKeys): Uint8Array {
  return concat([keys.uploads, utf8("o")]);
}

export function openUploadKey(keys: BucketKeys, name: ObjectName, id: Uint8Array): RecordKey {
  return concat([openUploadsPrefix(keys), utf8(name), Uint8Array.of(0), id]);
}

/** Uploads that were completed lately: `u ++ log id ++ "c" ++ id`. */
export function completedUploadsPrefix(keys: BucketKeys): Uint8Array {
  return concat([keys.uploads, utf8("c")]);
}

export function completedUploadKey(keys: BucketKeys, id: Uint8Array): RecordKey {
  return concat([completedUploadsPrefix(keys), id]);
}

/** The parts of one upload: `p ++ log id ++ id ++ u16 number`. */
export function partsPrefix(keys: BucketKeys, id: Uint8Array): Uint8Array {
  return concat([keys.parts, id]);
}

export function partKey(keys: BucketKeys, id: Uint8Array, number: number): RecordKey {
  return concat([partsPrefix(keys, id), Uint8Array.of(number >> 8, number & 0xff)]);
}

export function sweepKey(keys: BucketKeys, id: Uint8Array): RecordKey {
  return concat([SWEEP_PREFIX, keys.uploads.subarray(1), id]);
}

/** The text behind a prefix. @throws RECORD_CORRUPT */
export function textBehind(prefix: Uint8Array, key: RecordKey): string {
  const text = fromUtf8(key.subarray(prefix.length));
  if (text === undefined) throw new EfsError("RECORD_CORRUPT", "the key of a record is not UTF-8");
  return text;
}

/** The range of all keys that begin with `prefix`. */
export function rangeOf(prefix: Uint8Array): { readonly from: RecordKey; readonly to: RecordKey } {
  return { from: prefix, to: prefixEnd(prefix) ?? prefix };
}

/** The least key above `key`. */
export function keyAfter(key: RecordKey): RecordKey {
  const after = new Uint8Array(key.length + 1);
  after.set(key);
  return after;
}
