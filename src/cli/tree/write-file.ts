/**
 * Writes an object's content to a file: into a new file beside it, then by rename, so that a reader sees the old content or the
 * whole new one, and a failure leaves nothing behind.
 */
import { constants } from "node:fs";
import { type FileHandle, link, open, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { toHex } from "../../base/bytes.ts";
import { EfsError, systemCode } from "../../base/errors.ts";
import { systemRandom } from "../../base/random.ts";
import { forTerminal } from "../output/escape.ts";
import { modeOf, mtimeNsOf } from "./attributes.ts";
import { fileTrouble } from "./outcome.ts";

export interface WriteOptions {
  readonly body: AsyncIterable<Uint8Array>;
  /** Time and mode are taken from it where they are there. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Permission bits of the new file when the metadata has none; undefined: as the system makes files. */
  readonly mode?: number | undefined;
  /** Fail with EXISTS when something of this name is there. */
  readonly isNew?: boolean;
  /** Wait until the bytes are on disk. */
  readonly isDurable?: boolean;
  readonly signal: AbortSignal;
}

/** @throws EXISTS, DENIED, IO, NO_SPACE, FILE_NOT_FOUND, LIMIT (name too long), CANCELLED, and what the body throws */
export async function writeFileWhole(path: string, options: WriteOptions): Promise<void> {
  const fresh = join(dirname(path), `.efscli-${toHex(systemRandom.bytes(8))}.part`);
  const handle = await local(path, () =>
    open(fresh, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW),
  );
  try {
    try {
      await fill(handle, path, options);
    } finally {
      await handle.close();
    }
    await local(path, () => (options.isNew === true ? moveNew(fresh, path) : rename(fresh, path)));
  } catch (thrown) {
    await unlink(fresh).catch(() => undefined);
    throw thrown;
  }
}

async function fill(handle: FileHandle, path: string, options: WriteOptions): Promise<void> {
  await pourInto(handle, path, options);
  const { metadata = {}, isDurable } = options;
  await local(path, async () => {
    const mode = modeOf(metadata) ?? options.mode;
    if (mode !== undefined) await handle.chmod(mode);
    const mtimeNs = mtimeNsOf(metadata);
    if (mtimeNs !== undefined) await handle.utimes(secondsOf(mtimeNs), secondsOf(mtimeNs));
    if (isDurable === true) await handle.sync();
  });
}

/** Whole microseconds, and a little more: the system cuts below them, and a double may be a little less than it should. */
function secondsOf(ns: bigint): number {
  return (Number(ns / 1000n) + 0.25) / 1e6;
}

/** Writes the whole body to an open file or device. */
export async function pourInto(
  handle: FileHandle,
  path: string,
  { body, signal }: Pick<WriteOptions, "body" | "signal">,
): Promise<void> {
  for await (const piece of body) {
    if (signal.aborted) throw new EfsError("CANCELLED", "interrupted");
    for (let offset = 0; offset < piece.length; ) {
      offset += (await local(path, () => handle.write(piece, offset))).bytesWritten;
    }
  }
}

/** As rename, but fails when the name is taken. */
async function moveNew(fresh: string, path: string): Promise<void> {
  await link(fresh, path);
  await unlink(fresh);
}

/** Runs a call to the file system; its errors become sentences. */
export async function local<T>(path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    throw writeError(thrown, path);
  }
}

function writeError(thrown: unknown, path: string): EfsError {
  if (thrown instanceof EfsError) return thrown;
  const code = systemCode(thrown) ?? "failed";
  const shown = forTerminal(path);
  const options = { cause: thrown };
  switch (code) {
    // A full disk meets every file, so these two are not the trouble of one.
    case "ENOSPC":
      return new EfsError("NO_SPACE", `no space left to write ${shown}`, options);
    case "EDQUOT":
      return new EfsError("QUOTA", `the disk quota does not allow to write ${shown}`, options);
    case "EEXIST":
      return fileTrouble(new EfsError("EXISTS", `${shown} is there already`, options));
    case "EISDIR":
    case "ENOTEMPTY":
      return fileTrouble(new EfsError("EXISTS", `${shown} is a directory here`, options));
    case "ENOTDIR":
      return fileTrouble(
        new EfsError("EXISTS", `a part of ${shown} is a file here, not a directory`, options),
      );
    case "ENAMETOOLONG":
      return fileTrouble(
        new EfsError("LIMIT", `${shown}: the name is too long for this file system`, options),
      );
    case "ENOENT":
      return fileTrouble(
        new EfsError("FILE_NOT_FOUND", `cannot write ${shown}: its directory is not there`, options),
      );
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return fileTrouble(new EfsError("DENIED", `cannot write ${shown}: permission denied`, options));
    default:
      return fileTrouble(new EfsError("IO", `cannot write ${shown}: ${code}`, options));
  }
}
