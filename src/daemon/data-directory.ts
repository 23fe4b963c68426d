/** The data directory before anything is opened in it: made when it is missing, refused when it holds something else. */
import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { EfsError, systemCode } from "../base/errors.ts";
import { escapeName } from "../model/names.ts";
import { CONFIG_FILE } from "./config.ts";

export const SOCKET_FILE = "efsd.sock";
/** One of these makes a directory a segment's; the engine judges the rest. */
const MARKS = ["FORMAT", "journal-0"];
/** What may stand in a directory that is about to become a segment's. */
const HARMLESS = new Set([CONFIG_FILE, SOCKET_FILE, "lock", "FORMAT.new", "lost+found"]);
const SHOWN_MAX = 5;

/** The absolute path. @throws BAD_CONFIG, NOT_EMPTY naming what is there, DENIED, NO_SPACE, READ_ONLY */
export async function prepareDataDirectory(directory: string): Promise<string> {
  const absolute = path.resolve(directory);
  try {
    await mkdir(absolute, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const code = systemCode(cause);
    if (code !== "EEXIST" && code !== "ENOTDIR") throw cause;
    throw new EfsError("BAD_CONFIG", `${absolute} is not a directory`, { cause });
  }
  const names = await readdir(absolute);
  if (MARKS.some((mark) => names.includes(mark))) return absolute;
  const foreign = names.filter((name) => !HARMLESS.has(name)).sort();
  if (foreign.length === 0) return absolute;
  const shown = foreign.slice(0, SHOWN_MAX).map(escapeName).join(", ");
  const more = foreign.length > SHOWN_MAX ? ` and ${foreign.length - SHOWN_MAX} more` : "";
  throw new EfsError("NOT_EMPTY", `${absolute} is not a segment's and not empty: it holds ${shown}${more}`, {
    hint: "give --data a new directory; nothing was changed",
  });
}
