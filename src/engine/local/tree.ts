/**
 * The index under the durable map: what the journal held comes to rest here, in runs (run.ts), the older below the younger.
 * A round adds one run; merges in the background keep them few. The list (run-list.ts) alone says which files are the index.
 *
 * Invariants:
 * - A listed run is durable before the list is; a file that is not listed is nobody's and goes when the index is opened.
 * - Nothing is answered from bytes that do not match their checksums.
 * - Runs change only between turns of the event loop that read them: a range sees one state.
 */
import path from "node:path";
import { EfsError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { OrderedMap } from "../ordered-map.ts";
import { BlockCache } from "./block-cache.ts";
import type { Disk } from "./disk.ts";
import { type Health, isBusy, isNoSpace, noSpace } from "./health.ts";
import type { Change } from "./journal-frame.ts";
import { type Layer, type MapRange, mergeLayers } from "./layer.ts";
import { takeDraft, writeDraft } from "./replace-file.ts";
import { Run, type RunsOptions, runName } from "./run.ts";
import { openRunList, RUN_LIST_FILE } from "./run-directory.ts";
import { hashOf } from "./run-filter.ts";
import { encodeRunList, type RunList } from "./run-list.ts";
import { firstToMerge } from "./run-merge.ts";
import { runBytesFor, writeRun } from "./run-writer.ts";

const CACHE_BYTES = 16 * 1024 * 1024;
/** Rounds wait for merging when there are more: every get and range looks at all of them. */
const RUNS_MAX = 48;
/** At once: a large one takes minutes, and what comes to rest meanwhile has to be merged too. Each is over younger runs than the one before. */
const MERGES_MAX = 3;

export interface TreeOptions {
  readonly disk: Disk;
  /** Of the index alone; made when it is absent. */
  readonly directory: string;
  readonly salt: bigint;
  readonly health: Health;
  readonly log: Log;
}

export class Tree {
  readonly #options: TreeOptions & RunsOptions;
  /** Oldest first. */
  #runs: readonly Run[];
  #applied: bigint;
  #lastNumber: number;
  #syncCount = 0;
  /** The list that was given to the disk last. */
  #listed: Promise<void> = Promise.resolve();
  readonly #merges = new Set<Promise<void>>();
  /** Runs that are being merged. */
  readonly #busy = new Set<Run>();
  #isClosing = false;

  private constructor(options: TreeOptions & RunsOptions, list: RunList, runs: readonly Run[]) {
    this.#options = options;
    this.#runs = runs;
    this.#applied = list.applied;
    this.#lastNumber = list.numbers.reduce((last, number) => Math.max(last, number), 0);
  }

  /** @throws RECORD_CORRUPT when a file of the index is absent or damaged, IO */
  static async open(options: TreeOptions): Promise<Tree> {
    const opening = { ...options, cache: new BlockCache(CACHE_BYTES) };
    await options.disk.makeDirectory(options.directory);
    const list = await openRunList(options);
    const runs: Run[] = [];
    try {
      for (const number of list.numbers) runs.push(await Run.open(opening, number));
    } catch (error) {
      for (const run of runs) await run.close();
      throw error;
    }
    const tree = new Tree(opening, list, runs);
    tree.#mergeSoon();
    return tree;
  }

  /** The last frame of the journal that is in here; 0n for a new index. */
  get applied(): bigint {
    return this.#applied;
  }

  /** fdatasync and fsync since it was opened. */
  get syncCount(): number {
    return this.#syncCount;
  }

  /** The value, not to be changed. @throws RECORD_CORRUPT */
  get(key: string): Uint8Array | undefined {
    const hash = hashOf(key);
    for (let index = this.#runs.length - 1; index >= 0; index -= 1) {
      const change = this.#runs[index]?.find(key, hash);
      if (change !== undefined) return change[1];
    }
    return undefined;
  }

  /** A range of every run, youngest first; to be consumed or left within one turn of the event loop. @throws RECORD_CORRUPT */
  layers(range: MapRange): readonly Layer[] {
    return this.#runs.map((run) => run.range(range)).reverse();
  }

  /**
   * A round: brings changes to rest, all or none of them; durable, and seen by `get`, when it resolves. `sequence` is the
   * last frame of the journal that they come from. One call at a time.
   * @throws NO_SPACE and that too many files are open, with nothing changed; whatever else the disk says
   */
  async settle(changes: OrderedMap<Uint8Array | undefined>, sequence: bigint): Promise<void> {
    if (this.#runs.length > RUNS_MAX && this.#merges.size > 0) await Promise.race(this.#merges);
    let changeBytes = 0;
    for (const [key, value] of changes.values) changeBytes += key.length + (value?.length ?? 0);
    await this.#checkRoom(runBytesFor(changes.size, changeBytes));
    const run = await this.#write(changes.forward({}), {
      changeCountMax: changes.size,
      keepsRemoved: this.#runs.length > 0,
      pause: nextTurn,
    });
    await this.#list(run, (runs) => (run === undefined ? runs : [...runs, run]), sequence);
    this.#mergeSoon();
  }

  /** Gives up the merges that are under way. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(this.#merges);
    for (const run of this.#runs) await run.close();
  }

  #mergeSoon(): void {
    if (this.#merges.size >= MERGES_MAX || this.#firstToMerge(0) === undefined) return;
    const merge = this.#mergeAll().finally(() => this.#merges.delete(merge));
    this.#merges.add(merge);
  }

  #firstToMerge(from: number): number | undefined {
    if (this.#isClosing || !this.#options.health.isWritable) return undefined;
    const free = this.#runs.findLastIndex((run) => this.#busy.has(run)) + 1;
    return firstToMerge(this.#runs, Math.max(from, free));
  }

  /** Merges as long as it is time to. What is in the way waits for the next round, or ends all writing. */
  async #mergeAll(): Promise<void> {
    const { health, log } = this.#options;
    let from = 0;
    for (;;) {
      const first = this.#firstToMerge(from);
      if (first === undefined) return;
      const merged = this.#runs.slice(first);
      for (const run of merged) this.#busy.add(run);
      try {
        await this.#merge(merged, first === 0);
      } catch (error) {
        if (error instanceof GivenUp) return;
        const cause = error instanceof Error ? error.message : String(error);
        if (isNoSpace(error)) {
          log.warn({ cause }, "large runs of the index are not merged: no room");
          from = first + 1;
          continue;
        }
        if (isBusy(error)) return void log.warn({ cause }, "runs of the index are not merged now");
        // A run that is damaged is left alone from now on; what can be read of it is served.
        const isDamage = error instanceof EfsError && error.code === "RECORD_CORRUPT";
        if (!isDamage || !merged.some((run) => run.isDamaged))
          return void health.fail("merging the index", error);
        log.error({ cause }, "a run of the index is damaged: restore the data directory");
      } finally {
        for (const run of merged) this.#busy.delete(run);
      }
    }
  }

  async #merge(merged: readonly Run[], hasOldest: boolean): Promise<void> {
    const { disk, log } = this.#options;
    const sum = (of: (run: Run) => number) => merged.reduce((total, run) => total + of(run), 0);
    // Twice, so that what others write is not refused for a merge.
    await this.#checkRoom(2 * sum((run) => run.sizeBytes));
    const layers = merged.map((run) => run.all()).reverse();
    const run = await this.#write(mergeLayers(layers, false), {
      changeCountMax: sum((each) => each.changeCount),
      keepsRemoved: !hasOldest,
      pause: async () => {
        await nextTurn();
        if (this.#isClosing) throw new GivenUp();
      },
    });
    await this.#list(run, (runs) => {
      const at = runs.indexOf(merged[0] as Run);
      return [...runs.slice(0, at), ...(run === undefined ? [] : [run]), ...runs.slice(at + merged.length)];
    });
    for (const old of merged) {
      await old.remove(disk).catch((error: unknown) => {
        log.warn({ cause: String(error) }, "a file of the index that is not needed any more stays");
      });
    }
  }

  /** A new run, durable and not listed yet; undefined when there is nothing to write. */
  async #write(
    changes: Iterable<Change>,
    how: {
      readonly changeCountMax: number;
      readonly keepsRemoved: boolean;
      readonly pause: () => Promise<void>;
    },
  ): Promise<Run | undefined> {
    const { disk, directory, salt } = this.#options;
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    const name = path.join(directory, runName(number));
    const file = await disk.open(name, { create: true });
    try {
      const sync = () => this.#sync(() => file.sync());
      const isWritten = await writeRun(changes, { ...how, file, salt, number, sync });
      await file.close();
      if (isWritten) {
        await this.#sync(() => disk.syncDirectory(directory));
        return await Run.open(this.#options, number);
      }
    } catch (error) {
      await file.close().catch(() => {});
      await disk.remove(name).catch(() => {});
      throw error;
    }
    await disk.remove(name);
    return undefined;
  }

  /** Makes another list durable, then current; a new run that cannot be listed goes. One after another. */
  #list(
    added: Run | undefined,
    change: (runs: readonly Run[]) => readonly Run[],
    applied?: bigint,
  ): Promise<void> {
    const listed = this.#listed.then(() => this.#replaceList(added, change(this.#runs), applied));
    this.#listed = listed.catch(() => {});
    return listed;
  }

  async #replaceList(added: Run | undefined, runs: readonly Run[], applied = this.#applied): Promise<void> {
    const { disk, directory, salt, health } = this.#options;
    const name = path.join(directory, RUN_LIST_FILE);
    try {
      health.checkWritable();
      const bytes = encodeRunList({ applied, numbers: runs.map((run) => run.number) }, salt);
      await this.#sync(() => writeDraft(disk, name, bytes));
    } catch (error) {
      await added?.remove(disk).catch(() => {});
      throw error;
    }
    try {
      await this.#sync(() => takeDraft(disk, name));
    } catch (error) {
      // Which of both lists is there now is not known, so neither's runs may go.
      await added?.close().catch(() => {});
      throw health.fail("listing the runs of the index", error);
    }
    this.#runs = runs;
    this.#applied = applied;
  }

  async #checkRoom(neededBytes: number): Promise<void> {
    const { disk, directory } = this.#options;
    if ((await disk.freeBytes(directory)) < neededBytes) throw noSpace(undefined);
  }

  #sync(task: () => Promise<void>): Promise<void> {
    this.#syncCount += 1;
    return task();
  }
}

class GivenUp extends Error {}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
