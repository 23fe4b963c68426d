/**
 * Baseline of many small durable puts: creates files of 1 KiB, writes and fsyncs each, 16 in flight.
 * `node create-files.js DIRECTORY COUNT` prints the milliseconds that it took.
 */
import { mkdir, open } from "node:fs/promises";
import path from "node:path";
import { incompressibleBytes } from "../text.ts";

const [directory = "", countText = "0"] = process.argv.slice(2);
const count = Number(countText);
await mkdir(directory, { recursive: true });
const bytes = incompressibleBytes(1, count * 1024);
let next = 0;

async function worker(): Promise<void> {
  while (next < count) {
    const index = next;
    next += 1;
    const handle = await open(path.join(directory, `object-${index}`), "w");
    await handle.writeFile(bytes.subarray(index * 1024, (index + 1) * 1024));
    await handle.sync();
    await handle.close();
  }
}

const startMs = performance.now();
await Promise.all(Array.from({ length: 16 }, worker));
process.stdout.write(`${performance.now() - startMs}\n`);
