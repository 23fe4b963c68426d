/**
 * Making a version here: read the object, check, commit, and try again when something changed meanwhile. One commit makes the
 * version durable and visible with its log entry and counters; before it nothing is to be seen of it.
 */
import { EfsError } from "../../base/errors.ts";
import type { Check, Write } from "../../engine/meta-store.ts";
import type { AnnotationChange } from "../../model/annotation.ts";
import { escapeName, formatObjectPath, type ObjectPath } from "../../model/names.ts";
import type { Uvid } from "../../model/uvid.ts";
import type { Version } from "../../model/version.ts";
import { annotationWrites } from "../annotation/annotation-writes.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { COMMIT_ATTEMPTS_MAX, type Core, contended, nowMs } from "../core/core.ts";
import { requireSameVault } from "../vault/in-vault.ts";
import { encodeEntry, planChange, seenBy } from "./change.ts";
import { commitChanges } from "./commit.ts";
import type { StoredObject } from "./object-record.ts";
import { readObject } from "./read-object.ts";

const GENERATION_MAX = 2 ** 48;

/** What a writer gives; the rest of a version comes from what is there. */
export type Draft = Pick<
  Version,
  "isDeleted" | "sizeBytes" | "content" | "contentType" | "metadata" | "headers" | "digest"
>;

export interface WriteOptions {
  readonly draft: Draft;
  /** The bucket whose vault the content was stored in; undefined: there is none. */
  readonly storedFor?: OpenBucket | undefined;
  /** Written in the same commit; idempotent (content of at most 1 KiB). */
  readonly beside?: Write | undefined;
  /** Written in the same commit, with the default retention of the bucket's lock; what is wrong in it is thrown. */
  readonly annotations?: AnnotationChange | undefined;
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
  { draft, storedFor, beside, annotations, allow, also }: WriteOptions,
): Promise<Version | undefined> {
  if (storedFor !== undefined && storedFor !== bucket) requireSameVault(storedFor, bucket);
  const current = await readObject(core.records, bucket, path.object);
  allow?.(current?.latest);
  const version = await versionOf(core, bucket, path, current, draft);
  const annotated = annotationWrites(core, bucket, version, annotations);
  const change = await planChange(core.records, bucket, current, version, annotated.length > 0);
  if (change === undefined) return undefined;
  const others = await also?.(bucket, version);
  const outcome = await commitChanges(core, bucket, {
    changes: [change],
    entries: [encodeEntry({ version, current, loggedMs: version.modifiedMs, via: undefined })],
    checks: others?.checks ?? [],
    writes: [...(beside === undefined ? [] : [beside]), ...annotated, ...(others?.writes ?? [])],
  });
  return outcome.isCommitted ? version : undefined;
}

async function versionOf(
  core: Core,
  bucket: OpenBucket,
  path: ObjectPath,
  current: StoredObject | undefined,
  draft: Draft,
): Promise<Version> {
  const seen = current === undefined ? undefined : seenBy(current);
  const generation = Math.max(seen?.generation ?? 0, current?.latest?.generation ?? 0) + 1;
  if (generation > GENERATION_MAX) {
    throw new EfsError("LIMIT", `object "${escapeName(path.object)}" has reached the last generation`);
  }
  return {
    object: path.object,
    uvid: await core.hybridClock.next(),
    generation,
    known: seen?.known ?? [],
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
