/** Pages of all kept versions of a bucket: names in byte order, the versions of a name latest first and all on one page. */
import { compareBytes } from "../../base/bytes.ts";
import type { RecordKey } from "../../engine/meta-store.ts";
import type { BucketPath, ObjectName } from "../../model/names.ts";
import type { Version } from "../../model/version.ts";
import type { OpenBucket } from "../core/buckets.ts";
import type { Core } from "../core/core.ts";
import { keyAfter, objectNameOf, rangeOf } from "../keys.ts";
import { checkLimit } from "../namespace/listing.ts";
import type { ListVersionsOptions, VersionListing } from "../objects.ts";
import { firstKeyAfter, nameBound } from "./list-objects.ts";
import { decodeObjectRecord } from "./object-record.ts";
import { readOlder } from "./read-object.ts";

const PAGE_RECORDS = 500;

export interface NamedVersions {
  readonly name: ObjectName;
  /** Latest first. */
  readonly versions: readonly Version[];
}

export interface VersionsPage {
  readonly names: readonly NamedVersions[];
  /** True when there may be more names. */
  readonly isTruncated: boolean;
}

/** Names above `after` until at least `limit` versions are gathered; every version of a name is there. */
export async function versionsPage(
  core: Core,
  bucket: OpenBucket,
  options: { readonly prefix: string; readonly after: string | undefined; readonly limit: number },
): Promise<VersionsPage> {
  const { from: start, to } = rangeOf(nameBound(bucket, options.prefix));
  let from: RecordKey = firstKeyAfter(bucket, start, options.after);
  const names: NamedVersions[] = [];
  let count = 0;
  while (count < options.limit) {
    if (compareBytes(from, to) >= 0) return { names, isTruncated: false };
    const limit = Math.min(options.limit - count, PAGE_RECORDS);
    const page = await core.records.scan({ from, to, limit });
    for (const { key, value } of page.records) {
      if (count >= options.limit) return { names, isTruncated: true };
      const name = objectNameOf(key);
      const object = decodeObjectRecord(bucket.path, name, key, value);
      const versions = [object.latest, ...(await readOlder(core.records, bucket, object))];
      names.push({ name, versions: distinct(versions) });
      count += versions.length;
    }
    const last = page.records.at(-1);
    if (!page.isTruncated || last === undefined) return { names, isTruncated: false };
    from = keyAfter(last.key);
  }
  return { names, isTruncated: true };
}

export async function listVersions(
  core: Core,
  path: BucketPath,
  options: ListVersionsOptions = {},
): Promise<VersionListing> {
  const bucket = await core.buckets.open(path);
  const page = await versionsPage(core, bucket, {
    prefix: options.prefix ?? "",
    after: options.after,
    limit: checkLimit(options.limit),
  });
  const last = page.isTruncated ? page.names.at(-1)?.name : undefined;
  return {
    items: page.names.flatMap(({ versions }) =>
      versions.map((version, index) => ({ kind: "version" as const, version, isLatest: index === 0 })),
    ),
    next: last === undefined ? undefined : { after: last, afterVersion: undefined },
  };
}

/** A write between reading the object and its older versions can show the former latest twice. */
function distinct(versions: readonly Version[]): readonly Version[] {
  const seen = new Set<string>();
  return versions.filter(({ uvid }) => !seen.has(uvid) && seen.add(uvid));
}
