/** What received items about different objects change here, from how things are; writes nothing. */
import type { EfsError } from "../../base/errors.ts";
import type { SegmentId } from "../../model/ids.ts";
import type { Uvid } from "../../model/uvid.ts";
import type { Expunge, Version } from "../../model/version.ts";
import { lockedError, lockReason } from "../annotation/lock.ts";
import { readAnnotations } from "../annotation/read-annotations.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { type Core, nowMs } from "../core/core.ts";
import { encodeEntry, planChange } from "../object/change.ts";
import { encodeExpungeEntry, planExpunge } from "../object/expunge.ts";
import type { StoredObject } from "../object/object-record.ts";
import { readObjects, readOlder, readRanked } from "../object/read-object.ts";
import type { VersionAnnotations } from "../replication.ts";
import type { Planned } from "./commit-groups.ts";
import { annotationsBeside, greatestChange, planAnnotations } from "./plan-annotations.ts";

export type Item =
  | {
      readonly kind: "version";
      readonly version: Version;
      /** Its own, for the same commit. */
      readonly annotations: VersionAnnotations | undefined;
    }
  | { readonly kind: "annotation"; readonly annotations: VersionAnnotations }
  | { readonly kind: "expunge"; readonly expunge: Expunge };

export type ItemOf<Kind extends Item["kind"]> = Extract<Item, { readonly kind: Kind }>;

export interface Plan {
  /** Items that change something. */
  readonly planned: readonly Planned[];
  /** Items that a lock here forbids, and why. */
  readonly refused: readonly EfsError[];
  readonly refusedItems: readonly Item[];
}

export interface Round {
  readonly items: readonly Item[];
  readonly via: SegmentId;
}

/** All of a round are of one kind. */
export async function planRound(core: Core, bucket: OpenBucket, { items, via }: Round): Promise<Plan> {
  const versions = items.filter((item) => item.kind === "version");
  const annotations = items.filter((item) => item.kind === "annotation");
  const expunges = items.filter((item) => item.kind === "expunge");
  if (expunges.length > 0) return planExpunges(core, bucket, { items: expunges, via });
  const planned =
    versions.length > 0
      ? await planVersions(core, bucket, { items: versions, via })
      : await planAnnotations(core, bucket, { items: annotations, via });
  return { planned, refused: [], refusedItems: [] };
}

async function planVersions(
  core: Core,
  bucket: OpenBucket,
  { items, via }: { readonly items: ReadonlyArray<ItemOf<"version">>; readonly via: SegmentId },
): Promise<readonly Planned[]> {
  const names = items.map(({ version }) => version.object);
  const objects = await readObjects(core.records, bucket, names);
  const loggedMs = nowMs(core);
  const planned: Planned[] = [];
  for (const [index, item] of items.entries()) {
    const { version, annotations } = item;
    const current = objects[index];
    const writes = annotationsBeside(bucket, version, annotations);
    const change = await planChange(core.records, bucket, current, version, writes.length > 0);
    if (change === undefined) continue;
    await observe(core, version.object, version.uvid);
    if (annotations !== undefined) await observe(core, version.object, greatestChange(annotations.record));
    planned.push({
      item,
      change,
      checks: [],
      writes,
      entry: encodeEntry({ version, current, loggedMs, via }),
    });
  }
  return planned;
}

async function planExpunges(
  core: Core,
  bucket: OpenBucket,
  { items, via }: { readonly items: ReadonlyArray<ItemOf<"expunge">>; readonly via: SegmentId },
): Promise<Plan> {
  const expunges = items.map(({ expunge }) => expunge);
  const objects = await readObjects(
    core.records,
    bucket,
    expunges.map(({ object }) => object),
  );
  // After the objects: their records, which the commit checks, say of which versions these annotations are.
  const stored = await readAnnotations(core.records, bucket, expunges);
  const loggedMs = nowMs(core);
  const plan = { planned: [] as Planned[], refused: [] as EfsError[], refusedItems: [] as Item[] };
  for (const [index, item] of items.entries()) {
    const { expunge } = item;
    const annotations = stored[index];
    if (!(await isOfItsRank(core, bucket, objects[index], expunge))) continue;
    const reason = lockReason(annotations?.record, loggedMs, expunge);
    if (reason !== undefined) {
      plan.refused.push(lockedError(bucket, expunge, `may not be removed: ${reason}`));
      plan.refusedItems.push(item);
      continue;
    }
    const change = await planExpunge(core.records, bucket, objects[index], expunge);
    if (change === undefined) continue;
    await observe(core, expunge.object, expunge.uvid);
    plan.planned.push({
      item,
      change,
      checks: annotations === undefined ? [] : [{ key: annotations.key, expected: annotations.bytes }],
      writes: [],
      entry: encodeExpungeEntry(expunge, { loggedMs, via }),
    });
  }
  return plan;
}

/**
 * False: the version is kept under another generation than the expunge says, so it is made up, and the locks that were looked at
 * are not those of the version.
 */
async function isOfItsRank(
  core: Core,
  bucket: OpenBucket,
  object: StoredObject | undefined,
  { uvid, generation }: Expunge,
): Promise<boolean> {
  if (object === undefined) return true;
  const { latest, name } = object;
  if (latest?.uvid === uvid) return latest.generation === generation;
  if (object.olderCount === 0) return true;
  if ((await readRanked(core.records, bucket, name, { uvid, generation })) !== undefined) return true;
  const older = await readOlder(core.records, bucket, object);
  return older.every((version) => version.uvid !== uvid);
}

/** A clock far ahead must not carry ours away; generations still order what is written after this version. */
export async function observe(core: Core, object: string, uvid: Uvid | undefined): Promise<void> {
  if (uvid === undefined || (await core.hybridClock.observe(uvid))) return;
  core.log.warn({ object, version: uvid }, "a version is from the future");
}
