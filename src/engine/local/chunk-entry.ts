/** The bytes of the chunk index: where a chunk's record lies, and until when it was claimed. Layout: DESIGN.md, Bytes. */
import { recordCorrupt } from "./record-corrupt.ts";

/** Where a record lies in the packs. */
export interface RecordPlace {
  readonly packNumber: number;
  /** Of its header. */
  readonly offset: number;
  /** Without the header. */
  readonly storedBytes: number;
}

export interface ChunkEntry extends RecordPlace {
  readonly plainBytes: number;
  /** No claim or put of this chunk happened after this moment of the wall clock. */
  readonly claimedUntilMs: number;
}

/** How far the packs are indexed, and what is in them. */
export interface PackState {
  readonly packNumber: number;
  /** End of the last record that the index knows of, in that pack. */
  readonly endOffset: number;
  readonly chunkCount: number;
  readonly storedBytes: number;
}

const ENTRY_BYTES = 28;
const STATE_BYTES = 28;

export function encodeEntry(entry: ChunkEntry): Uint8Array {
  const bytes = new Uint8Array(ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, entry.packNumber);
  view.setBigUint64(4, BigInt(entry.offset));
  view.setUint32(12, entry.storedBytes);
  view.setUint32(16, entry.plainBytes);
  view.setBigUint64(20, BigInt(entry.claimedUntilMs));
  return bytes;
}

/** `key` with its table. @throws RECORD_CORRUPT */
export function decodeEntry(key: string, bytes: Uint8Array): ChunkEntry {
  if (bytes.length !== ENTRY_BYTES) throw recordCorrupt(key, "an entry of the chunk index is not one");
  const view = new DataView(bytes.buffer, bytes.byteOffset, ENTRY_BYTES);
  return {
    packNumber: view.getUint32(0),
    offset: Number(view.getBigUint64(4)),
    storedBytes: view.getUint32(12),
    plainBytes: view.getUint32(16),
    claimedUntilMs: Number(view.getBigUint64(20)),
  };
}

export function encodeState(state: PackState): Uint8Array {
  const bytes = new Uint8Array(STATE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, state.packNumber);
  view.setBigUint64(4, BigInt(state.endOffset));
  view.setBigUint64(12, BigInt(state.chunkCount));
  view.setBigUint64(20, BigInt(state.storedBytes));
  return bytes;
}

/** `key` with its table. @throws RECORD_CORRUPT */
export function decodeState(key: string, bytes: Uint8Array): PackState {
  if (bytes.length !== STATE_BYTES) throw recordCorrupt(key, "the state of the packs is not one");
  const view = new DataView(bytes.buffer, bytes.byteOffset, STATE_BYTES);
  return {
    packNumber: view.getUint32(0),
    endOffset: Number(view.getBigUint64(4)),
    chunkCount: Number(view.getBigUint64(12)),
    storedBytes: Number(view.getBigUint64(20)),
  };
}
