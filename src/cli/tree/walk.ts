/**
 * Walks a directory: yields its regular files, counts what is left out (symbolic links, empty directories, special files), reports what
 * cannot be read or named. Names are bytes to the system and text here: a name that is not UTF-8 is reported, never changed.
 */
import { readdir } from "node:fs/promises";
import { fromUtf8 } from "../../base/bytes.ts";
import { EfsError, systemCode } from "../../base/errors.ts";
import { forTerminal } from "../output/escape.ts";

export interface FoundFile {
  /** Relative to the root, parts joined by `/`. */
  readonly name: string;
  readonly path: string;
}

export interface LeftOut {
  symbolicLinks: number;
  emptyDirectories: number;
  specialFiles: number;
}

export interface WalkReport {
  readonly leftOut: LeftOut;
  /** A file or directory that cannot be taken; `isDirectory`: nobody knows what is below it. */
  readonly trouble: (name: string, error: EfsError, isDirectory: boolean) => Promise<void>;
  /** A name that stands in the directory but is no regular file. */
  readonly notFile?: (name: string) => void;
}

const DEPTH_MAX = 512;

/** @throws FILE_NOT_FOUND, DENIED when the root itself cannot be read */
export async function* walk(root: string, report: WalkReport): AsyncGenerator<FoundFile> {
  const base = root.endsWith("/") ? root : `${root}/`;
  yield* below(base, "", 0, report);
}

async function* below(
  base: string,
  prefix: string,
  depth: number,
  report: WalkReport,
): AsyncGenerator<FoundFile> {
  const entries = await entriesOf(base, prefix, depth, report);
  if (entries === undefined) return;
  if (entries.length === 0 && prefix !== "") report.leftOut.emptyDirectories += 1;
  for (const entry of entries) {
    const text = fromUtf8(entry.name);
    if (text === undefined) {
      const shown = `${prefix}${latin(entry.name)}`;
      await report.trouble(shown, new EfsError("BAD_NAME", "the name is not UTF-8"), entry.isDirectory());
      continue;
    }
    const name = `${prefix}${text}`;
    if (entry.isDirectory()) yield* below(base, `${name}/`, depth + 1, report);
    else if (entry.isFile()) yield { name, path: `${base}${name}` };
    else {
      if (entry.isSymbolicLink()) report.leftOut.symbolicLinks += 1;
      else report.leftOut.specialFiles += 1;
      report.notFile?.(name);
    }
  }
}

async function entriesOf(base: string, prefix: string, depth: number, report: WalkReport) {
  try {
    if (depth > DEPTH_MAX) throw new EfsError("LIMIT", `directories are nested more than ${DEPTH_MAX} deep`);
    const entries = await readdir(`${base}${prefix}`, { withFileTypes: true, encoding: "buffer" });
    return entries.sort((left, right) => Buffer.compare(left.name, right.name));
  } catch (thrown) {
    const error = readError(thrown, "directory", `${base}${prefix}`);
    if (prefix === "") throw error;
    await report.trouble(prefix, error, true);
    return undefined;
  }
}

/** Why something local could not be read, as an EfsError. */
export function readError(thrown: unknown, what: string, path: string): EfsError {
  if (thrown instanceof EfsError) return thrown;
  const code = systemCode(thrown) ?? "failed";
  const shown = forTerminal(path);
  if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") {
    const reason = code === "ENOENT" ? "it is not there" : code;
    return new EfsError("FILE_NOT_FOUND", `cannot read ${what} ${shown}: ${reason}`, { cause: thrown });
  }
  if (code === "EACCES" || code === "EPERM") {
    return new EfsError("DENIED", `cannot read ${what} ${shown}: permission denied`, { cause: thrown });
  }
  return new EfsError("IO", `cannot read ${what} ${shown}: ${code}`, { cause: thrown });
}

/** Bytes that are no text, with what is not ASCII as `\xNN`. */
function latin(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
  ).join("");
}
