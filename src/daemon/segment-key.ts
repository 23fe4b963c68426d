/**
 * `segment.key` in the data directory: the 32 bytes that users' secrets are sealed under, for the daemon's user alone. Made when the segment
 * has never had one; a key that is missing though the segment had one is an error, never silently a new one: the secrets would be lost.
 * Steps of making: temporary file, fsync, rename, fsync of the directory; only then does the segment learn of it.
 */
import { constants } from "node:fs";
import { type FileHandle, lstat, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { EfsError, systemCode } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import { SEGMENT_KEY_BYTES } from "../segment/segment-key.ts";

export const SEGMENT_KEY_FILE = "segment.key";
const OTHERS_BITS = 0o077;
const OWN_MODE = 0o600;

export interface SegmentKeyOptions {
  readonly dataDirectory: string;
  /** True when the segment has had a key before. */
  readonly isExpected: boolean;
  readonly random: Random;
  readonly log: Log;
}

/** For `--new-segment-key`: a key that is there may be the right one and is not given up. @throws BAD_CONFIG */
export async function requireNoSegmentKey(dataDirectory: string): Promise<void> {
  const file = path.join(dataDirectory, SEGMENT_KEY_FILE);
  const isThere = await lstat(file).then(
    () => true,
    (thrown: unknown) => {
      if (systemCode(thrown) === "ENOENT") return false;
      throw thrown;
    },
  );
  if (!isThere) return;
  throw new EfsError("BAD_CONFIG", `${file} is there: --new-segment-key is for one that is lost`, {
    hint: "if it is the wrong one, move it away first",
  });
}

/** @throws BAD_CONFIG (missing, not a key), DENIED, NO_SPACE, IO */
export async function openSegmentKey(options: SegmentKeyOptions): Promise<Uint8Array> {
  const file = path.join(options.dataDirectory, SEGMENT_KEY_FILE);
  const found = await readKey(file, options.log);
  if (found !== undefined) return found;
  if (options.isExpected) {
    throw new EfsError("BAD_CONFIG", `${file} is missing, and the segment's secrets are sealed under it`, {
      hint: "put it back from the backup of the data directory, with mode 0600; if it is lost for good, efsd --new-segment-key gives up all access keys of users and what encrypted buckets hold",
    });
  }
  return makeKey(options, file);
}

async function readKey(file: string, log: Log): Promise<Uint8Array | undefined> {
  let handle: FileHandle;
  try {
    // Not through a link, and never waiting for the other end of a pipe.
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    const code = systemCode(cause);
    if (code === "ENOENT") return undefined;
    if (code !== "ELOOP") throw cause;
    throw new EfsError("BAD_CONFIG", `${file} is a symbolic link, not the segment key itself`, { cause });
  }
  try {
    const found = await handle.stat();
    if (!found.isFile() || found.size !== SEGMENT_KEY_BYTES) {
      throw new EfsError("BAD_CONFIG", `${file} is not a segment key: it has ${SEGMENT_KEY_BYTES} bytes`, {
        hint: "put it back from the backup of the data directory",
      });
    }
    if ((found.mode & OTHERS_BITS) !== 0) {
      await handle.chmod(OWN_MODE);
      log.warn(
        { file, mode: (found.mode & 0o777).toString(8) },
        "others could reach the segment key: its mode is 0600 now",
      );
    }
    const key = new Uint8Array(SEGMENT_KEY_BYTES);
    const { bytesRead } = await handle.read(key, 0, SEGMENT_KEY_BYTES, 0);
    if (bytesRead !== SEGMENT_KEY_BYTES) throw new EfsError("IO", `${file} was read short`);
    return key;
  } finally {
    await handle.close();
  }
}

async function makeKey({ dataDirectory, random, log }: SegmentKeyOptions, file: string): Promise<Uint8Array> {
  const key = random.bytes(SEGMENT_KEY_BYTES);
  const fresh = `${file}.new`;
  await rm(fresh, { force: true });
  const handle = await open(fresh, "wx", OWN_MODE);
  try {
    await handle.writeFile(key);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
  const directory = await open(dataDirectory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
  log.info({ file }, "made the segment key: back it up with the data directory");
  return key;
}
