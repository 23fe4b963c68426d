/** The directory of the index when it is opened: the list of its runs, and what a process that died has left beside them. */
import path from "node:path";
import type { Disk } from "./disk.ts";
import { draftName, replaceFile } from "./replace-file.ts";
import { indexDamaged, runName } from "./run.ts";
import { decodeRunList, encodeRunList, RUN_LIST_BYTES_MAX, type RunList } from "./run-list.ts";

export const RUN_LIST_FILE = "runs";
const RUN_FILE = /^\d{8,10}\.run$/;

interface RunDirectory {
  readonly disk: Disk;
  readonly directory: string;
  /** Of FORMAT. */
  readonly salt: bigint;
}

/** The list, made when the index is new; files of runs that are not listed are gone. @throws RECORD_CORRUPT, IO */
export async function openRunList(options: RunDirectory): Promise<RunList> {
  const list = await readList(options);
  await sweep(options, list);
  return list;
}

async function readList({ disk, directory, salt }: RunDirectory): Promise<RunList> {
  const name = path.join(directory, RUN_LIST_FILE);
  const names = await disk.list(directory);
  if (!names.includes(RUN_LIST_FILE)) {
    // A new index lists nothing before it has a first run.
    if (names.some((each) => RUN_FILE.test(each))) throw indexDamaged(name, "it is lost");
    const list: RunList = { applied: 0n, numbers: [] };
    await replaceFile(disk, name, encodeRunList(list, salt));
    return list;
  }
  const file = await disk.open(name, { create: false });
  try {
    const sizeBytes = await file.sizeBytes();
    const bytes = await file.read(0, Math.min(sizeBytes, RUN_LIST_BYTES_MAX));
    const list = decodeRunList(bytes, salt);
    if (list === undefined) throw indexDamaged(name, "it is not a list of runs");
    return list;
  } finally {
    await file.close();
  }
}

/** Removes what a round or a merge left that broke off, and what a merge replaced. */
async function sweep({ disk, directory }: RunDirectory, list: RunList): Promise<void> {
  const listed = new Set(list.numbers.map(runName));
  const names = await disk.list(directory);
  for (const name of names) {
    if (listed.has(name) || !(RUN_FILE.test(name) || name === draftName(RUN_LIST_FILE))) continue;
    await disk.remove(path.join(directory, name));
  }
  await disk.syncDirectory(directory);
}
