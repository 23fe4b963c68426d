/** Replacing a small file as a whole: at every moment, also after the power went, it is the old one or the new one. */
import path from "node:path";
import type { Disk } from "./disk.ts";

/** Makes the new bytes durable beside the file, then takes them in its place; durable when it resolves. */
export async function replaceFile(disk: Disk, name: string, bytes: Uint8Array): Promise<void> {
  await writeDraft(disk, name, bytes);
  await takeDraft(disk, name);
}

export function draftName(name: string): string {
  return `${name}.new`;
}

/** The first half: nothing has happened to the file yet. */
export async function writeDraft(disk: Disk, name: string, bytes: Uint8Array): Promise<void> {
  const file = await disk.open(draftName(name), { create: true });
  try {
    await file.truncate(0);
    await file.write(0, [bytes]);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The second half: when it fails, the file may be either. */
export async function takeDraft(disk: Disk, name: string): Promise<void> {
  await disk.rename(draftName(name), name);
  await disk.syncDirectory(path.dirname(name));
}
