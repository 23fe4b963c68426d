/**
 * One process owns a data directory. Node has no flock(2), so the lock file is opened here and locked by flock(1),
 * which inherits the descriptor: the lock belongs to the open file, not to the helper, and the kernel frees it when
 * the last copy of the descriptor closes, however this process ends. It holds across containers that share the
 * directory, which a socket name or a pid would not. See DESIGN.md.
 */
import { spawn } from "node:child_process";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import path from "node:path";
import { EfsError, systemCode } from "../../base/errors.ts";
import { realDisk } from "./disk.ts";

const LOCK_FILE = "lock";
/** Exit status of `flock --nonblock` when another open file holds the lock. */
const FLOCK_HELD = 1;

export interface DirectoryLock {
  release(): Promise<void>;
}

/** @throws DATA_DIRECTORY_IN_USE when another open engine owns the directory. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  await makeDurably(directory);
  const file = await openLockFile(path.join(directory, LOCK_FILE));
  try {
    const status = await flock(file.fd);
    if (status === FLOCK_HELD) throw await inUse(directory, file);
    if (status !== 0) throw new EfsError("IO", `flock on ${directory} ended with ${status}`);
    await file.truncate(0);
    await file.write(`${process.pid}\n`, 0);
  } catch (error) {
    await file.close();
    throw error;
  }
  return { release: () => file.close() };
}

/** Makes the directory and those above it, and syncs every name that was new. */
async function makeDurably(directory: string): Promise<void> {
  const full = path.resolve(directory);
  const first = await mkdir(full, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = full; made.length >= first.length; made = path.dirname(made)) {
    await realDisk.syncDirectory(path.dirname(made));
  }
}

/** Never replaced or removed: a lock holds for an inode, and two inodes would be two locks. */
async function openLockFile(name: string): Promise<FileHandle> {
  try {
    return await open(name, "wx+", 0o600);
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    return open(name, "r+");
  }
}

function flock(descriptor: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn("flock", ["-x", "-n", "3"], { stdio: ["ignore", "ignore", "ignore", descriptor] });
    child.on("exit", (status) => resolve(status));
    child.on("error", (cause) => {
      const hint = "install util-linux (or busybox), which the lock on the data directory needs";
      reject(new EfsError("IO", "the program flock could not be run", { hint, cause }));
    });
  });
}

async function inUse(directory: string, file: FileHandle): Promise<EfsError> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(32), 0, 32, 0);
  const pid = Number.parseInt(buffer.toString("latin1", 0, bytesRead), 10);
  const owner = Number.isSafeInteger(pid) ? `process ${pid}` : "another process";
  return new EfsError("DATA_DIRECTORY_IN_USE", `${directory} is in use by ${owner}`, {
    hint: "stop that efsd first, or give this one another directory with --data",
    details: Number.isSafeInteger(pid) ? { directory, pid } : { directory },
  });
}
