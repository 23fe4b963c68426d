/**
 * Listing the latest versions of a bucket in byte order of names. Deleted names are in a table of their own, so every record that is
 * read is an item. With a delimiter, names that share the text up to it are rolled up into one item, and the scan goes on behind
 * them by seeking: a million names under one prefix cost one record.
 */
import { compareBytes } from "../../base/bytes.ts";
import type { RecordKey } from "../../engine/meta-store.ts";
import type { BucketPath } from "../../model/names.ts";
import type { OpenBucket } from "../core/buckets.ts";
import type { Core } from "../core/core.ts";
import { keyAfter, objectNameOf, rangeOf } from "../keys.ts";
import { checkLimit } from "../namespace/listing.ts";
import type { Listing } from "../namespace.ts";
import type { ListedObject, ListObjectsOptions } from "../objects.ts";
import { firstKeyAfter, nameBound } from "./name-walk.ts";
import { decodeObjectRecord } from "./object-record.ts";
import { type Rolling, rollUp } from "./roll-up.ts";

const PAGE_RECORDS = 1000;
/** Records that one listing may read only to skip them; when they are used up it reads one at a time and seeks. */
const SKIPPED_RECORDS_MAX = 90;

interface Plan extends Rolling {
  readonly bucket: OpenBucket;
  readonly limit: number;
  readonly to: RecordKey;
}

interface Progress {
  readonly items: ListedObject[];
  skipsLeft: number;
}

export async function listObjects(
  core: Core,
  path: BucketPath,
  options: ListObjectsOptions = {},
): Promise<Listing<ListedObject>> {
  const bucket = await core.buckets.open(path);
  const limit = checkLimit(options.limit);
  const prefix = options.prefix ?? "";
  const range = rangeOf(nameBound(bucket.keys.objects, prefix));
  const plan = { bucket, prefix, delimiter: options.delimiter, limit, to: range.to };
  const items: ListedObject[] = [];
  const progress = { items, skipsLeft: SKIPPED_RECORDS_MAX };
  let from: RecordKey | undefined = firstKey(plan, range.from, options.after);
  // One more than asked for tells whether there is a next page.
  while (from !== undefined && items.length <= limit) from = await listPage(core, plan, from, progress);
  if (items.length <= limit) return { items, next: undefined };
  items.length = limit;
  const last = items.at(-1);
  return { items, next: last === undefined ? undefined : itemName(last) };
}

function firstKey(plan: Plan, from: RecordKey, after: string | undefined): RecordKey {
  const { objects } = plan.bucket.keys;
  const rolledUp = after === undefined ? undefined : rollUp(plan, after);
  // A rolled-up item stands at its own name, so everything under it comes before what is above `after`.
  if (rolledUp !== undefined) return rangeOf(nameBound(objects, rolledUp)).to;
  return firstKeyAfter(objects, from, after);
}

/** Adds the items of one page; resolves to where to go on, or undefined at the end. */
async function listPage(
  core: Core,
  plan: Plan,
  from: RecordKey,
  progress: Progress,
): Promise<RecordKey | undefined> {
  if (compareBytes(from, plan.to) >= 0) return undefined;
  const { items } = progress;
  const wanted = plan.limit + 1 - items.length;
  const pageRecords = plan.delimiter === undefined ? PAGE_RECORDS : 1 + progress.skipsLeft;
  const page = await core.records.scan({ from, to: plan.to, limit: Math.min(wanted, pageRecords) });
  let skipTo: Uint8Array | undefined;
  for (const { key, value } of page.records) {
    if (skipTo !== undefined && compareBytes(key, skipTo) < 0) {
      progress.skipsLeft -= 1;
      continue;
    }
    const name = objectNameOf(key);
    const rolledUp = rollUp(plan, name);
    if (rolledUp === undefined) {
      const { latest } = decodeObjectRecord(plan.bucket.path, name, key, value);
      if (latest !== undefined) items.push({ kind: "object", version: latest });
    } else {
      items.push({ kind: "prefix", prefix: rolledUp });
      skipTo = rangeOf(nameBound(plan.bucket.keys.objects, rolledUp)).to;
    }
    if (items.length > plan.limit) return undefined;
  }
  const last = page.records.at(-1);
  if (!page.isTruncated || last === undefined) return undefined;
  const next = keyAfter(last.key);
  return skipTo !== undefined && compareBytes(next, skipTo) < 0 ? skipTo : next;
}

function itemName(item: ListedObject): string {
  return item.kind === "object" ? item.version.object : item.prefix;
}
