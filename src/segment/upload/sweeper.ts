/**
 * Removes the parts of uploads that are over, behind everyone's back. The mark of such an upload is written in the commit that ends it, so a crash
 * leaves nothing lying: what is marked is swept at the next start.
 */
import { toEfsError } from "../../base/errors.ts";
import type { Check, Write } from "../../engine/meta-store.ts";
import { type Core, scanAll } from "../core/core.ts";
import {
  type BucketKeys,
  bucketKeysOf,
  partsPrefix,
  rangeOf,
  SWEEP_PREFIX,
  sweepKey,
  UPLOAD_ID_BYTES,
} from "../keys.ts";

const SWEEP_RECORDS_MAX = 500;
const SWEEP_MARK = Uint8Array.of(1);

export class Sweeper {
  readonly #core: Core;
  #tail: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(core: Core) {
    this.#core = core;
  }

  /** For the commit that ends the upload. */
  mark(keys: BucketKeys, id: Uint8Array): Write {
    return { key: sweepKey(keys, id), value: SWEEP_MARK };
  }

  /** Queues an upload whose mark is durable. */
  sweep(keys: BucketKeys, id: Uint8Array): void {
    this.#tail = this.#tail
      .then(() => this.#sweep(keys, id))
      .catch((thrown: unknown) => {
        const { code, message } = toEfsError(thrown);
        this.#core.log.warn({ code, message }, "removing the parts of an upload goes on at the next start");
      });
  }

  /** Queues what a crash left. To be called once. */
  async recover(): Promise<void> {
    for await (const { key } of scanAll(this.#core.records, rangeOf(SWEEP_PREFIX))) {
      const id = key.slice(key.length - UPLOAD_ID_BYTES);
      this.sweep(bucketKeysOf(key.slice(SWEEP_PREFIX.length, key.length - UPLOAD_ID_BYTES)), id);
    }
  }

  /** Resolves when all that was queued is removed. */
  async idle(): Promise<void> {
    await this.#tail;
  }

  /** Ends after the batch under way; what is left goes on at the next start. */
  async close(): Promise<void> {
    this.#isStopped = true;
    await this.#tail;
  }

  async #sweep(keys: BucketKeys, id: Uint8Array): Promise<void> {
    const mark: Check = { key: sweepKey(keys, id), expected: SWEEP_MARK };
    const range = rangeOf(partsPrefix(keys, id));
    for (let isDone = false; !isDone; ) {
      if (this.#isStopped) return;
      const page = await this.#core.records.scan({ ...range, limit: SWEEP_RECORDS_MAX });
      const writes: Write[] = page.records.map(({ key }) => ({ key, value: undefined }));
      // No part can come any more: each is committed with the check that its upload is open.
      isDone = !page.isTruncated;
      if (isDone) writes.push({ key: mark.key, value: undefined });
      const outcome = await this.#core.guard.commit({ checks: [mark], writes });
      if (!outcome.isCommitted) return;
    }
  }
}
