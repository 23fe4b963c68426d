/**
 * Brings packs and index together when the engine opens: records behind the last indexed place are entered in order, up
 * to the first that is damaged or cut short; there the pack is cut and later packs go. All that was acknowledged was synced, so a
 * crash loses nothing of it; what is entered is a prefix of what was written.
 */
import { byteText } from "../../base/byte-text.ts";
import type { Log } from "../../base/log.ts";
import type { ChunkEntry } from "./chunk-entry.ts";
import type { ChunkIndex } from "./chunk-index.ts";
import type { Damage } from "./damage.ts";
import type { PackFiles } from "./pack-files.ts";
import { decodeRecord, isPackHeader, PACK_HEADER_BYTES, RECORD_HEADER_BYTES } from "./pack-record.ts";

const SCAN_BYTES = 4 * 1024 * 1024;
const LOST_PACKS_NAMED = 20;
const ENTRIES_A_CHANGE_MAX = 10_000;

interface Recovery {
  readonly files: PackFiles;
  readonly index: ChunkIndex;
  readonly damage: Damage;
  readonly claimedUntilMs: number;
  readonly log: Log;
}

type Entries = Array<readonly [key: string, entry: ChunkEntry]>;

/** @throws IO, RECORD_CORRUPT */
export async function recoverPacks(recovery: Recovery): Promise<void> {
  const { files, index, damage, log } = recovery;
  const numbers = await files.numbers();
  const { packNumber: indexedNumber, endOffset: indexedEnd } = index.state;
  const lost = Array.from({ length: indexedNumber }, (_, at) => at + 1).filter(
    (number) => !numbers.includes(number),
  );
  if (lost.length > 0) {
    log.error(
      { packs: lost.slice(0, LOST_PACKS_NAMED), count: lost.length },
      "packs are gone: objects with chunks in them are corrupt",
    );
    await damage.note();
  }
  let isCut = false;
  let last = { packNumber: indexedNumber, endOffset: indexedEnd };
  for (const packNumber of numbers.filter((number) => number >= Math.max(1, indexedNumber))) {
    if (isCut) {
      await files.remove(packNumber);
      continue;
    }
    const start = packNumber === indexedNumber ? indexedEnd : 0;
    const sizeBytes = await files.sizeBytes(packNumber);
    const endOffset = await recoverPack(recovery, packNumber, start);
    if (sizeBytes < start) {
      log.error({ packNumber, sizeBytes, start }, "a pack is shorter than its index says");
      await damage.note();
    }
    if (endOffset < sizeBytes) {
      log.warn({ packNumber, endOffset, sizeBytes }, "cut a pack behind its last whole record");
      await files.truncate(packNumber, endOffset);
      isCut = true;
    }
    last = { packNumber, endOffset };
  }
  await beginWhere(recovery, last, numbers);
}

/** Never appends over a hole: after a pack that is missing or too short a new one is begun. */
async function beginWhere(
  { files }: Recovery,
  last: { readonly packNumber: number; readonly endOffset: number },
  numbers: readonly number[],
): Promise<void> {
  const isThere = numbers.includes(last.packNumber);
  const isShort = isThere && (await files.sizeBytes(last.packNumber)) < last.endOffset;
  const isUsable = isThere && !isShort && last.endOffset >= PACK_HEADER_BYTES;
  if (isUsable || last.packNumber === 0) files.continueAt(last.packNumber, last.endOffset);
  else if (last.endOffset < PACK_HEADER_BYTES) files.continueAt(last.packNumber - 1, Number.MAX_SAFE_INTEGER);
  else files.continueAt(last.packNumber, Number.MAX_SAFE_INTEGER);
}

/** Enters the records of one pack from `start`; returns the end of the last whole one. */
async function recoverPack(recovery: Recovery, packNumber: number, start: number): Promise<number> {
  const { files, index } = recovery;
  let offset = start;
  if (start === 0) {
    const header = await files.readBytes(packNumber, 0, PACK_HEADER_BYTES);
    if (!isPackHeader(header, packNumber)) return 0;
    offset = PACK_HEADER_BYTES;
  }
  let entries: Entries = [];
  for (;;) {
    const bytes = await files.readBytes(packNumber, offset, SCAN_BYTES);
    const takenBytes = takeRecords(recovery, { packNumber, offset, bytes, entries });
    offset += takenBytes;
    if (takenBytes === 0 || entries.length >= ENTRIES_A_CHANGE_MAX) {
      if (entries.length > 0) await index.add(entries, { packNumber, endOffset: offset });
      entries = [];
    }
    if (takenBytes === 0) return offset;
  }
}

/** Adds an entry for each whole record at the start of `bytes`; returns how many bytes they take. */
function takeRecords(
  { claimedUntilMs }: Recovery,
  piece: {
    readonly packNumber: number;
    readonly offset: number;
    readonly bytes: Uint8Array;
    readonly entries: Entries;
  },
): number {
  const { packNumber, offset, bytes, entries } = piece;
  let at = 0;
  for (;;) {
    const rest = bytes.subarray(at);
    const record = decodeRecord(rest);
    if (record === undefined) return at;
    const { plainBytes, bytes: stored } = record;
    const place = { packNumber, offset: offset + at, storedBytes: stored.length };
    entries.push([byteText(record.key), { ...place, plainBytes, claimedUntilMs }]);
    at += RECORD_HEADER_BYTES + stored.length;
  }
}
