/** Everything of one object as it was at one moment: its kept versions and what stays of expunged ones. */
import type { MetaStore } from "../../engine/meta-store.ts";
import { escapeName } from "../../model/names.ts";
import type { Expunge, Version } from "../../model/version.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { COMMIT_ATTEMPTS_MAX, contended } from "../core/core.ts";
import type { StoredObject } from "./object-record.ts";
import { readExpunged, readObject, readOlder } from "./read-object.ts";

export interface WholeObject {
  /** As it was when the rest was read. */
  readonly object: StoredObject;
  /** Latest first. */
  readonly versions: readonly Version[];
  /** Greatest first. */
  readonly expunges: readonly Expunge[];
}

/**
 * What is read stands when the object's record has not changed meanwhile: a version that moves between the records would be missed.
 * undefined: the object has gone.
 */
export async function readWhole(
  records: MetaStore,
  bucket: OpenBucket,
  found: StoredObject,
): Promise<WholeObject | undefined> {
  let object: StoredObject | undefined = found;
  for (let attempt = 0; attempt < COMMIT_ATTEMPTS_MAX; attempt += 1) {
    if (object === undefined) return undefined;
    const { name, latest, olderCount, expungedCount, revision }: StoredObject = object;
    const latests = latest === undefined ? [] : [latest];
    if (olderCount + expungedCount === 0) return { object, versions: latests, expunges: [] };
    const older = await readOlder(records, bucket, object);
    const expunges = await readExpunged(records, bucket, object);
    const after: StoredObject | undefined = await readObject(records, bucket, name);
    if (after?.revision === revision) return { object, versions: [...latests, ...older], expunges };
    object = after;
  }
  throw contended(`object "${escapeName(found.name)}"`);
}
