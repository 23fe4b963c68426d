/**
 * One bucket on one connection: opens it at the receiver, decides from the receiver's mark, then walks or follows the log,
 * handing batches to the session as long as there is room. Marks what was acknowledged.
 */
import type { Clock } from "../../../base/clock.ts";
import { EfsError } from "../../../base/errors.ts";
import type { SegmentId } from "../../../model/ids.ts";
import { escapeName, formatBucketPath, type ObjectName } from "../../../model/names.ts";
import type { Replication } from "../../../segment/replication.ts";
import type { LogPoint, Mark } from "../position/mark.ts";
import { type FoundBucket, headOf, uvidAt } from "../position/marker.ts";
import { type Plan, planFrom } from "../position/plan.ts";
import type { SenderSettings } from "../settings.ts";
import type { StateStore } from "../state-store.ts";
import type { BucketBoard } from "../status.ts";
import type { Applied, Opened } from "../wire/messages.ts";
import { Alarm } from "./alarm.ts";
import { BacklogCount } from "./backlog-count.ts";
import { PassProgress } from "./pass-progress.ts";
import {
  type FeedItem,
  logItems,
  oneVersion,
  PAGE_ENTRIES,
  type PackedBatch,
  packBatches,
  walkItems,
} from "./source.ts";

/** The log is looked at this often even when no hint comes. */
const POLL_MS = 1000;
const OWED_MS = 60_000;
/** What waits is counted at most this often while something does. */
const COUNT_MS = 250;

export interface FeedOptions {
  readonly replication: Replication;
  readonly states: StateStore;
  readonly clock: Clock;
  readonly settings: SenderSettings;
  readonly peer: SegmentId;
  readonly bucket: FoundBucket;
  readonly board: BucketBoard;
  /** Aborts when the channel or the connection is over. */
  readonly signal: AbortSignal;
  summary(): Promise<{ readonly objectCount: number; readonly sizeBytes: number }>;
  /** Resolves with the receiver's answer. */
  open(): Promise<Opened>;
  /** Resolves when the batch is on its way; waits for room. */
  send(batch: PackedBatch): Promise<void>;
}

export class Feed {
  readonly #options: FeedOptions;
  readonly #alarm: Alarm;
  readonly #progress: PassProgress;
  readonly #count: BacklogCount;
  /** The receiver's mark as far as it was acknowledged. */
  #acked: Mark | undefined;
  #ackedDirty = false;
  #lastSentMs = Number.NEGATIVE_INFINITY;
  #owedLookedMs = Number.NEGATIVE_INFINITY;
  #countedMs = Number.NEGATIVE_INFINITY;
  /** The log grew since it was last counted. */
  #hasGrown = true;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock);
    this.#count = new BacklogCount(options.replication, options.bucket.path);
    this.#progress = new PassProgress(options.board, options.clock);
  }

  get path(): string {
    return formatBucketPath(this.#options.bucket.path);
  }

  /** Until the signal aborts. @throws BUCKET_NOT_FOUND when the bucket went away, or what the receiver closed it with */
  async run(): Promise<void> {
    const { replication, bucket, signal, board } = this.#options;
    const unwatch = replication.watchLog(bucket.path, () => {
      this.#hasGrown = true;
      this.#alarm.ring();
    });
    signal.addEventListener("abort", () => this.#alarm.ring(), { once: true });
    try {
      const opened = await this.#options.open();
      board.problem = undefined;
      this.#acked = opened.mark;
      await this.#carryOut(await this.#plan(opened.mark));
    } finally {
      unwatch();
    }
  }

  /** The receiver has made a batch durable. */
  async onApplied(batch: PackedBatch, applied: Applied): Promise<void> {
    const { board, clock, states, bucket } = this.#options;
    board.counters.add("versionManifests", applied.newVersions);
    board.counters.add("alreadyThereVersions", applied.alreadyThere);
    board.counters.add("alreadyThereChunks", applied.foundPieces);
    board.counters.add("alreadyThereBytes", applied.foundBytes);
    board.counters.add("annotations", applied.annotated);
    board.counters.add("expunges", applied.expunged);
    board.counters.add("refusedExpunges", applied.refused);
    if (batch.newestLoggedMs !== undefined)
      board.appliedDelayMs = Math.max(0, clock.wallMs() - batch.newestLoggedMs);
    if (batch.pays !== undefined && applied.leftOut === 0) {
      board.problem = undefined;
      await states.settle(bucket.record.logId, batch.pays);
    }
    if (batch.mark === undefined) return;
    this.#acked = batch.mark;
    this.#ackedDirty = true;
    this.#progress.advance(batch);
    if (batch.mark.kind === "following") board.pass = undefined;
    this.#alarm.ring();
  }

  /** Writes down what was acknowledged. */
  async save(): Promise<void> {
    if (!this.#ackedDirty || this.#acked === undefined) return;
    this.#ackedDirty = false;
    const { states, bucket } = this.#options;
    await states.setAcked(bucket.record.logId, this.#acked);
    if (this.#acked.kind === "walking")
      await states.setWalked(bucket.record.logId, this.#progress.doneWeight);
  }

  /** True while something waits or may wait. */
  get isBehind(): boolean {
    const { backlog } = this.#options.board;
    return this.#hasGrown || (this.#options.settings.replication !== "initial" && backlog.versions > 0);
  }

  /** Counts what waits, if that may have changed. */
  async #countBacklog(): Promise<void> {
    const { clock, board } = this.#options;
    const mark = this.#acked;
    const sinceMs = clock.monotonicMs() - this.#countedMs;
    if (mark === undefined || (sinceMs < COUNT_MS && board.backlog.versions > 0)) return;
    if (!this.#hasGrown && board.backlog.versions === 0) return;
    this.#countedMs = clock.monotonicMs();
    this.#hasGrown = false;
    const backlog = await this.#count.look(mark.kind === "following" ? mark.at.position : mark.head.position);
    board.backlog = { versions: backlog.versions, bytes: backlog.bytes };
    board.oldestWaitingMs = backlog.oldestLoggedMs;
  }

  async #plan(mark: Mark | undefined): Promise<Plan> {
    const { replication, bucket, states, settings } = this.#options;
    const head = await headOf(replication, bucket.path);
    const marker = (await states.marker(bucket.record.logId)) ?? head;
    const log = { head, marker, uvidAt: (position: bigint) => uvidAt(replication, bucket.path, position) };
    return planFrom(log, mark, settings.replication);
  }

  async #carryOut(plan: Plan): Promise<void> {
    const { board, settings, signal } = this.#options;
    let from: LogPoint;
    let isEverything = true;
    if (plan.kind === "walk") {
      board.phase = "initial";
      await this.#walk(plan);
      from = plan.head;
    } else if (plan.kind === "done") {
      from = plan.at;
    } else {
      from = plan.from;
      isEverything = plan.isEverything;
      if (plan.resets) await this.#reset(plan.from);
    }
    if (signal.aborted) return;
    board.phase = settings.replication === "initial" ? "done" : "continuous";
    if (settings.replication === "initial") await this.#stand();
    else await this.#follow(from, isEverything);
  }

  /** A walk's beginning takes any mark back; following from `at` is then allowed. */
  async #reset(at: LogPoint): Promise<void> {
    const restart: Mark = { kind: "walking", head: at, name: "" };
    const follow: Mark = { kind: "following", at, isEverything: false };
    for (const markAfter of [restart, follow]) {
      await this.#send([{ markAfter, loggedMs: undefined }]);
    }
  }

  async #walk(plan: Extract<Plan, { kind: "walk" }>): Promise<void> {
    const { replication, bucket, signal, states } = this.#options;
    const doneWeight = plan.after === undefined ? 0 : await states.walked(bucket.record.logId);
    this.#progress.begin(await this.#options.summary(), doneWeight);
    if (plan.after === undefined) {
      const markAfter: Mark = { kind: "walking", head: plan.head, name: "" };
      await this.#send([{ markAfter, loggedMs: undefined }]);
    }
    let after: ObjectName | undefined = plan.after;
    while (!signal.aborted) {
      const objects = await replication.walk(bucket.path, after, PAGE_ENTRIES);
      if (objects.length === 0) break;
      await this.#head();
      await this.#send(walkItems(objects, plan.head));
      after = objects.at(-1)?.object;
    }
    if (signal.aborted) return;
    const markAfter: Mark = { kind: "following", at: plan.head, isEverything: true };
    await this.#send([{ markAfter, loggedMs: undefined }]);
  }

  async #follow(start: LogPoint, isEverything: boolean): Promise<void> {
    const { replication, bucket, signal, peer, clock } = this.#options;
    let from = start;
    while (!signal.aborted) {
      const waiting = Number((await this.#head()) - from.position);
      const dueInMs = this.#lastSentMs + this.#options.settings.intervalMs - clock.monotonicMs();
      // The first change after a quiet time goes at once; what follows gathers for an interval, or until it fills a page.
      if (waiting <= 0) await this.#rest(POLL_MS);
      else if (waiting < PAGE_ENTRIES && dueInMs > 0) await this.#rest(dueInMs);
      else {
        const entries = await replication.readLog(bucket.path, from.position, PAGE_ENTRIES);
        await this.#send(await logItems(replication, entries, { bucket: bucket.path, isEverything, peer }));
        const last = entries.at(-1);
        if (last !== undefined) from = { position: last.position, uvid: last.uvid };
      }
    }
  }

  /** The end of this bucket's log. @throws BUCKET_NOT_FOUND when it is gone, or another bucket has its name now */
  async #head(): Promise<bigint> {
    const { replication, bucket } = this.#options;
    const head = await replication.logHead(bucket.path);
    if (head.logId === bucket.record.logId) return head.position;
    throw new EfsError("BUCKET_NOT_FOUND", `bucket ${escapeName(this.path)} was made anew`);
  }

  /** Initial pass done: nothing more is sent, what is owed excepted. */
  async #stand(): Promise<void> {
    while (!this.#options.signal.aborted) {
      await this.#head();
      await this.#rest(POLL_MS);
    }
  }

  async #rest(delayMs: number): Promise<void> {
    await this.#payOwed();
    await this.#countBacklog();
    await this.#alarm.wait(delayMs);
  }

  async #send(items: readonly FeedItem[]): Promise<void> {
    this.#lastSentMs = this.#options.clock.monotonicMs();
    for (const batch of packBatches(items)) {
      if (this.#options.signal.aborted) return;
      await this.#options.send(batch);
    }
    await this.#countBacklog();
  }

  /** Tries once more what could not be read; the receiver's mark stays where it is. */
  async #payOwed(): Promise<void> {
    const { clock, states, bucket, replication } = this.#options;
    if (clock.monotonicMs() - this.#owedLookedMs < OWED_MS) return;
    this.#owedLookedMs = clock.monotonicMs();
    const owed = (await states.owed(bucket.record.logId)).slice(0, PAGE_ENTRIES);
    if (owed.length === 0) return;
    const versions = await replication.getVersions(bucket.path, owed);
    for (const [index, { uvid }] of owed.entries()) {
      const version = versions[index];
      if (version === undefined) {
        await states.settle(bucket.record.logId, uvid);
        continue;
      }
      const [annotations] = await replication.getAnnotations(bucket.path, [version]);
      await this.#options.send({ ...oneVersion(version, annotations), pays: uvid });
    }
  }
}
