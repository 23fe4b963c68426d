/** Writes the man pages into the directory that is named (default: man): `npm run man`. */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { manPages } from "./man/man-pages.ts";
import { treeSession } from "./man/tree-session.ts";
import { wholeProgram } from "./program.ts";

void write(process.argv[2] ?? "man");

async function write(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, text] of manPages(await wholeProgram(treeSession()))) {
    await writeFile(path.join(directory, name), text);
  }
}
