/**
 * The registry of running segments: one small file for each `efsd` of this user, in `$XDG_RUNTIME_DIR/efs`, else
 * `~/.local/state/efs`. It lets efscli find the only segment that runs. An entry whose process is gone (its pid is free, or was
 * given to another process, which the start time tells) is stale: it is never returned, and is removed when it is met.
 */
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { environment } from "../base/environment.ts";
import { systemCode } from "../base/errors.ts";

export interface SegmentEntry {
  readonly pid: number;
  /** Opaque mark of when the process began; with the pid it names one process until the next boot. */
  readonly startTime: string;
  /** Path of the Unix socket of the admin API. */
  readonly socket: string;
  readonly dataDirectory: string;
  readonly name: string;
  readonly guid: string;
}

export interface RegistryPlace {
  /** `$XDG_RUNTIME_DIR`; undefined or empty when it is not set. */
  readonly runtimeDirectory: string | undefined;
  readonly homeDirectory: string;
}

/** At most this many entries are looked at. */
const ENTRIES_MAX = 1000;
const ENTRY_BYTES_MAX = 16 * 1024;

/** Where the registry of the user that runs this program is. */
export function registryPlace(): RegistryPlace {
  return { runtimeDirectory: environment("XDG_RUNTIME_DIR"), homeDirectory: homedir() };
}

export function registryDirectory(place: RegistryPlace): string {
  if (place.runtimeDirectory) return join(place.runtimeDirectory, "efs");
  return join(place.homeDirectory, ".local", "state", "efs");
}

/** The endpoint of an entry, as `connect` takes it. */
export function endpointOf(entry: SegmentEntry): string {
  return `unix:${entry.socket}`;
}

/** The segments of this user that run now, in order of names and then pids. A registry that is not there is empty. */
export async function listSegments(place: RegistryPlace = registryPlace()): Promise<readonly SegmentEntry[]> {
  const directory = registryDirectory(place);
  const files = await namesIn(directory);
  const entries: SegmentEntry[] = [];
  for (const file of files.filter((name) => /^\d+\.json$/.test(name)).slice(0, ENTRIES_MAX)) {
    const entry = await readEntry(join(directory, file));
    if (entry === undefined) continue;
    if (await isRunning(entry)) entries.push(entry);
    else await removeEntry(join(directory, file), entry);
  }
  return entries.sort((left, right) => compareText(left.name, right.name) || left.pid - right.pid);
}

/** Writes the entry of this process. Returns the function that removes it. */
export async function registerSegment(
  place: RegistryPlace,
  segment: Omit<SegmentEntry, "pid" | "startTime">,
): Promise<() => Promise<void>> {
  const directory = registryDirectory(place);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const entry: SegmentEntry = {
    pid: process.pid,
    startTime: (await startTimeOf(process.pid)) ?? "",
    ...segment,
  };
  const path = join(directory, `${entry.pid}.json`);
  const fresh = `${path}.new`;
  await writeFile(fresh, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
  await rename(fresh, path);
  return () => removeEntry(path, entry);
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  }
}

async function readEntry(path: string): Promise<SegmentEntry | undefined> {
  try {
    const found = await lstat(path);
    if (!found.isFile() || found.size > ENTRY_BYTES_MAX) return undefined;
    return parseEntry(JSON.parse(await readFile(path, "utf8")));
  } catch {
    // Removed meanwhile, or not ours to read, or half a file: none of it is a segment.
    return undefined;
  }
}

function parseEntry(value: unknown): SegmentEntry | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { pid, startTime, socket, dataDirectory, name, guid } = value as Record<string, unknown>;
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid < 1) return undefined;
  const texts = { startTime, socket, dataDirectory, name, guid };
  if (!Object.values(texts).every((text) => typeof text === "string")) return undefined;
  return { pid, ...(texts as Omit<SegmentEntry, "pid">) };
}

async function isRunning(entry: SegmentEntry): Promise<boolean> {
  try {
    process.kill(entry.pid, 0);
  } catch (error) {
    if (systemCode(error) !== "EPERM") return false;
  }
  const startTime = await startTimeOf(entry.pid);
  return startTime === undefined || entry.startTime === "" || startTime === entry.startTime;
}

/** Start of a process in clock ticks since the boot; undefined where the system does not tell. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses and may hold anything; field 22 counts from behind it.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** Removes the file when it still holds this very entry: a new daemon may have been given the same pid. */
async function removeEntry(path: string, entry: SegmentEntry): Promise<void> {
  const now = await readEntry(path);
  if (now === undefined || now.startTime !== entry.startTime) return;
  await rm(path, { force: true });
}
