/** Listing the parts of an upload, and the open uploads of a bucket with names rolled up as object listings do. */
import { compareBytes, concat, utf8 } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import type { RecordKey } from "../../engine/meta-store.ts";
import type { BucketPath, ObjectPath } from "../../model/names.ts";
import type { OpenBucket } from "../core/buckets.ts";
import type { Core } from "../core/core.ts";
import { keyAfter, openUploadsPrefix, partKey, partsPrefix, rangeOf } from "../keys.ts";
import { checkLimit } from "../namespace/listing.ts";
import {
  type ListUploadsOptions,
  PART_NUMBER_MAX,
  type PartListing,
  type UploadId,
  type UploadListing,
} from "../uploads.ts";
import { openUpload, uploadIdBytes, uploadPlace } from "./find-upload.ts";
import { decodePart } from "./part-record.ts";
import { decodeUpload } from "./upload-record.ts";

const PAGE_RECORDS = 1000;
/** With a delimiter most of a page may be rolled up. */
const SEEKING_PAGE_RECORDS = 100;

type Item = UploadListing["items"][number];

export async function listParts(
  core: Core,
  path: ObjectPath,
  id: UploadId,
  options: { readonly after?: number | undefined; readonly limit?: number | undefined } = {},
): Promise<PartListing> {
  const limit = checkLimit(options.limit);
  const after = options.after ?? 0;
  if (!Number.isInteger(after) || after < 0) throw new EfsError("BAD_VALUE", `not a part number: ${after}`);
  const { upload, bucket, id: idBytes } = await openUpload(core, path, id);
  if (after >= PART_NUMBER_MAX) return { upload, parts: [], next: undefined };
  const prefix = partsPrefix(bucket.keys, idBytes);
  const from = partKey(bucket.keys, idBytes, after + 1);
  const page = await core.records.scan({ from, to: rangeOf(prefix).to, limit });
  const parts = page.records.map(({ key, value }) => {
    const { root: _, ...part } = decodePart(numberOf(key), value);
    return part;
  });
  return { upload, parts, next: page.isTruncated ? parts.at(-1)?.number : undefined };
}

function numberOf(key: RecordKey): number {
  return ((key.at(-2) ?? 0) << 8) | (key.at(-1) ?? 0);
}

interface Plan {
  readonly bucket: OpenBucket;
  readonly prefix: string;
  readonly delimiter: string | undefined;
  readonly limit: number;
  readonly to: RecordKey;
}

/** @throws BUCKET_NOT_FOUND, BAD_VALUE */
export async function listUploads(
  core: Core,
  path: BucketPath,
  options: ListUploadsOptions = {},
): Promise<UploadListing> {
  const bucket = await core.buckets.open(path);
  const limit = checkLimit(options.limit);
  const prefix = options.prefix ?? "";
  const delimiter = options.delimiter === "" ? undefined : options.delimiter;
  const range = rangeOf(bound(bucket, prefix));
  const plan: Plan = { bucket, prefix, delimiter, limit, to: range.to };
  const items: Item[] = [];
  let from: RecordKey | undefined = firstKey(plan, range.from, options);
  // One more than asked for tells whether there is a next page.
  while (from !== undefined && items.length <= limit) from = await listPage(core, plan, from, items);
  if (items.length <= limit) return { items, next: undefined };
  items.length = limit;
  const last = items.at(-1);
  if (last === undefined) return { items, next: undefined };
  const next =
    last.kind === "prefix"
      ? { after: last.prefix, afterUpload: undefined }
      : { after: last.upload.object, afterUpload: last.upload.id };
  return { items, next };
}

function firstKey(plan: Plan, from: RecordKey, { after, afterUpload }: ListUploadsOptions): RecordKey {
  if (after === undefined) return from;
  const rolledUp = rollUp(plan, after);
  const above =
    rolledUp === undefined
      ? afterKey(plan.bucket, after, afterUpload)
      : rangeOf(bound(plan.bucket, rolledUp)).to;
  return compareBytes(above, from) > 0 ? above : from;
}

/** The least key behind an upload of a name, or behind all of that name. */
function afterKey(bucket: OpenBucket, name: string, afterUpload: UploadId | undefined): RecordKey {
  if (afterUpload === undefined) return concat([bound(bucket, name), Uint8Array.of(1)]);
  const id = uploadIdBytes(afterUpload);
  if (id === undefined) throw new EfsError("BAD_VALUE", "not the id of an upload");
  return keyAfter(concat([bound(bucket, name), Uint8Array.of(0), id]));
}

/** Adds the items of one page; resolves to where to go on, or undefined at the end. */
async function listPage(
  core: Core,
  plan: Plan,
  from: RecordKey,
  items: Item[],
): Promise<RecordKey | undefined> {
  if (compareBytes(from, plan.to) >= 0) return undefined;
  const wanted = plan.limit + 1 - items.length;
  const pageRecords = plan.delimiter === undefined ? PAGE_RECORDS : SEEKING_PAGE_RECORDS;
  const page = await core.records.scan({ from, to: plan.to, limit: Math.min(wanted, pageRecords) });
  let skipTo: Uint8Array | undefined;
  for (const { key, value } of page.records) {
    if (skipTo !== undefined && compareBytes(key, skipTo) < 0) continue;
    const { name, id } = uploadPlace(plan.bucket, key);
    const rolledUp = rollUp(plan, name);
    if (rolledUp === undefined) items.push({ kind: "upload", upload: decodeUpload(name, id, value) });
    else {
      items.push({ kind: "prefix", prefix: rolledUp });
      skipTo = rangeOf(bound(plan.bucket, rolledUp)).to;
    }
    if (items.length > plan.limit) return undefined;
  }
  const last = page.records.at(-1);
  if (!page.isTruncated || last === undefined) return undefined;
  const next = keyAfter(last.key);
  return skipTo !== undefined && compareBytes(next, skipTo) < 0 ? skipTo : next;
}

/** The name up to and with the first delimiter behind the prefix; undefined when it has none. */
function rollUp({ prefix, delimiter }: Plan, name: string): string | undefined {
  if (delimiter === undefined || !name.startsWith(prefix)) return undefined;
  const at = name.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : name.slice(0, at + delimiter.length);
}

function bound(bucket: OpenBucket, text: string): Uint8Array {
  return concat([openUploadsPrefix(bucket.keys), utf8(text)]);
}
