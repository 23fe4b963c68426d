/**
 * The proof: what a segment holds in a bucket against files on disk, name by name and byte by byte. Reads one segment and nothing else,
 * so that it says what that segment has, whatever any counter claims.
 */
import { open } from "node:fs/promises";
import type { AdminClient } from "../../../api/admin-client.ts";
import type { ObjectInfo } from "../../../api/object.ts";
import { toEfsError } from "../../../base/errors.ts";
import { Limiter } from "../../../base/limiter.ts";
import { LIST_LIMIT_MAX } from "../../../model/limits.ts";

export interface Comparison {
  readonly comparedCount: number;
  readonly comparedBytes: number;
  /** One sentence for each object that is missing, different, unreadable or too many; at most DIFFERENCES_MAX of them. */
  readonly differences: readonly string[];
  readonly differenceCount: number;
}

const IN_FLIGHT = 16;
const DIFFERENCES_MAX = 20;

/** `expected`: object name to the path of its file. */
export async function compareBucket(
  api: AdminClient,
  bucket: string,
  expected: ReadonlyMap<string, string>,
  onCompared: (count: number) => void = () => {},
): Promise<Comparison> {
  const differences: string[] = [];
  let differenceCount = 0;
  let comparedCount = 0;
  let comparedBytes = 0;
  const differ = (sentence: string) => {
    differenceCount += 1;
    if (differences.length < DIFFERENCES_MAX) differences.push(sentence);
  };
  const there = await listBucket(api, bucket);
  for (const name of there.keys()) if (!expected.has(name)) differ(`${name}: not among the files`);

  const limiter = new Limiter(IN_FLIGHT);
  const compareOne = async (name: string, file: string) => {
    if (!there.has(name)) return differ(`${name}: missing`);
    try {
      const outcome = await compareObject(api, { bucket, name, file });
      if (outcome.difference !== undefined) differ(`${name}: ${outcome.difference}`);
      comparedBytes += outcome.comparedBytes;
    } catch (thrown) {
      const error = toEfsError(thrown);
      differ(`${name}: ${error.message} (${error.code})`);
    }
    comparedCount += 1;
    onCompared(comparedCount);
  };
  await Promise.all([...expected].map(([name, file]) => limiter.run(() => compareOne(name, file))));
  return { comparedCount, comparedBytes, differences, differenceCount };
}

/** All objects of a bucket by their names. */
export async function listBucket(api: AdminClient, bucket: string): Promise<ReadonlyMap<string, ObjectInfo>> {
  const found = new Map<string, ObjectInfo>();
  let after: string | undefined;
  do {
    const page = await api.listObjects(bucket, { limit: LIST_LIMIT_MAX, after });
    for (const item of page.items) found.set(item.name, item);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return found;
}

interface Outcome {
  readonly comparedBytes: number;
  /** undefined: equal. */
  readonly difference: string | undefined;
}

async function compareObject(
  api: AdminClient,
  { bucket, name, file }: { readonly bucket: string; readonly name: string; readonly file: string },
): Promise<Outcome> {
  const handle = await open(file);
  let at = 0;
  try {
    const { size } = await handle.stat();
    const { body } = await api.getObject(bucket, name);
    for await (const piece of body) {
      const buffer = Buffer.alloc(piece.length);
      const { bytesRead } = await handle.read(buffer, 0, piece.length, at);
      const there = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
      if (bytesRead < piece.length)
        return { comparedBytes: at, difference: `longer than the file's ${size} bytes` };
      if (!buffer.equals(there)) {
        const offset = at + buffer.findIndex((byte, index) => byte !== there[index]);
        return { comparedBytes: at, difference: `another byte at offset ${offset}` };
      }
      at += piece.length;
    }
    if (at < size) return { comparedBytes: at, difference: `${at} bytes, the file has ${size}` };
    return { comparedBytes: at, difference: undefined };
  } finally {
    await handle.close();
  }
}
