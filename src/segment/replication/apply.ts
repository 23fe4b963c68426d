/**
 * Taking in what another segment made. Invariants: each change is stored and logged once however often it comes; the result does
 * not depend on the order (object/kept.ts, model/annotation-merge.ts); a version is taken in only when all its content is here, and
 * in one commit with the annotations that came with it; `state` becomes durable with or after the last change, never before.
 */
import { EfsError } from "../../base/errors.ts";
import type { Write } from "../../engine/meta-store.ts";
import { escapeName, formatBucketPath, type ObjectName, parseServiceName } from "../../model/names.ts";
import { type Reference, rootSizeBytes } from "../../model/reference.ts";
import type { Version } from "../../model/version.ts";
import { rootReferences } from "../chunk/tree-slice.ts";
import { requireWithin } from "../content/content-lengths.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { COMMIT_ATTEMPTS_MAX, type Core, contended } from "../core/core.ts";
import { commitChanges } from "../object/commit.ts";
import type { ReceivedOutcome, ReceivedVersions, VersionAnnotations } from "../replication.ts";
import { stateWrite } from "../service/service-store.ts";
import { inVault, requireSameVault } from "../vault/in-vault.ts";
import { groupsOf, type Planned } from "./commit-groups.ts";
import { requireContent } from "./pieces.ts";
import { type Item, type Plan, planRound } from "./plan-received.ts";

const ITEMS_MAX = 500;

export async function applyVersions(core: Core, received: ReceivedVersions): Promise<ReceivedOutcome> {
  const { versions, annotations = [], expunges = [] } = received;
  for (const items of [versions, annotations, expunges]) checkCount(items.length);
  for (const version of versions) checkVersion(version);
  const state = received.state;
  const beside = state && stateWrite(parseServiceName(state.service), state.key, state.value);
  // What only removes or annotates must be possible when space is low.
  if (versions.length > 0) await core.guard.admit(0);
  else core.guard.assertNotReadOnly();
  const bucket = await core.buckets.open(received.bucket);
  const contentCore = inVault(core, bucket);
  await requireContent(contentCore, versions);
  await requireWithin(contentCore, rootsOf(versions), contentCore.lengths);
  const task = new Task(core, received, bucket);
  const given = new Map(annotations.map((of) => [of.uvid, of]));
  const isAlone = annotations.length === 0 && expunges.length === 0;
  await task.run(
    versions.map((version) => ({ kind: "version", version, annotations: given.get(version.uvid) })),
    isAlone ? beside : undefined,
  );
  const late = annotations.filter((of) => !task.isWritten(of));
  await task.run(
    late.map((of) => ({ kind: "annotation", annotations: of })),
    expunges.length === 0 ? beside : undefined,
  );
  await task.run(
    expunges.map((expunge) => ({ kind: "expunge", expunge })),
    beside,
  );
  if (beside !== undefined && !task.isBesideWritten) await core.guard.commit({ writes: [beside] });
  return task.outcome(versions.length);
}

/** One call of `apply`: passes over its items, and what became of them. */
class Task {
  readonly #core: Core;
  readonly #received: ReceivedVersions;
  /** As it was when the content was found in it. */
  readonly #storedFor: OpenBucket;
  /** Annotations that were written in the commit of their version. */
  readonly #written = new Set<VersionAnnotations>();
  readonly #refused: EfsError[] = [];
  readonly #counts = { version: 0, annotation: 0, expunge: 0 };
  isBesideWritten = false;

  constructor(core: Core, received: ReceivedVersions, storedFor: OpenBucket) {
    this.#core = core;
    this.#storedFor = storedFor;
    this.#received = received;
  }

  isWritten(annotations: VersionAnnotations): boolean {
    return this.#written.has(annotations);
  }

  outcome(versionCount: number): ReceivedOutcome {
    const { version, annotation, expunge } = this.#counts;
    return {
      applied: version,
      alreadyThere: versionCount - version,
      annotated: annotation,
      expunged: expunge,
      refused: this.#refused,
    };
  }

  /** `beside` goes with the last commit, if any is needed. */
  async run(items: readonly Item[], beside: Write | undefined): Promise<void> {
    if (items.length === 0) return;
    const bucket = await this.#core.buckets.open(this.#received.bucket);
    const rounds = roundsOf(items);
    for (const [index, round] of rounds.entries()) {
      const names = round.map(nameOf).sort();
      const last = index === rounds.length - 1 ? beside : undefined;
      await lockAll(this.#core, bucket, names, () => this.#applyRound(round, last));
    }
  }

  /** Items about different objects, committed in as few batches as they fit into. */
  async #applyRound(round: readonly Item[], beside: Write | undefined): Promise<void> {
    const { bucket: path } = this.#received;
    let rest = round;
    for (let attempt = 0; attempt < COMMIT_ATTEMPTS_MAX; attempt += 1) {
      const bucket = await this.#core.buckets.open(path);
      requireSameVault(this.#storedFor, bucket);
      const plan = await planRound(this.#core, bucket, { items: rest, via: this.#received.via });
      const failed = await this.#commitAll(bucket, plan, beside);
      if (failed.length === 0) {
        this.#refused.push(...plan.refused);
        return;
      }
      this.#core.buckets.forget(path);
      rest = failed;
    }
    throw contended(`bucket ${formatBucketPath(path)}`);
  }

  /** The items whose commit met a change meanwhile; those that are refused are looked at again with them. */
  async #commitAll(bucket: OpenBucket, plan: Plan, beside: Write | undefined): Promise<readonly Item[]> {
    const failed: Item[] = [];
    const groups = groupsOf(plan.planned);
    for (const [index, group] of groups.entries()) {
      const isLast = index === groups.length - 1 && failed.length === 0;
      const written = isLast ? beside : undefined;
      const outcome = await commitChanges(this.#core, bucket, {
        changes: group.flatMap(({ change }) => change ?? []),
        entries: group.map(({ entry }) => entry),
        checks: group.flatMap(({ checks }) => checks),
        writes: [...group.flatMap(({ writes }) => writes), ...(written === undefined ? [] : [written])],
        isFree: group.every(({ item }) => item.kind !== "version"),
      });
      if (!outcome.isCommitted) {
        failed.push(...group.map(({ item }) => item));
        continue;
      }
      for (const done of group) this.#onDone(done);
      this.isBesideWritten ||= written !== undefined;
    }
    return failed.length === 0 ? failed : [...failed, ...plan.refusedItems];
  }

  #onDone({ item }: Planned): void {
    this.#counts[item.kind] += 1;
    if (item.kind === "version" && item.annotations !== undefined) this.#written.add(item.annotations);
  }
}

function nameOf(item: Item): ObjectName {
  if (item.kind === "version") return item.version.object;
  return item.kind === "annotation" ? item.annotations.object : item.expunge.object;
}

/** Each round has an object at most once; rounds keep the order in which an object's items came. */
function roundsOf(items: readonly Item[]): ReadonlyArray<readonly Item[]> {
  const rounds: Item[][] = [];
  const seen = new Map<ObjectName, number>();
  for (const item of items) {
    const name = nameOf(item);
    const index = seen.get(name) ?? 0;
    seen.set(name, index + 1);
    const round = rounds[index];
    if (round === undefined) rounds.push([item]);
    else round.push(item);
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

function checkCount(count: number): void {
  if (count > ITEMS_MAX) {
    throw new EfsError("LIMIT", `${count} changes of a kind at once, the limit is ${ITEMS_MAX}`);
  }
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
