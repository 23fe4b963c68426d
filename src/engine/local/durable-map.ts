/**
 * An ordered map of small values that is durable: the one place where the engine's records, log heads and chunk index
 * are kept. Changes are planned in memory, made durable in the journal (all that wait share one sync), become visible,
 * and come to rest in the tree in the background. Keys are byte text; their first character is the table.
 *
 * Invariants:
 * - A plan's changes are visible to `get` and `range` only when they are durable, and then all at once.
 * - Plans take effect one after another, in the order of the calls.
 * - What is visible = the tree, with the overlay over it. The overlay holds what the tree may lack; the journal holds
 *   all of the overlay. So replaying the journal over the tree, whole or in part applied, gives the same map.
 */
import { EfsError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Disk } from "./disk.ts";
import { Gaps } from "./gaps.ts";
import type { Health } from "./health.ts";
import { JOURNAL_FILE_BYTES, Journal } from "./journal.ts";
import { type Change, encodeChanges } from "./journal-frame.ts";
import { type MapRange, mergeLayers } from "./layer.ts";
import { Overlay } from "./overlay.ts";
import { Settler } from "./settler.ts";
import type { Tree } from "./tree.ts";

/** A group is closed to further plans when it holds this much. */
const GROUP_BYTES = 4 * 1024 * 1024;

/** What a plan sees and changes: the map with all plans before it done. */
export interface PlanView {
  get(key: string): Uint8Array | undefined;
  /** undefined removes. The value must not be changed afterwards. */
  set(key: string, value: Uint8Array | undefined): void;
}

export interface DurableMapOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly tree: Tree;
  readonly salt: bigint;
  readonly health: Health;
  readonly log: Log;
  /** undefined: JOURNAL_FILE_BYTES. */
  readonly journalFileBytes?: number | undefined;
}

export class DurableMap {
  readonly #health: Health;
  readonly #tree: Tree;
  readonly #journal: Journal;
  readonly #overlay: Overlay;
  readonly #settler: Settler;
  readonly #gaps = new Gaps();
  /** Planned and not yet durable, in order: the first may be on its way to the disk. */
  #groups: Group[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;

  private constructor(options: DurableMapOptions, journal: Journal, overlay: Overlay) {
    this.#health = options.health;
    this.#tree = options.tree;
    this.#journal = journal;
    this.#overlay = overlay;
    this.#settler = new Settler({ tree: options.tree, journal, overlay, health: options.health });
  }

  /** Takes over the tree: closes it when opening fails. @throws RECORD_CORRUPT when the journal is damaged. */
  static async open(options: DurableMapOptions): Promise<DurableMap> {
    try {
      return await DurableMap.#replay(options);
    } catch (error) {
      await options.tree.close();
      throw error;
    }
  }

  static async #replay(options: DurableMapOptions): Promise<DurableMap> {
    const overlay = new Overlay();
    const { applied } = options.tree;
    let changeCount = 0;
    const fileBytes = options.journalFileBytes ?? JOURNAL_FILE_BYTES;
    const journal = await Journal.open({ ...options, applied, fileBytes }, (changes) => {
      for (const [key, value] of changes) overlay.set(key, value);
      changeCount += changes.length;
    });
    if (changeCount > 0) options.log.info({ changeCount }, "took up what the last run left in the journal");
    return new DurableMap(options, journal, overlay);
  }

  /** The value, not to be changed. @throws RECORD_CORRUPT */
  get(key: string): Uint8Array | undefined {
    const overlaid = this.#overlay.get(key);
    if (overlaid !== undefined || this.#overlay.has(key)) return overlaid;
    return this.#tree.get(key);
  }

  /** To be consumed or returned within one turn of the event loop. @throws RECORD_CORRUPT */
  *range(range: MapRange): Generator<readonly [key: string, value: Uint8Array]> {
    const rest = this.#gaps.narrowed(range);
    if (rest.from >= rest.to) return;
    const layers = [...this.#overlay.layers(rest), ...this.#tree.layers(rest)];
    let removedCount = 0;
    let isFirst = true;
    for (const change of mergeLayers(layers, rest.isBackward)) {
      if (change[1] === undefined) removedCount += 1;
      else {
        if (isFirst) this.#gaps.met(range, removedCount, change[0]);
        isFirst = false;
        yield change as readonly [string, Uint8Array];
      }
    }
    if (isFirst) this.#gaps.met(range, removedCount, undefined);
  }

  /**
   * Runs `plan` at once, over all plans before it, and resolves with what it returned once its changes are durable and
   * visible. A plan that throws changes nothing and rejects alone; when a group cannot be made durable, the plans after
   * it, which have seen its changes, fail with it.
   * @throws NO_SPACE, READ_ONLY, IO, SHUTTING_DOWN
   */
  async commit<T>(plan: (view: PlanView) => T): Promise<T> {
    if (this.#isClosed) throw new EfsError("SHUTTING_DOWN", "the engine is closed");
    this.#health.checkWritable();
    const group = this.#openGroup();
    const result = group.plan(plan);
    this.#running ??= this.#run();
    await group.done;
    return result;
  }

  syncCount(): number {
    return this.#journal.syncCount + this.#tree.syncCount;
  }

  /** Brings everything to rest in the tree, then closes. What cannot rest stays in the journal. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#running !== undefined) await this.#running;
    await this.#settler.close();
    await this.#journal.close();
    await this.#tree.close();
  }

  /** Closes its files and leaves everything in the journal: for when opening fails. */
  async abandon(): Promise<void> {
    this.#isClosed = true;
    while (this.#running !== undefined) await this.#running;
    await this.#settler.idle();
    await this.#journal.close();
    await this.#tree.close();
  }

  /** The last group, or a new one when that is full or on its way. */
  #openGroup(): Group {
    const last = this.#groups[this.#groups.length - 1];
    if (last !== undefined && !last.isClosed) return last;
    const group = new Group((key) => this.#getPlanned(key));
    this.#groups.push(group);
    return group;
  }

  /** The value once every group before the last is done. */
  #getPlanned(key: string): Uint8Array | undefined {
    for (let index = this.#groups.length - 2; index >= 0; index -= 1) {
      const changes = this.#groups[index]?.changes;
      if (changes?.has(key)) return changes.get(key);
    }
    return this.get(key);
  }

  async #run(): Promise<void> {
    // All that arrive in this turn of the event loop share the sync.
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (let group = this.#groups[0]; group !== undefined; group = this.#groups[0]) {
      group.isClosed = true;
      try {
        this.#health.checkWritable();
        if (group.changes.size > 0) await this.#write(group.changes);
      } catch (error) {
        for (const failed of this.#groups.splice(0)) failed.reject(error);
        break;
      }
      this.#groups.shift();
      group.resolve();
    }
    this.#running = undefined;
  }

  async #write(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    const payload = encodeChanges(changes);
    await this.#settler.makeRoom(payload.length);
    await this.#journal.append(payload);
    for (const [key, value] of changes) {
      if (value !== undefined) this.#gaps.put(key);
      this.#overlay.set(key, value);
    }
    this.#settler.added(payload.length, this.#journal.sequence);
  }
}

/** Plans that share one frame, and their changes so far. */
class Group implements PlanView {
  readonly changes = new Map<string, Uint8Array | undefined>();
  readonly done: Promise<void>;
  isClosed = false;
  resolve: () => void = () => {};
  reject: (error: unknown) => void = () => {};
  readonly #below: (key: string) => Uint8Array | undefined;
  #sizeBytes = 0;
  #undo: Change[] = [];
  #added: string[] = [];

  /** `below` gives the value once all groups before this one are done. */
  constructor(below: (key: string) => Uint8Array | undefined) {
    this.#below = below;
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.done.catch(() => {});
  }

  /** Takes its changes back when it throws. */
  plan<T>(plan: (view: PlanView) => T): T {
    this.#undo = [];
    this.#added = [];
    try {
      const result = plan(this);
      this.isClosed = this.#sizeBytes >= GROUP_BYTES;
      return result;
    } catch (error) {
      for (const [key, value] of this.#undo.reverse()) this.changes.set(key, value);
      for (const key of this.#added) this.changes.delete(key);
      throw error;
    }
  }

  get(key: string): Uint8Array | undefined {
    const staged = this.changes.get(key);
    if (staged !== undefined || this.changes.has(key)) return staged;
    return this.#below(key);
  }

  set(key: string, value: Uint8Array | undefined): void {
    if (this.changes.has(key)) this.#undo.push([key, this.changes.get(key)]);
    else this.#added.push(key);
    this.changes.set(key, value);
    this.#sizeBytes += key.length + (value?.length ?? 0) + 8;
  }
}
