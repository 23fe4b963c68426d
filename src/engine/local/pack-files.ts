/**
 * The pack files: appending records to the last one, reading records from any. Knows nothing of the index. A record is
 * read only when its header, length, key and checksum agree with what the index said.
 */
import path from "node:path";
import { equalBytes, toHex } from "../../base/bytes.ts";
import { EfsError, systemCode, toEfsError } from "../../base/errors.ts";
import type { ChunkKey, StoredChunk } from "../chunk-store.ts";
import { CHUNK_BYTES_MAX } from "../limits.ts";
import type { RecordPlace } from "./chunk-entry.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { FileCache } from "./file-cache.ts";
import { type Health, isNoSpace, noSpace } from "./health.ts";
import { decodeRecord, encodePackHeader, PACK_HEADER_BYTES, RECORD_HEADER_BYTES } from "./pack-record.ts";

const PACK_NUMBER_DIGITS = 8;
/** Records this near to each other are read in one piece. */
const READ_GAP_BYTES_MAX = 16 * 1024;
const READ_BYTES_MAX = 2 * 1024 * 1024;
/** A record may keep so many times its size in memory. */
const KEPT_FOLD_MAX = 64;

export interface PackFilesOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly health: Health;
  /** A pack that has reached this size is left and a new one begun. */
  readonly packBytesMax: number;
}

/** A record as it is appended: its header, then the stored bytes. */
export interface EncodedRecord {
  readonly header: Uint8Array;
  readonly bytes: Uint8Array;
}

export interface WrittenRecords {
  readonly places: readonly RecordPlace[];
  /** Where the next record will begin. */
  readonly packNumber: number;
  readonly endOffset: number;
  /** Makes them durable, and all that were written before them. @throws IO, READ_ONLY */
  sync(): Promise<void>;
}

export interface WantedRecord {
  readonly key: ChunkKey;
  readonly place: RecordPlace;
}

export class PackFiles {
  readonly #options: PackFilesOptions;
  readonly #files: FileCache;
  #packNumber = 0;
  #endOffset = 0;
  #syncCount = 0;

  constructor(options: PackFilesOptions) {
    this.#options = options;
    this.#files = new FileCache((packNumber, create) =>
      options.disk.open(this.#path(packNumber), { create }),
    );
  }

  /** Numbers of the packs that are there, ascending. */
  async numbers(): Promise<readonly number[]> {
    const names = await this.#options.disk.list(this.#options.directory);
    return names.filter((name) => /^\d{8}\.pack$/.test(name)).map((name) => Number.parseInt(name, 10));
  }

  /** Appends will go on here. */
  continueAt(packNumber: number, endOffset: number): void {
    this.#packNumber = packNumber;
    this.#endOffset = endOffset;
  }

  get syncCount(): number {
    return this.#syncCount;
  }

  /**
   * Writes records in order behind all before them; durable when `sync` of what it gives has resolved. One call at a
   * time; syncs in the order of the calls.
   * @throws NO_SPACE with nothing written; IO, READ_ONLY
   */
  async write(records: readonly EncodedRecord[]): Promise<WrittenRecords> {
    const { health, packBytesMax } = this.#options;
    health.checkWritable();
    const isNewPack = this.#packNumber === 0 || this.#endOffset >= packBytesMax;
    const packNumber = isNewPack ? this.#packNumber + 1 : this.#packNumber;
    const start = isNewPack ? 0 : this.#endOffset;
    const parts: Uint8Array[] = isNewPack ? [encodePackHeader(packNumber)] : [];
    let offset = start + (isNewPack ? PACK_HEADER_BYTES : 0);
    const places = records.map(({ header, bytes }) => {
      const place = { packNumber, offset, storedBytes: bytes.length };
      parts.push(header, bytes);
      offset += header.length + bytes.length;
      return place;
    });
    await this.#files.use(packNumber, (file) => this.#write(file, start, parts), { create: isNewPack });
    this.#packNumber = packNumber;
    this.#endOffset = offset;
    return { places, packNumber, endOffset: offset, sync: () => this.#sync(packNumber, isNewPack) };
  }

  /** The records, in the order given. @throws RECORD_CORRUPT when one of them is not what the index says */
  async read(wanted: readonly WantedRecord[]): Promise<readonly StoredChunk[]> {
    const found = new Map<WantedRecord, StoredChunk>();
    for (const record of wanted) checkPlace(record);
    await Promise.all(runsOf(wanted).map((run) => this.#readRun(run, found)));
    return wanted.map((record) => found.get(record) as StoredChunk);
  }

  /** Cuts a pack at `sizeBytes`, durably. */
  async truncate(packNumber: number, sizeBytes: number): Promise<void> {
    await this.#files.use(packNumber, async (file) => {
      await file.truncate(sizeBytes);
      this.#syncCount += 1;
      await file.sync();
    });
  }

  async remove(packNumber: number): Promise<void> {
    await this.#options.disk.remove(this.#path(packNumber));
  }

  async sizeBytes(packNumber: number): Promise<number> {
    return this.#files.use(packNumber, (file) => file.sizeBytes());
  }

  async readBytes(packNumber: number, offset: number, lengthBytes: number): Promise<Uint8Array> {
    return this.#files.use(packNumber, (file) => file.read(offset, lengthBytes));
  }

  close(): Promise<void> {
    return this.#files.close();
  }

  async #sync(packNumber: number, isNewPack: boolean): Promise<void> {
    const { health, disk, directory } = this.#options;
    health.checkWritable();
    try {
      this.#syncCount += 1;
      await this.#files.use(packNumber, (file) => file.sync());
      if (!isNewPack) return;
      this.#syncCount += 1;
      await disk.syncDirectory(directory);
    } catch (error) {
      throw health.fail("syncing a pack", error);
    }
  }

  async #write(file: DiskFile, start: number, parts: readonly Uint8Array[]): Promise<void> {
    const { health } = this.#options;
    try {
      await file.write(start, parts);
    } catch (error) {
      if (!isNoSpace(error)) throw health.fail("writing a pack", error);
      await file.truncate(start).catch((cause) => {
        throw health.fail("cutting a pack", cause);
      });
      throw noSpace(error);
    }
  }

  async #readRun(run: readonly WantedRecord[], found: Map<WantedRecord, StoredChunk>): Promise<void> {
    const [first] = run;
    const last = run[run.length - 1];
    if (first === undefined || last === undefined) return;
    const start = first.place.offset;
    const bytes = await this.#readOrNothing(first, start, endOf(last.place) - start);
    for (const wanted of run) {
      const at = wanted.place.offset - start;
      const record = decodeRecord(bytes.subarray(at, at + endOf(wanted.place) - wanted.place.offset));
      if (record?.bytes.length !== wanted.place.storedBytes || !equalBytes(record.key, wanted.key)) {
        throw chunkDamaged(wanted, "a chunk's record does not match its checksum, key or length");
      }
      const { codec, keyId, plainBytes } = record;
      // Copied out of a piece that serves many, so that keeping one small chunk does not keep all of it.
      const isSmall = record.bytes.length * KEPT_FOLD_MAX < bytes.length;
      found.set(wanted, { codec, keyId, plainBytes, bytes: isSmall ? record.bytes.slice() : record.bytes });
    }
  }

  async #readOrNothing(first: WantedRecord, offset: number, lengthBytes: number): Promise<Uint8Array> {
    try {
      return await this.readBytes(first.place.packNumber, offset, lengthBytes);
    } catch (cause) {
      const code = systemCode(cause);
      if (code !== "ENOENT" && code !== "EIO") throw toEfsError(cause);
      const details = placeDetails(first);
      throw new EfsError("RECORD_CORRUPT", `pack ${first.place.packNumber} cannot be read`, {
        cause,
        details,
      });
    }
  }

  #path(packNumber: number): string {
    const name = String(packNumber).padStart(PACK_NUMBER_DIGITS, "0");
    return path.join(this.#options.directory, `${name}.pack`);
  }
}

/** Neighbours in a pack joined to runs that are read in one piece. */
function runsOf(wanted: readonly WantedRecord[]): readonly WantedRecord[][] {
  const sorted = [...wanted].sort(
    (left, right) => left.place.packNumber - right.place.packNumber || left.place.offset - right.place.offset,
  );
  const runs: WantedRecord[][] = [];
  for (const record of sorted) {
    const run = runs[runs.length - 1];
    const first = run?.[0];
    const last = run?.[run.length - 1];
    const isNear =
      first?.place.packNumber === record.place.packNumber &&
      last !== undefined &&
      record.place.offset - endOf(last.place) <= READ_GAP_BYTES_MAX &&
      endOf(record.place) - first.place.offset <= READ_BYTES_MAX;
    if (isNear && run !== undefined) run.push(record);
    else runs.push([record]);
  }
  return runs;
}

function endOf(place: RecordPlace): number {
  return place.offset + RECORD_HEADER_BYTES + place.storedBytes;
}

/** What the index says is checked before anything is allocated by it. */
function checkPlace(wanted: WantedRecord): void {
  const { packNumber, offset, storedBytes } = wanted.place;
  const isPossible = packNumber > 0 && Number.isSafeInteger(offset) && storedBytes <= CHUNK_BYTES_MAX;
  if (!isPossible) throw chunkDamaged(wanted, "the chunk index names a place that cannot be");
}

function chunkDamaged(wanted: WantedRecord, message: string): EfsError {
  return new EfsError("RECORD_CORRUPT", message, {
    hint: "the disk under the data directory is failing",
    details: placeDetails(wanted),
  });
}

function placeDetails({ key, place }: WantedRecord): Readonly<Record<string, string | number>> {
  return { key: toHex(key), pack: place.packNumber, offset: place.offset };
}
