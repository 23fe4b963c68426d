/**
 * How changes are brought to rest: in order of their keys, in small transactions, the last of which says up to which
 * frame of the journal the tree is complete.
 */
import { bytesOfText } from "../../base/byte-text.ts";
import { recordCorrupt, sealed, unsealed } from "./record-seal.ts";
import type { Tree, TreeEntry } from "./tree.ts";

/** More random keys than this in one LMDB transaction make every later one slow. */
const TRANSACTION_KEYS_MAX = 1000;
const APPLIED_KEY = "mapplied";

export function* transactionsOf(
  changes: ReadonlyMap<string, Uint8Array | undefined>,
  sequence: bigint,
): Generator<readonly TreeEntry[]> {
  const keys = [...changes.keys()].sort();
  const applied = new Uint8Array(8);
  new DataView(applied.buffer).setBigUint64(0, sequence);
  for (let first = 0; first === 0 || first < keys.length; first += TRANSACTION_KEYS_MAX) {
    const end = first + TRANSACTION_KEYS_MAX;
    const entries = keys.slice(first, end).map((key) => sealed(key, changes.get(key)));
    if (end >= keys.length) entries.push(sealed(APPLIED_KEY, applied));
    yield entries;
  }
}

/** The last frame that the tree holds; 0n for a new one. @throws RECORD_CORRUPT */
export function appliedSequence(tree: Tree): bigint {
  const key = bytesOfText(APPLIED_KEY);
  const bytes = tree.get(key);
  if (bytes === undefined) return 0n;
  const value = unsealed(key, bytes);
  if (value.length !== 8) throw recordCorrupt(key, "the tree's last frame is not a number");
  return new DataView(value.buffer, value.byteOffset).getBigUint64(0);
}
