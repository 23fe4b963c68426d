/**
 * The disk as the local engine sees it: a few files, written at offsets and made durable by name. Small, so that
 * test/sim/disk.ts can lose and tear what was not synced and fail at every step.
 */
import { readSync, writevSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, statfs } from "node:fs/promises";
import { systemClock } from "../../base/clock.ts";
import { systemCode } from "../../base/errors.ts";

/** Writes up to this size go to the page cache in the caller's thread: cheaper than a hop to another one. */
const INLINE_WRITE_BYTES_MAX = 128 * 1024;
/** Reads up to this size likewise, as long as they come from the page cache: see SlowReads. */
const INLINE_READ_BYTES_MAX = 64 * 1024;
/** A read that took longer did not come from there. */
const SLOW_READ_MS = 1;
/** So many reads go to another thread after one that was slow. */
const READS_ELSEWHERE = 32;
/** IOV_MAX of Linux. */
const WRITE_PARTS_MAX = 1024;

export interface DiskFile {
  /** Up to `lengthBytes` bytes at `offset`; fewer at the end of the file. */
  read(offset: number, lengthBytes: number): Promise<Uint8Array>;
  /** The same in the caller's thread, for what must be read within one turn of the event loop. */
  readNow(offset: number, lengthBytes: number): Uint8Array;
  /** Writes the parts one after another from `offset`; not durable until `sync`. Rejects when not all was written. */
  write(offset: number, parts: readonly Uint8Array[]): Promise<void>;
  /** fdatasync: what was written before the call, and the length, are durable when it resolves. */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}

export interface Disk {
  /** Opens a file for reading and writing; `create` makes it when it is absent. */
  open(path: string, options: { readonly create: boolean }): Promise<DiskFile>;
  /** Names in a directory, sorted; none when the directory is absent. */
  list(directory: string): Promise<readonly string[]>;
  /** Makes a directory and those above it. */
  makeDirectory(directory: string): Promise<void>;
  /** fsync of a directory: files made, renamed and removed in it before the call stay so. */
  syncDirectory(directory: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Room for more, where a directory is. */
  freeBytes(directory: string): Promise<number>;
}

export const realDisk: Disk = {
  async open(path, { create }) {
    try {
      return new RealFile(await open(path, "r+"));
    } catch (error) {
      if (!create || systemCode(error) !== "ENOENT") throw error;
    }
    return new RealFile(await open(path, "wx+", 0o600));
  },

  async list(directory) {
    try {
      return (await readdir(directory)).sort();
    } catch (error) {
      if (systemCode(error) === "ENOENT") return [];
      throw error;
    }
  },

  async makeDirectory(directory) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  },

  async syncDirectory(directory) {
    const handle = await open(directory, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },

  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path),

  async freeBytes(directory) {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  },
};

/** Small reads are tried in the caller's thread until one had to wait for the disk: then the next ones are not. */
class SlowReads {
  #elsewhereCount = 0;

  /** False: read in another thread. */
  isInline(lengthBytes: number): boolean {
    if (lengthBytes > INLINE_READ_BYTES_MAX) return false;
    if (this.#elsewhereCount === 0) return true;
    this.#elsewhereCount -= 1;
    return false;
  }

  took(elapsedMs: number): void {
    if (elapsedMs > SLOW_READ_MS) this.#elsewhereCount = READS_ELSEWHERE;
  }
}

const slowReads = new SlowReads();

class RealFile implements DiskFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async read(offset: number, lengthBytes: number): Promise<Uint8Array> {
    if (slowReads.isInline(lengthBytes)) {
      const startMs = systemClock.monotonicMs();
      const bytes = this.readNow(offset, lengthBytes);
      slowReads.took(systemClock.monotonicMs() - startMs);
      return bytes;
    }
    const bytes = Buffer.allocUnsafeSlow(lengthBytes);
    let length = 0;
    while (length < lengthBytes) {
      const { bytesRead } = await this.#handle.read(bytes, length, lengthBytes - length, offset + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return new Uint8Array(bytes.buffer, bytes.byteOffset, length);
  }

  readNow(offset: number, lengthBytes: number): Uint8Array {
    const bytes = Buffer.allocUnsafeSlow(lengthBytes);
    let length = 0;
    while (length < lengthBytes) {
      const readBytes = readSync(this.#handle.fd, bytes, length, lengthBytes - length, offset + length);
      if (readBytes === 0) break;
      length += readBytes;
    }
    return new Uint8Array(bytes.buffer, bytes.byteOffset, length);
  }

  async write(offset: number, parts: readonly Uint8Array[]): Promise<void> {
    let at = offset;
    for (let first = 0; first < parts.length; first += WRITE_PARTS_MAX) {
      at = await this.#writeParts(at, parts.slice(first, first + WRITE_PARTS_MAX));
    }
  }

  async #writeParts(offset: number, parts: readonly Uint8Array[]): Promise<number> {
    let rest = parts.filter((part) => part.length > 0);
    let at = offset;
    while (rest.length > 0) {
      const sizeBytes = rest.reduce((sum, part) => sum + part.length, 0);
      const writtenBytes =
        sizeBytes <= INLINE_WRITE_BYTES_MAX
          ? writevSync(this.#handle.fd, rest, at)
          : (await this.#handle.writev(rest, at)).bytesWritten;
      at += writtenBytes;
      rest = after(rest, writtenBytes);
    }
    return at;
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#handle.truncate(sizeBytes);
  }

  async sizeBytes(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** What is left of the parts after `count` bytes. */
function after(parts: readonly Uint8Array[], count: number): Uint8Array[] {
  let skip = count;
  const rest: Uint8Array[] = [];
  for (const part of parts) {
    if (skip >= part.length) {
      skip -= part.length;
      continue;
    }
    rest.push(skip === 0 ? part : part.subarray(skip));
    skip = 0;
  }
  return rest;
}
