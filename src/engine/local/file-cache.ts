/** Open pack files, so many at most: the one that was used longest ago and is not in use is closed first. */
import type { DiskFile } from "./disk.ts";

const OPEN_FILES_MAX = 128;

interface Opened {
  readonly file: Promise<DiskFile>;
  users: number;
}

export class FileCache {
  readonly #open: (number: number, create: boolean) => Promise<DiskFile>;
  /** In order of last use. */
  readonly #opened = new Map<number, Opened>();

  constructor(open: (number: number, create: boolean) => Promise<DiskFile>) {
    this.#open = open;
  }

  /** Runs `task` with the file open. */
  async use<T>(
    number: number,
    task: (file: DiskFile) => Promise<T>,
    options?: { readonly create: boolean },
  ): Promise<T> {
    const opened = this.#opened.get(number) ?? {
      file: this.#open(number, options?.create ?? false),
      users: 0,
    };
    this.#opened.delete(number);
    this.#opened.set(number, opened);
    opened.users += 1;
    try {
      return await task(await this.#settled(number, opened));
    } finally {
      opened.users -= 1;
      await this.#closeSome(OPEN_FILES_MAX);
    }
  }

  close(): Promise<void> {
    return this.#closeSome(0);
  }

  async #settled(number: number, opened: Opened): Promise<DiskFile> {
    try {
      return await opened.file;
    } catch (error) {
      if (this.#opened.get(number) === opened) this.#opened.delete(number);
      throw error;
    }
  }

  async #closeSome(max: number): Promise<void> {
    for (const [number, opened] of this.#opened) {
      if (this.#opened.size <= max) return;
      if (opened.users > 0) continue;
      this.#opened.delete(number);
      await (await opened.file).close();
    }
  }
}
