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
import { bytesOfText } from "../../base/byte-text.ts";
import { EfsError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { OrderedMap } from "../ordered-map.ts";
import type { Disk } from "./disk.ts";
import type { Health } from "./health.ts";
import { Journal } from "./journal.ts";
import { type Change, encodeChanges } from "./journal-frame.ts";
import { type MapRange, mergedRange, type Overlaid } from "./merged-range.ts";
import { unsealed } from "./record-seal.ts";
import { Settler } from "./settler.ts";
import type { Tree } from "./tree.ts";

/** A group takes waiting plans until it holds this much. */
const GROUP_BYTES = 4 * 1024 * 1024;
const GROUP_PLANS_MAX = 4096;

/** What a plan sees and changes: the map with all plans before it done. */
export interface PlanView {
  get(key: string): Uint8Array | undefined;
  /** undefined removes. The value must not be changed afterwards. */
  set(key: string, value: Uint8Array | undefined): void;
}

interface Waiting {
  readonly run: (view: PlanView) => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface DurableMapOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly tree: Tree;
  readonly salt: bigint;
  readonly health: Health;
  readonly log: Log;
}

export class DurableMap {
  readonly #health: Health;
  readonly #tree: Tree;
  readonly #journal: Journal;
  readonly #overlay: OrderedMap<Overlaid>;
  readonly #settler: Settler;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;

  private constructor(options: DurableMapOptions, journal: Journal, overlay: OrderedMap<Overlaid>) {
    this.#health = options.health;
    this.#tree = options.tree;
    this.#journal = journal;
    this.#overlay = overlay;
    this.#settler = new Settler({ tree: options.tree, journal, overlay, health: options.health });
  }

  /** @throws RECORD_CORRUPT when the journal is damaged. */
  static async open(options: DurableMapOptions): Promise<DurableMap> {
    const overlay = new OrderedMap<Overlaid>();
    const applied = Settler.applied(options.tree);
    let changeCount = 0;
    const journal = await Journal.open({ ...options, applied }, (changes) => {
      for (const [key, value] of changes) overlay.set(key, { value });
      changeCount += changes.length;
    });
    if (changeCount > 0) options.log.info({ changeCount }, "took up what the last run left in the journal");
    return new DurableMap(options, journal, overlay);
  }

  /** The value, not to be changed. @throws RECORD_CORRUPT */
  get(key: string): Uint8Array | undefined {
    const overlaid = this.#overlay.get(key);
    if (overlaid !== undefined) return overlaid.value;
    const keyBytes = bytesOfText(key);
    const bytes = this.#tree.get(keyBytes);
    return bytes === undefined ? undefined : unsealed(keyBytes, bytes);
  }

  /** To be consumed or returned within one turn of the event loop. @throws RECORD_CORRUPT */
  range(range: MapRange): Generator<readonly [key: string, value: Uint8Array]> {
    return mergedRange(this.#tree, this.#overlay, range);
  }

  /**
   * Runs `plan` in its turn and resolves with what it returned once its changes are durable and visible. A plan that
   * throws changes nothing and rejects alone.
   * @throws NO_SPACE, READ_ONLY, IO, SHUTTING_DOWN
   */
  commit<T>(plan: (view: PlanView) => T): Promise<T> {
    if (this.#isClosed) return Promise.reject(new EfsError("SHUTTING_DOWN", "the engine is closed"));
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ run: plan, resolve: resolve as (result: unknown) => void, reject });
      this.#running ??= this.#run();
    });
  }

  syncCount(): number {
    return this.#journal.syncCount + this.#tree.syncCount();
  }

  /** Brings everything to rest in the tree, then closes. What cannot rest stays in the journal. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#running !== undefined) await this.#running;
    await this.#settler.close();
    await this.#journal.close();
    await this.#tree.close();
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // All that arrive in this turn of the event loop share the sync.
      await new Promise<void>((resolve) => setImmediate(resolve));
      await this.#runGroup();
    }
    this.#running = undefined;
  }

  async #runGroup(): Promise<void> {
    const group = new Group(this);
    let count = 0;
    while (count < this.#waiting.length && count < GROUP_PLANS_MAX && group.sizeBytes < GROUP_BYTES) {
      group.plan(this.#waiting[count] as Waiting);
      count += 1;
    }
    this.#waiting.splice(0, count);
    try {
      this.#health.checkWritable();
      if (group.changes.size > 0) {
        const payload = encodeChanges(group.changes);
        await this.#settler.makeRoom(payload.length);
        await this.#journal.append(payload);
        for (const [key, value] of group.changes) this.#overlay.set(key, { value });
        this.#settler.added(payload.length, this.#journal.sequence);
      }
    } catch (error) {
      group.reject(error);
      return;
    }
    group.resolve();
  }
}

/** The plans that share one frame, and their changes so far. */
class Group implements PlanView {
  readonly changes = new Map<string, Uint8Array | undefined>();
  sizeBytes = 0;
  readonly #map: DurableMap;
  readonly #answers: Array<() => void> = [];
  readonly #planned: Waiting[] = [];
  #undo: Change[] = [];
  #added: string[] = [];

  constructor(map: DurableMap) {
    this.#map = map;
  }

  plan(waiting: Waiting): void {
    const sizeBefore = this.sizeBytes;
    this.#undo = [];
    this.#added = [];
    try {
      const result = waiting.run(this);
      this.#planned.push(waiting);
      this.#answers.push(() => waiting.resolve(result));
    } catch (error) {
      for (const [key, value] of this.#undo.reverse()) this.changes.set(key, value);
      for (const key of this.#added) this.changes.delete(key);
      this.sizeBytes = sizeBefore;
      waiting.reject(error);
    }
  }

  get(key: string): Uint8Array | undefined {
    const staged = this.changes.get(key);
    if (staged !== undefined || this.changes.has(key)) return staged;
    return this.#map.get(key);
  }

  set(key: string, value: Uint8Array | undefined): void {
    if (this.changes.has(key)) this.#undo.push([key, this.changes.get(key)]);
    else this.#added.push(key);
    this.changes.set(key, value);
    this.sizeBytes += key.length + (value?.length ?? 0) + 8;
  }

  resolve(): void {
    for (const answer of this.#answers) answer();
  }

  reject(error: unknown): void {
    for (const waiting of this.#planned) waiting.reject(error);
  }
}
