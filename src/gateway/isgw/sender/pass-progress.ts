/** How far an initial pass or a full compare is: the share of the bucket's objects, weighed by their size. */
import type { Clock } from "../../../base/clock.ts";
import type { BucketBoard } from "../status.ts";
import type { PackedBatch } from "./source.ts";

/** What an object costs beside its bytes. */
const OBJECT_WEIGHT = 4096;

export class PassProgress {
  readonly #board: BucketBoard;
  readonly #clock: Clock;
  #total = 0;
  #done = 0;

  constructor(board: BucketBoard, clock: Clock) {
    this.#board = board;
    this.#clock = clock;
  }

  get doneWeight(): number {
    return this.#done;
  }

  /** `doneWeight`: what an earlier connection did of the same pass. */
  begin(bucket: { readonly objectCount: number; readonly sizeBytes: number }, doneWeight: number): void {
    this.#total = bucket.sizeBytes + bucket.objectCount * OBJECT_WEIGHT;
    this.#done = doneWeight;
    const share = this.#share();
    this.#board.pass = { share, startShare: share, startedMs: this.#clock.wallMs() };
  }

  advance(batch: PackedBatch): void {
    const pass = this.#board.pass;
    if (pass === undefined) return;
    for (const { version } of batch.versions) this.#done += version.sizeBytes + OBJECT_WEIGHT;
    pass.share = this.#share();
  }

  #share(): number {
    return this.#total === 0 ? 0 : Math.min(1, this.#done / this.#total);
  }
}
