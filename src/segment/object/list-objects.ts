/**
 * Listing the latest versions of a bucket in byte order of names. With a delimiter, names that share the text up to it are
 * rolled up into one item, and the scan goes on behind them by seeking: a million names under one prefix cost one page.
 */
import { compareBytes, concat, utf8 } from "../../base/bytes.ts";
import type { RecordKey } from "../../engine/meta-store.ts";
import type { BucketPath } from "../../model/names.ts";
import type { OpenBucket } from "../core/buckets.ts";
import type { Core } from "../core/core.ts";
import { keyAfter, objectNameOf, rangeOf } from "../keys.ts";
import { checkLimit } from "../namespace/listing.ts";
import type { Listing } from "../namespace.ts";
import type { ListedObject, ListObjectsOptions } from "../objects.ts";
import { decodeObjectRecord } from "./object-record.ts";

/** Records a page with a delimiter; small, for most of a page is skipped when many names are rolled up. */
const SEEKING_PAGE_RECORDS = 100;
const PAGE_RECORDS = 1000;

interface Plan {
  readonly bucket: OpenBucket;
  readonly prefix: string;
  readonly delimiter: string | undefined;
  readonly limit: number;
  readonly to: RecordKey;
}

export async function listObjects(
  core: Core,
  path: BucketPath,
  options: ListObjectsOptions = {},
): Promise<Listing<ListedObject>> {
  const bucket = await core.buckets.open(path);
  const limit = checkLimit(options.limit);
  const prefix = options.prefix ?? "";
  const delimiter = options.delimiter === "" ? undefined : options.delimiter;
  const range = rangeOf(nameBound(bucket, prefix));
  const plan = { bucket, prefix, delimiter, limit, to: range.to };
  const items: ListedObject[] = [];
  let from: RecordKey | undefined = firstKey(plan, range.from, options.after);
  // One more than asked for tells whether there is a next page.
  while (from !== undefined && items.length <= limit) from = await listPage(core, plan, from, items);
  if (items.length <= limit) return { items, next: undefined };
  items.length = limit;
  const last = items.at(-1);
  return { items, next: last === undefined ? undefined : itemName(last) };
}

/** Where the range begins whose names are above `after`, in the bucket's `o` keys. */
export function firstKeyAfter(bucket: OpenBucket, from: RecordKey, after: string | undefined): RecordKey {
  if (after === undefined) return from;
  const above = keyAfter(nameBound(bucket, after));
  return compareBytes(above, from) > 0 ? above : from;
}

export function nameBound(bucket: OpenBucket, text: string): Uint8Array {
  return concat([bucket.keys.objects, utf8(text)]);
}

function firstKey(plan: Plan, from: RecordKey, after: string | undefined): RecordKey | undefined {
  const rolledUp = after === undefined ? undefined : rollUp(plan, after);
  // A rolled-up item stands at its own name, so everything under it comes before what is above `after`.
  if (rolledUp !== undefined) return rangeOf(nameBound(plan.bucket, rolledUp)).to;
  return firstKeyAfter(plan.bucket, from, after);
}

/** Adds the items of one page; resolves to where to go on, or undefined at the end. */
async function listPage(
  core: Core,
  plan: Plan,
  from: RecordKey,
  items: ListedObject[],
): Promise<RecordKey | undefined> {
  if (compareBytes(from, plan.to) >= 0) return undefined;
  const wanted = plan.limit + 1 - items.length;
  const pageRecords = plan.delimiter === undefined ? PAGE_RECORDS : SEEKING_PAGE_RECORDS;
  const page = await core.records.scan({ from, to: plan.to, limit: Math.min(wanted, pageRecords) });
  let skipTo: Uint8Array | undefined;
  for (const { key, value } of page.records) {
    if (skipTo !== undefined && compareBytes(key, skipTo) < 0) continue;
    const name = objectNameOf(key);
    const { latest } = decodeObjectRecord(plan.bucket.path, name, key, value);
    if (latest.isDeleted) continue;
    const rolledUp = rollUp(plan, name);
    if (rolledUp === undefined) items.push({ kind: "object", version: latest });
    else {
      items.push({ kind: "prefix", prefix: rolledUp });
      skipTo = rangeOf(nameBound(plan.bucket, rolledUp)).to;
    }
    if (items.length > plan.limit) return undefined;
  }
  const last = page.records.at(-1);
  if (!page.isTruncated || last === undefined) return undefined;
  const next = keyAfter(last.key);
  return skipTo !== undefined && compareBytes(next, skipTo) < 0 ? skipTo : next;
}

/** The name up to and with the first delimiter behind the prefix; undefined when it has none. */
function rollUp(plan: Plan, name: string): string | undefined {
  if (plan.delimiter === undefined || !name.startsWith(plan.prefix)) return undefined;
  const at = name.indexOf(plan.delimiter, plan.prefix.length);
  return at < 0 ? undefined : name.slice(0, at + plan.delimiter.length);
}

function itemName(item: ListedObject): string {
  return item.kind === "object" ? item.version.object : item.prefix;
}
