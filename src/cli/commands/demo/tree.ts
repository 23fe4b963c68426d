/**
 * Which files the demo stores: the directory that was named, else the project's own `node_modules`, topped up from this machine's
 * documentation and headers until there are enough. Links and special files are not among them, as `put -r` leaves them out.
 */
import { existsSync } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { EfsError } from "../../../base/errors.ts";

/** A directory and where its files go in the bucket. */
export interface Source {
  readonly directory: string;
  /** Of object names, without a slash at its end. */
  readonly prefix: string;
  /** Regular files below the directory: their paths in it, in order. */
  readonly files: readonly string[];
}

const FILES_WANTED = 10_000;
const TOP_UPS = ["/usr/include", "/usr/share/doc"] as const;
/** Smaller directories are not worth a command of their own. */
const TOP_UP_FILES_MIN = 100;

/** @throws FILE_NOT_FOUND */
export async function chooseSources(given: string | undefined, project: string): Promise<readonly Source[]> {
  if (given !== undefined) {
    const directory = path.resolve(given);
    const isDirectory = await stat(directory).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isDirectory) throw new EfsError("FILE_NOT_FOUND", `not a directory: ${given}`);
    return [await sourceOf(directory)];
  }
  const own = path.join(project, "node_modules");
  const sources = existsSync(own) ? [await sourceOf(own)] : [];
  for (const candidate of await topUps()) {
    if (countFiles(sources) >= FILES_WANTED) break;
    sources.push(candidate);
  }
  // A machine with few large directories: whole trees, small directories and all, in the place of their parts.
  for (const root of TOP_UPS) {
    if (countFiles(sources) >= FILES_WANTED || !existsSync(root)) continue;
    const kept = sources.filter((source) => path.dirname(source.directory) !== root);
    sources.splice(0, sources.length, ...kept, await sourceOf(root));
  }
  return sources;
}

export function countFiles(sources: readonly Source[]): number {
  return sources.reduce((sum, source) => sum + source.files.length, 0);
}

/** Directories that hold many files, those with the most first. */
async function topUps(): Promise<readonly Source[]> {
  const found: Source[] = [];
  for (const root of TOP_UPS) {
    if (!existsSync(root)) continue;
    for (const entry of await readdir(root, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const prefix = `${path.basename(root)}/${entry.name}`;
      const source = await sourceOf(path.join(root, entry.name), prefix);
      if (source.files.length >= TOP_UP_FILES_MIN) found.push(source);
    }
  }
  return found.sort((a, b) => b.files.length - a.files.length);
}

async function sourceOf(directory: string, prefix?: string): Promise<Source> {
  const root = await realpath(directory);
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
    .sort();
  return { directory: root, prefix: prefix ?? (path.basename(root) || "files"), files };
}
