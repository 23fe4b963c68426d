/**
 * Whether the arguments of this process are UTF-8. Node puts U+FFFD where they are not, and a name must never be another than
 * the one that was typed. Known from /proc where there is one; elsewhere U+FFFD is taken for what it says.
 */
import { readFile } from "node:fs/promises";
import { fromUtf8 } from "../base/bytes.ts";

export async function areArgumentsUtf8(file = "/proc/self/cmdline"): Promise<boolean> {
  try {
    return fromUtf8(await readFile(file)) !== undefined;
  } catch {
    return true;
  }
}
