/** Reading a bucket's transaction log: its head, its entries, and what lies behind a position. */
import { EfsError } from "../../base/errors.ts";
import { logRecordKey, type MetaRecord } from "../../engine/meta-store.ts";
import { decodeLogEntry } from "../../model/log-entry.ts";
import { type BucketPath, formatBucketPath, parseBucketName, type ServedPath } from "../../model/names.ts";
import type { OpenBucket } from "../core/buckets.ts";
import { type Core, scanAll } from "../core/core.ts";
import { bucketPrefix, rangeOf, textBehind } from "../keys.ts";
import { checkLimit } from "../namespace/listing.ts";
import type { LogHead, PositionedEntry, Replication } from "../replication.ts";

const ENTRIES_MAX = 10_000;

export async function servedBuckets(core: Core, path: ServedPath): ReturnType<Replication["buckets"]> {
  if ("bucket" in path) {
    const bucket = await core.buckets.find(path);
    return bucket === undefined ? [] : [{ path, record: bucket.record }];
  }
  const found: OpenBucket[] = [];
  const prefix = bucketPrefix(path);
  for await (const { key } of scanAll(core.records, rangeOf(prefix))) {
    const bucket = await core.buckets.find({ ...path, bucket: parseBucketName(textBehind(prefix, key)) });
    if (bucket !== undefined) found.push(bucket);
  }
  return found.map((bucket) => ({ path: bucket.path, record: bucket.record }));
}

export async function logHead(core: Core, path: BucketPath): Promise<LogHead> {
  const bucket = await core.buckets.open(path);
  return { logId: bucket.record.logId, position: await core.records.lastPosition(bucket.keys.log) };
}

export async function readLog(
  core: Core,
  path: BucketPath,
  after: bigint,
  limit: number,
): Promise<readonly PositionedEntry[]> {
  checkLimit(limit, ENTRIES_MAX);
  const bucket = await core.buckets.open(path);
  const entries: PositionedEntry[] = [];
  const { to } = rangeOf(bucket.keys.log);
  while (entries.length < limit) {
    const last = entries.at(-1)?.position ?? after;
    const from = logRecordKey(bucket.keys.log, last + 1n);
    const page = await core.records.scan({ from, to, limit: limit - entries.length });
    for (const record of page.records) entries.push(entryOf(bucket, record));
    if (!page.isTruncated) break;
  }
  return entries;
}

export async function backlog(
  core: Core,
  path: BucketPath,
  after: bigint,
  limit: number,
): ReturnType<Replication["backlog"]> {
  const head = await logHead(core, path);
  if (head.position <= after) return { versions: 0, bytes: 0, oldestLoggedMs: undefined };
  const entries = await readLog(core, path, after, Math.min(Math.max(1, limit), ENTRIES_MAX));
  const behind = Number(head.position - after);
  return {
    // Positions have no gaps, so what lies behind the last entry read is counted without reading it.
    versions: Math.max(entries.length, behind),
    bytes: entries.reduce((sum, entry) => sum + (entry.kind === "version" ? entry.sizeBytes : 0), 0),
    oldestLoggedMs: entries[0]?.loggedMs,
  };
}

export function watchLog(core: Core, path: BucketPath, onChange: () => void): () => void {
  let isEnded = false;
  let end = () => {};
  const begin = async () => {
    const bucket = await core.buckets.open(path);
    if (!isEnded) end = core.records.watch(bucket.keys.log, onChange);
  };
  begin().catch((thrown: unknown) => {
    // A watch is a hint; a reader that polls will meet the same failure and report it.
    core.log.debug({ bucket: formatBucketPath(path), error: String(thrown) }, "a log cannot be watched");
  });
  return () => {
    isEnded = true;
    end();
  };
}

function entryOf(bucket: OpenBucket, { key, value }: MetaRecord): PositionedEntry {
  const view = new DataView(key.buffer, key.byteOffset, key.length);
  const position = view.getBigUint64(bucket.keys.log.length);
  try {
    return { ...decodeLogEntry(value), position };
  } catch (thrown) {
    if (!(thrown instanceof EfsError)) throw thrown;
    const bucketText = formatBucketPath(bucket.path);
    throw new EfsError(
      "RECORD_CORRUPT",
      `entry ${position} of the log of ${bucketText} is damaged: ${thrown.message}`,
      { cause: thrown, details: { bucket: bucketText, position: Number(position) } },
    );
  }
}
