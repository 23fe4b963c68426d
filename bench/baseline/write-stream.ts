/**
 * Baseline of a put: one file of incompressible bytes, written in pieces of 1 MiB and synced once.
 * `node write-stream.js FILE BYTES SEED` prints the milliseconds that it took.
 */
import { open } from "node:fs/promises";
import { incompressible } from "../text.ts";

const [file = "", sizeText = "0", seedText = "1"] = process.argv.slice(2);
const startMs = performance.now();
const handle = await open(file, "w");
for (const piece of incompressible(Number(seedText), Number(sizeText))) await handle.writeFile(piece);
await handle.sync();
await handle.close();
process.stdout.write(`${performance.now() - startMs}\n`);
