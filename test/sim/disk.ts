/**
 * A disk in memory that treats what was not synced as a real one does when the power goes: any sector of any write may
 * be there or not, in any order; names that were made or removed in a directory may be so or not. Every step that
 * changes something can be made to crash (before or after its effect) or to fail with an error of the system.
 */
import path from "node:path";
import type { Random } from "../../src/base/random.ts";
import type { Disk, DiskFile } from "../../src/engine/local/disk.ts";

const SECTOR_BYTES = 512;

/** What survives of what was not synced. */
export type Survival = "nothing" | "everything" | "some";

export type StepKind = "create" | "write" | "sync" | "truncate" | "syncDirectory" | "rename" | "remove";

/** What the test wants to happen at a step; `step` counts from 0 since the disk was made. */
export type Fault = (
  step: number,
  kind: StepKind,
) => "crash before" | "crash after" | NodeJS.ErrnoException | undefined;

interface Inode {
  /** As the program sees it. */
  bytes: Uint8Array;
  /** As of the last sync. */
  durable: Uint8Array;
  /** Since the last sync. */
  unsynced: Array<{ readonly offset: number; readonly bytes: Uint8Array } | { readonly sizeBytes: number }>;
}

type Names = Map<string, Inode>;

export class PowerLoss extends Error {
  override readonly name = "PowerLoss";
}

export function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated`), { code });
}

export class SimulatedDisk implements Disk {
  stepCount = 0;
  readonly steps: StepKind[] = [];
  fault: Fault = () => undefined;
  /** Bytes that all files together may have. */
  capacityBytes = Number.POSITIVE_INFINITY;
  #isDead = false;
  readonly #now: Names = new Map();
  readonly #durable: Names = new Map();

  async open(name: string, options: { readonly create: boolean }): Promise<DiskFile> {
    this.#checkAlive();
    let inode = this.#now.get(name);
    if (inode === undefined) {
      if (!options.create) throw systemError("ENOENT");
      const made: Inode = { bytes: new Uint8Array(), durable: new Uint8Array(), unsynced: [] };
      this.#step("create", () => this.#now.set(name, made));
      inode = made;
    }
    return this.#file(inode);
  }

  async list(directory: string): Promise<readonly string[]> {
    this.#checkAlive();
    return [...this.#now.keys()]
      .filter((name) => path.dirname(name) === directory)
      .map((name) => path.basename(name))
      .sort();
  }

  async makeDirectory(): Promise<void> {
    this.#checkAlive();
  }

  async syncDirectory(directory: string): Promise<void> {
    this.#step("syncDirectory", () => {
      for (const name of this.#durable.keys()) {
        if (path.dirname(name) === directory && !this.#now.has(name)) this.#durable.delete(name);
      }
      for (const [name, inode] of this.#now) {
        if (path.dirname(name) === directory) this.#durable.set(name, inode);
      }
    });
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step("rename", () => {
      const inode = this.#now.get(from);
      if (inode === undefined) throw systemError("ENOENT");
      this.#now.delete(from);
      this.#now.set(to, inode);
    });
  }

  async remove(name: string): Promise<void> {
    this.#step("remove", () => this.#now.delete(name));
  }

  /** One step that changes something. */
  #step<T>(kind: StepKind, effect: () => T): T {
    this.#checkAlive();
    const fault = this.fault(this.stepCount, kind);
    this.stepCount += 1;
    this.steps.push(kind);
    if (fault === "crash before") this.#die();
    if (fault instanceof Error) throw fault;
    const result = effect();
    if (fault === "crash after") this.#die();
    return result;
  }

  async freeBytes(): Promise<number> {
    this.#checkAlive();
    return Math.max(0, this.capacityBytes - this.#usedBytes());
  }

  /** Power goes now: everything that is still under way on this disk fails. */
  kill(): void {
    this.#isDead = true;
  }

  /** The disk as it is found after the power came back. */
  afterPowerLoss(survival: Survival, random: Random): SimulatedDisk {
    const found = new SimulatedDisk();
    const isKept = () => survival === "everything" || (survival === "some" && random.fraction() < 0.5);
    for (const name of new Set([...this.#now.keys(), ...this.#durable.keys()])) {
      const before = this.#durable.get(name);
      const now = this.#now.get(name);
      const inode = before === now || isKept() ? now : before;
      if (inode === undefined) continue;
      const bytes = survivorOf(inode, survival, isKept);
      const copy: Inode = { bytes, durable: bytes.slice(), unsynced: [] };
      found.#now.set(name, copy);
      found.#durable.set(name, copy);
    }
    return found;
  }

  /** The bytes of a file, to be read or damaged by a test. */
  bytesOf(name: string): Uint8Array {
    const inode = this.#now.get(name);
    if (inode === undefined) throw systemError("ENOENT");
    return inode.bytes;
  }

  names(): readonly string[] {
    return [...this.#now.keys()].sort();
  }

  #file(inode: Inode): DiskFile {
    return {
      read: async (offset, lengthBytes) => {
        this.#checkAlive();
        return inode.bytes.slice(offset, offset + lengthBytes);
      },
      readNow: (offset, lengthBytes) => {
        this.#checkAlive();
        return inode.bytes.slice(offset, offset + lengthBytes);
      },
      write: async (offset, parts) => {
        this.#write(inode, offset, Buffer.concat(parts));
      },
      sync: async () => {
        // What is written while the sync runs is not covered by it.
        const [bytes, covered] = [inode.bytes.slice(), inode.unsynced.length];
        await new Promise((resolve) => setImmediate(resolve));
        this.#step("sync", () => {
          inode.durable = bytes;
          inode.unsynced = inode.unsynced.slice(covered);
        });
      },
      truncate: async (sizeBytes) => {
        this.#step("truncate", () => {
          const bytes = new Uint8Array(sizeBytes);
          bytes.set(inode.bytes.subarray(0, sizeBytes));
          inode.bytes = bytes;
          inode.unsynced.push({ sizeBytes });
        });
      },
      sizeBytes: async () => {
        this.#checkAlive();
        return inode.bytes.length;
      },
      close: async () => {},
    };
  }

  #write(inode: Inode, offset: number, bytes: Uint8Array): void {
    const apply = (part: Uint8Array) => {
      if (part.length === 0) return;
      inode.bytes = withWrite(inode.bytes, offset, part);
      inode.unsynced.push({ offset, bytes: part.slice() });
    };
    const roomBytes = this.capacityBytes - this.#usedBytes();
    const growthBytes = Math.max(0, offset + bytes.length - inode.bytes.length);
    if (growthBytes > roomBytes) {
      // As a real disk does: what fits is written, the rest is not.
      this.#step("write", () =>
        apply(bytes.subarray(0, Math.max(0, inode.bytes.length + roomBytes - offset))),
      );
      throw systemError("ENOSPC");
    }
    try {
      this.#step("write", () => apply(bytes));
    } catch (error) {
      // A write that fails or is cut off may have done any part of its work.
      if (!inode.unsynced.some((entry) => "bytes" in entry && entry.offset === offset))
        apply(bytes.subarray(0, bytes.length >> 1));
      throw error;
    }
  }

  #usedBytes(): number {
    let usedBytes = 0;
    for (const inode of this.#now.values()) usedBytes += inode.bytes.length;
    return usedBytes;
  }

  #die(): never {
    this.#isDead = true;
    throw new PowerLoss("the power went");
  }

  #checkAlive(): void {
    if (this.#isDead) throw new PowerLoss("the power is gone");
  }
}

function survivorOf(inode: Inode, survival: Survival, isKept: () => boolean): Uint8Array {
  if (survival === "everything") return inode.bytes.slice();
  let bytes: Uint8Array = inode.durable.slice();
  for (const entry of inode.unsynced) {
    if ("sizeBytes" in entry) {
      if (!isKept()) continue;
      const cut = new Uint8Array(entry.sizeBytes);
      cut.set(bytes.subarray(0, entry.sizeBytes));
      bytes = cut;
      continue;
    }
    for (let at = 0; at < entry.bytes.length; ) {
      const start = entry.offset + at;
      const end = Math.min(entry.bytes.length, at + SECTOR_BYTES - (start % SECTOR_BYTES));
      if (isKept()) bytes = withWrite(bytes, start, entry.bytes.subarray(at, end));
      at = end;
    }
  }
  return bytes;
}

function withWrite(bytes: Uint8Array, offset: number, part: Uint8Array): Uint8Array {
  let out: Uint8Array = bytes;
  if (offset + part.length > bytes.length) {
    out = new Uint8Array(offset + part.length);
    out.set(bytes);
  }
  out.set(part, offset);
  return out;
}
