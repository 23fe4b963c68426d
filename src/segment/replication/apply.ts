/**
 * Taking in versions that another segment made. Invariants: each version is stored and logged once however often it comes; the
 * result does not depend on the order (kept.ts); a version is taken in only when all its content is here; `state` becomes
 * durable with or after the last version, never before.
 */
import { EfsError } from "../../base/errors.ts";
import { BATCH_BYTES_MAX, BATCH_OPERATIONS_MAX, type Batch, type Write } from "../../engine/meta-store.ts";
import {
  type BucketPath,
  escapeName,
  formatBucketPath,
  type ObjectName,
  parseServiceName,
} from "../../model/names.ts";
import { type Reference, rootSizeBytes } from "../../model/reference.ts";
import type { Version } from "../../model/version.ts";
import { rootReferences } from "../chunk/tree-slice.ts";
import { requireWithin } from "../content/content-lengths.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { COMMIT_ATTEMPTS_MAX, type Core, contended, nowMs } from "../core/core.ts";
import { type Change, encodeEntry, planChange } from "../object/change.ts";
import type { StoredObject } from "../object/object-record.ts";
import { readObjects } from "../object/read-object.ts";
import { countersOf } from "../object/write-version.ts";
import type { ReceivedOutcome, ReceivedVersions } from "../replication.ts";
import { stateWrite } from "../service/service-store.ts";
import { requireContent } from "./pieces.ts";

const VERSIONS_MAX = 500;
/** Room that a batch leaves for the bucket's check, its counters and the state. */
const BATCH_SLACK_BYTES = 256 * 1024;
const BATCH_SLACK_OPERATIONS = 8;

interface Planned {
  readonly version: Version;
  readonly current: StoredObject | undefined;
  readonly change: Change;
  readonly entry: Uint8Array;
}

export async function applyVersions(core: Core, received: ReceivedVersions): Promise<ReceivedOutcome> {
  const { versions, bucket: path } = received;
  if (versions.length > VERSIONS_MAX) {
    throw new EfsError("LIMIT", `${versions.length} versions at once, the limit is ${VERSIONS_MAX}`);
  }
  for (const version of versions) checkVersion(version);
  const state = received.state;
  const beside = state && stateWrite(parseServiceName(state.service), state.key, state.value);
  await core.guard.admit(0);
  await requireContent(core, versions);
  await requireWithin(core, rootsOf(versions), core.lengths);
  const bucket = await core.buckets.open(path);
  const rounds = roundsOf(versions);
  let applied = 0;
  let isStateKept = beside === undefined;
  for (const [index, round] of rounds.entries()) {
    const names = round.map((version) => version.object).sort();
    const last = index === rounds.length - 1 ? beside : undefined;
    const done = await lockAll(core, bucket, names, () =>
      applyRound(core, path, { ...received, versions: round }, last),
    );
    applied += done.applied;
    isStateKept ||= done.isBesideWritten;
  }
  if (!isStateKept && beside !== undefined) await core.guard.commit({ writes: [beside] });
  return { applied, alreadyThere: versions.length - applied };
}

interface RoundOutcome {
  /** How many versions were new. */
  readonly applied: number;
  readonly isBesideWritten: boolean;
}

/** Versions of different objects, committed in as few batches as they fit into; `beside` goes with the last. */
async function applyRound(
  core: Core,
  path: BucketPath,
  received: ReceivedVersions,
  beside: Write | undefined,
): Promise<RoundOutcome> {
  let rest = received.versions;
  let applied = 0;
  for (let attempt = 0; attempt < COMMIT_ATTEMPTS_MAX; attempt += 1) {
    const bucket = await core.buckets.open(path);
    const groups = groupsOf(await planRound(core, received, bucket, rest));
    const failed: Version[] = [];
    let isBesideWritten = false;
    for (const [index, group] of groups.entries()) {
      const isLast = index === groups.length - 1 && failed.length === 0;
      const outcome = await core.guard.commit(batchOf(bucket, group, isLast ? beside : undefined));
      if (!outcome.isCommitted) failed.push(...group.map(({ version }) => version));
      else applied += group.length;
      isBesideWritten = outcome.isCommitted && isLast && beside !== undefined;
    }
    if (failed.length === 0) return { applied, isBesideWritten };
    core.buckets.forget(path);
    rest = failed;
  }
  throw contended(`bucket ${formatBucketPath(path)}`);
}

async function planRound(
  core: Core,
  received: ReceivedVersions,
  bucket: OpenBucket,
  versions: readonly Version[],
): Promise<readonly Planned[]> {
  const objects = await readObjects(
    core.records,
    bucket,
    versions.map((version) => version.object),
  );
  const loggedMs = nowMs(core);
  const planned: Planned[] = [];
  for (const [index, version] of versions.entries()) {
    const current = objects[index];
    const change = await planChange(core.records, bucket, current, version);
    if (change === undefined) continue;
    // A clock far ahead must not carry ours away; generations still order what is written after this version.
    const isTrusted = await core.hybridClock.observe(version.uvid);
    if (!isTrusted)
      core.log.warn({ object: version.object, version: version.uvid }, "a version is from the future");
    planned.push({
      version,
      current,
      change,
      entry: encodeEntry({ version, current, loggedMs, via: received.via }),
    });
  }
  return planned;
}

function groupsOf(planned: readonly Planned[]): ReadonlyArray<readonly Planned[]> {
  const groups: Planned[][] = [];
  let [operations, sizeBytes] = [Number.POSITIVE_INFINITY, 0];
  for (const item of planned) {
    const writes = item.change.writes;
    const itemOperations = writes.length + 2;
    const itemBytes =
      writes.reduce((sum, write) => sum + bytesOf(write), 0) + item.entry.length + checkBytesOf(item);
    const isFull =
      operations + itemOperations > BATCH_OPERATIONS_MAX - BATCH_SLACK_OPERATIONS ||
      sizeBytes + itemBytes > BATCH_BYTES_MAX - BATCH_SLACK_BYTES;
    if (isFull) {
      groups.push([]);
      [operations, sizeBytes] = [0, 0];
    }
    groups.at(-1)?.push(item);
    operations += itemOperations;
    sizeBytes += itemBytes;
  }
  return groups;
}

function batchOf(bucket: OpenBucket, group: readonly Planned[], beside: Write | undefined): Batch {
  const objectDelta = group.reduce((sum, { change }) => sum + change.objectDelta, 0);
  const sizeDelta = group.reduce((sum, { change }) => sum + change.sizeDelta, 0);
  return {
    checks: [
      bucket.check,
      ...group.map(({ current, change }) => ({ key: change.key, expected: current?.bytes })),
    ],
    writes: [...group.flatMap(({ change }) => change.writes), ...(beside === undefined ? [] : [beside])],
    adds: countersOf(bucket, objectDelta, sizeDelta),
    appends: group.map(({ entry }) => ({ log: bucket.keys.log, value: entry })),
  };
}

/** Each round has an object at most once; rounds keep the order in which an object's versions came. */
function roundsOf(versions: readonly Version[]): ReadonlyArray<readonly Version[]> {
  const rounds: Version[][] = [];
  const seen = new Map<ObjectName, number>();
  for (const version of versions) {
    const index = seen.get(version.object) ?? 0;
    seen.set(version.object, index + 1);
    const round = rounds[index];
    if (round === undefined) rounds.push([version]);
    else round.push(version);
  }
  return rounds;
}

/** Holds the locks of all names; they are sorted, so that two holders never wait for each other. */
function lockAll<T>(
  core: Core,
  bucket: OpenBucket,
  names: readonly ObjectName[],
  task: () => Promise<T>,
): Promise<T> {
  const lockFrom = (index: number): Promise<T> => {
    const name = names[index];
    if (name === undefined) return task();
    return core.objectLocks.run(bucket.record.logId + name, () => lockFrom(index + 1));
  };
  return lockFrom(0);
}

function rootsOf(versions: readonly Version[]): readonly Reference[] {
  return versions.flatMap(({ content }) => rootReferences(content));
}

function checkVersion(version: Version): void {
  const isSound = version.isDeleted
    ? version.content.kind === "none" && version.sizeBytes === 0
    : rootSizeBytes(version.content) === version.sizeBytes;
  if (isSound) return;
  throw new EfsError(
    "RECORD_CORRUPT",
    `the size of version ${version.uvid} of "${escapeName(version.object)}" does not fit its content`,
    { details: { object: version.object, version: version.uvid } },
  );
}

function bytesOf(write: Write): number {
  return write.key.length + (write.value?.length ?? 0);
}

function checkBytesOf(item: Planned): number {
  return item.change.key.length + (item.current?.bytes.length ?? 0);
}
