/**
 * Making a version here: read the object, check, commit, and try again when something changed meanwhile. One commit makes the
 * version durable and visible with its log entry and counters; before it nothing is to be seen of it.
 */
import { EfsError } from "../../base/errors.ts";
import type { Batch, Check, Write } from "../../engine/meta-store.ts";
import { escapeName, formatObjectPath, type ObjectPath } from "../../model/names.ts";
import type { Uvid } from "../../model/uvid.ts";
import type { Version } from "../../model/version.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { COMMIT_ATTEMPTS_MAX, type Core, contended, nowMs } from "../core/core.ts";
import { type Change, encodeEntry, planChange } from "./change.ts";
import { mergedKnown } from "./kept.ts";
import type { StoredObject } from "./object-record.ts";
import { readObject, readOlder } from "./read-object.ts";

const GENERATION_MAX = 2 ** 48;

/** What a writer gives; the rest of a version comes from what is there. */
export type Draft = Pick<
  Version,
  "isDeleted" | "sizeBytes" | "content" | "contentType" | "metadata" | "headers" | "digest"
>;

export interface WriteOptions {
  readonly draft: Draft;
  /** Written in the same commit; idempotent (content of at most 1 KiB). */
  readonly beside?: Write | undefined;
  /** Called with the latest version before each attempt; throws what forbids the write. */
  readonly allow?: ((latest: Version | undefined) => void) | undefined;
  /**
   * What else the commit of the version checks and writes; asked before each attempt. A check that fails makes a further attempt, so this
   * throws when it cannot hold any more.
   */
  readonly also?: ((bucket: OpenBucket, version: Version) => Promise<Beside>) | undefined;
}

export interface Beside {
  readonly checks: readonly Check[];
  readonly writes: readonly Write[];
}

/** @throws BUCKET_NOT_FOUND, LIMIT, BUSY, NO_SPACE, READ_ONLY, what `allow` and `also` throw */
export async function writeVersion(core: Core, path: ObjectPath, options: WriteOptions): Promise<Version> {
  const bucket = core.buckets.held(path) ?? (await core.buckets.open(path));
  return core.objectLocks.run(bucket.record.logId + path.object, async () => {
    let current = bucket;
    for (let attempt = 0; attempt < COMMIT_ATTEMPTS_MAX; attempt += 1) {
      const written = await attemptWrite(core, current, path, options);
      if (written !== undefined) return written;
      core.buckets.forget(path);
      current = await core.buckets.open(path);
    }
    throw contended(`object "${escapeName(formatObjectPath(path))}"`);
  });
}

/** PRECONDITION unless the latest version is what the caller expects. */
export function requireLatest(
  path: ObjectPath,
  ifLatest: "absent" | Uvid,
  latest: Version | undefined,
): void {
  const isThere = latest !== undefined && !latest.isDeleted;
  const isExpected = ifLatest === "absent" ? !isThere : latest?.uvid === ifLatest;
  if (isExpected) return;
  const text = escapeName(formatObjectPath(path));
  const message = ifLatest === "absent" ? `object ${text} is there already` : `object ${text} has changed`;
  throw new EfsError("PRECONDITION", message, {
    details: { object: formatObjectPath(path), ...(latest === undefined ? {} : { version: latest.uvid }) },
  });
}

/** undefined: something changed between reading and committing. */
async function attemptWrite(
  core: Core,
  bucket: OpenBucket,
  path: ObjectPath,
  { draft, beside, allow, also }: WriteOptions,
): Promise<Version | undefined> {
  const current = await readObject(core.records, bucket, path.object);
  allow?.(current?.latest);
  const version = await versionOf(core, bucket, path, current, draft);
  const change = await planChange(core.records, bucket, current, version);
  if (change === undefined) return undefined;
  const entry = encodeEntry({ version, current, loggedMs: version.modifiedMs, via: undefined });
  const batch = batchOf({ bucket, current, change, entry, beside });
  const outcome = await core.guard.commit(withBeside(batch, await also?.(bucket, version)));
  return outcome.isCommitted ? version : undefined;
}

async function versionOf(
  core: Core,
  bucket: OpenBucket,
  path: ObjectPath,
  current: StoredObject | undefined,
  draft: Draft,
): Promise<Version> {
  const generation = (current?.latest.generation ?? 0) + 1;
  if (generation > GENERATION_MAX) {
    throw new EfsError("LIMIT", `object "${escapeName(path.object)}" has reached the last generation`);
  }
  const seen = current === undefined ? [] : [current.latest];
  if (current !== undefined && current.conflictCount > 0) {
    seen.push(...(await readOlder(core.records, bucket, current)));
  }
  return {
    object: path.object,
    uvid: await core.hybridClock.next(),
    generation,
    known: mergedKnown(seen),
    isDeleted: draft.isDeleted,
    sizeBytes: draft.sizeBytes,
    content: draft.content,
    modifiedMs: nowMs(core),
    contentType: draft.contentType,
    metadata: draft.metadata,
    isNull: bucket.record.options.versioning !== "enabled",
    headers: draft.headers,
    digest: draft.digest,
  };
}

/** The object's record is checked as it was read, and changes with every commit: the check is unique to the batch. */
function batchOf(options: {
  readonly bucket: OpenBucket;
  readonly current: StoredObject | undefined;
  readonly change: Change;
  readonly entry: Uint8Array;
  readonly beside: Write | undefined;
}): Batch {
  const { bucket, current, change, entry, beside } = options;
  return {
    checks: [{ key: change.key, expected: current?.bytes }, bucket.check],
    writes: beside === undefined ? change.writes : [...change.writes, beside],
    adds: countersOf(bucket, change.objectDelta, change.sizeDelta),
    appends: [{ log: bucket.keys.log, value: entry }],
  };
}

function withBeside(batch: Batch, beside: Beside | undefined): Batch {
  if (beside === undefined) return batch;
  return {
    ...batch,
    checks: [...(batch.checks ?? []), ...beside.checks],
    writes: [...(batch.writes ?? []), ...beside.writes],
  };
}

export function countersOf(
  bucket: OpenBucket,
  objectDelta: number,
  sizeDelta: number,
): NonNullable<Batch["adds"]> {
  const adds = [];
  if (objectDelta !== 0) adds.push({ key: bucket.keys.objectCount, delta: BigInt(objectDelta) });
  if (sizeDelta !== 0) adds.push({ key: bucket.keys.sizeBytes, delta: BigInt(sizeDelta) });
  return adds;
}
