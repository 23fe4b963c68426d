/**
 * One bucket that comes in on one connection: fetches the content of batches side by side, applies them in the order in which
 * they were sent, each with its mark in the same commit, and acknowledges what is durable.
 */
import { EfsError, toEfsError } from "../../../base/errors.ts";
import type { SegmentId } from "../../../model/ids.ts";
import type { BucketPath } from "../../../model/names.ts";
import type { ReceivedOutcome } from "../../../segment/replication.ts";
import type { Segment } from "../../../segment/segment.ts";
import { encodeMark, type Mark, movesOn } from "../position/mark.ts";
import type { StateStore } from "../state-store.ts";
import type { BucketBoard } from "../status.ts";
import type { BatchBody, BatchVersion } from "../wire/batch.ts";
import type { Applied } from "../wire/messages.ts";
import type { Fetcher, Found, Source } from "./fetch.ts";
import { AbsentError } from "./materialise.ts";

export interface IntakeOptions {
  readonly segment: Segment;
  readonly states: StateStore;
  readonly fetcher: Fetcher;
  readonly board: BucketBoard;
  readonly bucket: BucketPath;
  readonly peer: SegmentId;
  readonly markKey: string;
  readonly mark: Mark | undefined;
  /** The batch is durable. */
  onApplied(batch: number, applied: Applied): void;
  /** A lock here forbids a removal: it is left out for good, and the bucket goes on. */
  onRefused(error: EfsError): void;
  /** Something failed: nothing more of this bucket is taken in on this channel. Called once. */
  onFailed(error: EfsError): void;
}

const NOTHING: ReceivedOutcome = { applied: 0, alreadyThere: 0, annotated: 0, expunged: 0, refused: [] };

interface Fetched {
  readonly versions: readonly BatchVersion[];
  readonly leftOut: number;
  readonly found: Found;
}

export class Intake {
  readonly #options: IntakeOptions;
  /** The mark behind the last batch taken, applied or not. */
  #mark: Mark | undefined;
  #tail: Promise<void> = Promise.resolve();
  #hasFailed = false;
  readonly #open = new Set<number>();

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#mark = options.mark;
  }

  get openBatches(): ReadonlySet<number> {
    return this.#open;
  }

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Resolves when all that was taken is applied or failed. */
  get settled(): Promise<void> {
    return this.#tail;
  }

  /** @throws PROTOCOL when the mark would go back */
  take(batch: number, body: BatchBody): void {
    if (body.mark !== undefined) {
      if (!movesOn(this.#mark, body.mark)) throw new EfsError("PROTOCOL", "a mark goes back");
      this.#mark = body.mark;
    }
    this.#open.add(batch);
    this.#options.board.isActive = true;
    const fetched = this.#fetchAll(batch, body);
    // The batch before may fail first; this one's failure is then nobody's.
    fetched.catch(() => undefined);
    this.#tail = this.#tail.then(() => this.#finish(batch, body, fetched));
  }

  /** Gives up: batches that are not applied yet never will be on this channel. */
  fail(error: EfsError): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#options.onFailed(error);
  }

  async #finish(batch: number, body: BatchBody, fetching: Promise<Fetched>): Promise<void> {
    try {
      const fetched = await fetching;
      if (this.#hasFailed) return;
      const applied = await this.#apply(body, fetched);
      this.#open.delete(batch);
      this.#options.board.isActive = this.#open.size > 0;
      this.#options.onApplied(batch, applied);
    } catch (thrown) {
      this.fail(toEfsError(thrown));
    }
  }

  async #fetchAll(batch: number, body: BatchBody): Promise<Fetched> {
    const found: Found = { pieces: 0, bytes: 0 };
    const outcomes = await Promise.allSettled(
      body.versions.map(({ version, base }, index) => {
        const source: Source = { batch, index, base, hasBase: undefined };
        return this.#options.fetcher.fetch(version.content, source, found);
      }),
    );
    const versions: BatchVersion[] = [];
    let leftOut = 0;
    for (const [index, outcome] of outcomes.entries()) {
      const version = body.versions[index];
      if (outcome.status === "fulfilled" && version !== undefined) versions.push(version);
      else if (outcome.status === "rejected") {
        if (!(outcome.reason instanceof AbsentError)) throw outcome.reason;
        leftOut += 1;
      }
    }
    return { versions, leftOut, found };
  }

  async #apply(body: BatchBody, fetched: Fetched): Promise<Applied> {
    const { segment, states, bucket, peer, markKey, board } = this.#options;
    const versions = fetched.versions.map(({ version }) => version);
    const value = body.mark === undefined ? undefined : encodeMark(body.mark);
    const { annotations, expunges } = body;
    let outcome: ReceivedOutcome = NOTHING;
    if (versions.length + annotations.length + expunges.length > 0) {
      const state = value === undefined ? undefined : { service: states.service, key: markKey, value };
      const received = { bucket, versions, annotations, expunges, via: peer, state };
      outcome = await segment.replication.apply(received);
    } else if (value !== undefined) {
      await segment.services.putState(states.service, markKey, value);
    }
    board.counters.add("versionManifests", outcome.applied);
    board.counters.add("alreadyThereVersions", outcome.alreadyThere);
    board.counters.add("alreadyThereChunks", fetched.found.pieces);
    board.counters.add("alreadyThereBytes", fetched.found.bytes);
    board.counters.add("remoteIoErrors", fetched.leftOut);
    board.counters.add("annotations", outcome.annotated);
    board.counters.add("expunges", outcome.expunged);
    board.counters.add("refusedExpunges", outcome.refused.length);
    for (const error of outcome.refused) this.#options.onRefused(error);
    return {
      newVersions: outcome.applied,
      alreadyThere: outcome.alreadyThere,
      leftOut: fetched.leftOut,
      foundPieces: fetched.found.pieces,
      foundBytes: fetched.found.bytes,
      annotated: outcome.annotated,
      expunged: outcome.expunged,
      refused: outcome.refused.length,
    };
  }
}
