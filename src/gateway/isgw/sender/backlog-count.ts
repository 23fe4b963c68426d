/**
 * What waits in a bucket's log, exactly: adds up the sizes of entries as they are logged, once each, and takes off what is
 * acknowledged. Keeps one number for each entry that waits.
 */
import type { BucketPath } from "../../../model/names.ts";
import type { Replication } from "../../../segment/replication.ts";

const PAGE = 1000;
/** Entries added up in one look; a long log is caught up with in a few. */
const LOOK_ENTRIES_MAX = 20_000;
/** The front of the sizes is dropped when this many of them are done with. */
const DROP_MIN = 4096;

export interface Backlog {
  readonly versions: number;
  readonly bytes: number;
  /** Wall clock when the oldest of them was logged. */
  readonly oldestLoggedMs: number | undefined;
}

export class BacklogCount {
  readonly #replication: Replication;
  readonly #bucket: BucketPath;
  /** Sizes of the entries behind #base, in order; those before #done are acknowledged. */
  #sizes: number[] = [];
  #base = 0n;
  #done = 0;
  #bytes = 0;
  /** The entry at this position is the oldest that waits; looked at again only when it is another. */
  #oldest: { readonly position: bigint; readonly loggedMs: number } | undefined;

  constructor(replication: Replication, bucket: BucketPath) {
    this.#replication = replication;
    this.#bucket = bucket;
  }

  /** What lies behind `acked`. @throws BUCKET_NOT_FOUND */
  async look(acked: bigint): Promise<Backlog> {
    const { position: head } = await this.#replication.logHead(this.#bucket);
    const isKnown =
      acked >= this.#base + BigInt(this.#done) && acked <= this.#base + BigInt(this.#sizes.length);
    if (isKnown) this.#acknowledge(acked);
    else this.#restart(acked);
    await this.#addUp(head);
    if (head <= acked) return { versions: 0, bytes: 0, oldestLoggedMs: undefined };
    return {
      versions: Number(head - acked),
      bytes: this.#bytes,
      oldestLoggedMs: await this.#oldestMs(acked + 1n),
    };
  }

  #restart(acked: bigint): void {
    this.#sizes = [];
    this.#base = acked;
    this.#done = 0;
    this.#bytes = 0;
  }

  #acknowledge(acked: bigint): void {
    const done = Number(acked - this.#base);
    while (this.#done < done) {
      this.#bytes -= this.#sizes[this.#done] ?? 0;
      this.#done += 1;
    }
    if (this.#done < DROP_MIN) return;
    this.#sizes = this.#sizes.slice(this.#done);
    this.#base += BigInt(this.#done);
    this.#done = 0;
  }

  async #addUp(head: bigint): Promise<void> {
    for (let looked = 0; looked < LOOK_ENTRIES_MAX; looked += PAGE) {
      const counted = this.#base + BigInt(this.#sizes.length);
      if (counted >= head) return;
      const entries = await this.#replication.readLog(this.#bucket, counted, PAGE);
      for (const entry of entries) {
        const sizeBytes = entry.kind === "version" ? entry.sizeBytes : 0;
        this.#sizes.push(sizeBytes);
        this.#bytes += sizeBytes;
      }
      if (entries.length < PAGE) return;
    }
  }

  async #oldestMs(position: bigint): Promise<number | undefined> {
    if (this.#oldest?.position !== position) {
      const [entry] = await this.#replication.readLog(this.#bucket, position - 1n, 1);
      this.#oldest = entry === undefined ? undefined : { position, loggedMs: entry.loggedMs };
    }
    return this.#oldest?.loggedMs;
  }
}
