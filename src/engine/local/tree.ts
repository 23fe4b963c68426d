/**
 * The ordered tree under the durable map: key to bytes, as a place where what the journal already holds comes to rest
 * in the background. An `apply` is atomic and durable when it resolves; one at a time. LMDB in the daemon, memory in crash tests.
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
  get(key: Uint8Array): Uint8Array | undefined;
  /** The records of a range, seen at one moment; to be consumed or returned within one turn of the event loop. */
  range(range: TreeRange): IterableIterator<{ readonly key: Uint8Array; readonly value: Uint8Array }>;
  /** Writes all entries in one transaction. Rejects with nothing changed. */
  apply(entries: readonly TreeEntry[]): Promise<void>;
  /** Syncs since the tree was opened. */
  syncCount(): number;
  close(): Promise<void>;
}
