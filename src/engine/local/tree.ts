/**
 * The ordered tree under the durable map: key to sealed value, where what the journal already holds comes to rest in
 * the background. LMDB in the daemon, memory in crash tests.
 */

export interface TreeEntry {
  readonly key: Uint8Array;
  /** undefined removes the key. */
  readonly value: Uint8Array | undefined;
}

export interface TreeRange {
  /** Included. */
  readonly from: Uint8Array;
  /** Not included. */
  readonly to: Uint8Array;
  readonly isBackward: boolean;
}

export interface Tree {
  /** The sealed value. Not a Buffer. */
  get(key: Uint8Array): Uint8Array | undefined;
  /** The records of a range, seen at one moment; to be consumed or returned within one turn of the event loop. */
  range(range: TreeRange): IterableIterator<{ readonly key: Uint8Array; readonly value: Uint8Array }>;
  /**
   * Brings changes to rest, each key once, as `transactionsOf` cuts them. Each transaction is atomic and durable; when
   * this resolves, all are and `get` shows them. When it rejects, some may be: the same changes may be settled again.
   * One call at a time.
   */
  settle(changes: ReadonlyMap<string, Uint8Array | undefined>, sequence: bigint): Promise<void>;
  /** Syncs since the tree was opened. */
  syncCount(): number;
  close(): Promise<void>;
}
