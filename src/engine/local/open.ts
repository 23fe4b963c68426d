/** Opens a data directory: the local engine of a segment. One process at a time; see DESIGN.md for what rests where. */
import { statfs } from "node:fs/promises";
import type { Clock } from "../../base/clock.ts";
import { systemCode, toEfsError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { type Random, systemRandom } from "../../base/random.ts";
import type { Engine, EngineSpace } from "../engine.ts";
import { assembleLocal } from "./assemble.ts";
import { lockDirectory } from "./directory-lock.ts";
import { type Disk, realDisk } from "./disk.ts";
import { readFormat, writeFormat } from "./format-file.ts";

export interface LocalEngineOptions {
  /** Made when it is absent. */
  readonly directory: string;
  readonly log: Log;
  readonly clock: Clock;
  /** undefined: chance of the system. */
  readonly random?: Random | undefined;
  /** undefined: the disk of the system. */
  readonly disk?: Disk | undefined;
  /** A pack that has reached this size is left; 256 MiB when undefined. */
  readonly packBytesMax?: number | undefined;
  /** How much longer than claimed a chunk may stay, so that claims of fresh chunks cost nothing; 1 hour when undefined. */
  readonly claimAheadMs?: number | undefined;
}

/** @throws DATA_DIRECTORY_IN_USE, FORMAT_TOO_NEW (nothing is touched), RECORD_CORRUPT, DENIED, NO_SPACE, IO */
export async function openLocalEngine(options: LocalEngineOptions): Promise<Engine> {
  try {
    return await openDirectory(options);
  } catch (error) {
    throw systemCode(error) === undefined ? error : toEfsError(error);
  }
}

async function openDirectory(options: LocalEngineOptions): Promise<Engine> {
  const { directory, random = systemRandom, disk = realDisk } = options;
  // Before the lock, so that nothing is touched in a directory of a newer format.
  await readFormat(disk, directory);
  const lock = await lockDirectory(directory);
  try {
    const format = (await readFormat(disk, directory)) ?? (await writeFormat(disk, directory, random));
    const stores = await assembleLocal({ ...options, disk, salt: format.salt });
    let closing: Promise<void> | undefined;
    return {
      chunks: stores.chunks,
      records: stores.records,
      space: () => spaceOf(directory),
      close: () => {
        closing ??= stores.close().finally(() => lock.release());
        return closing;
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function spaceOf(directory: string): Promise<EngineSpace> {
  const { bsize, blocks, bavail } = await statfs(directory);
  return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
}
