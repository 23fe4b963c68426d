/**
 * One page of a bucket's versions. Clients know one version `null` of a key: the greatest that was written without versioning; those below it (a bucket
 * may keep several, and losers of a conflict) are shown by ids of their own, so that each can be read and removed. Deletes of a time without versioning
 * are kept for the links; clients see none of them: in a bucket without versioning no delete marker, in others none that is `null` and has nothing below it.
 */
import type { Version } from "../../model/version.ts";
import type { ListedVersion, VersionListing, VersionRef } from "../../segment/objects.ts";
import type { BucketContext } from "./action.ts";
import { S3Error } from "./errors.ts";
import type { ListAsked } from "./listing.ts";
import { NULL_VERSION_ID, opaqueVersionId, readVersionId, refOf } from "./version-id.ts";

/** Where a page begins: behind this version of that key, or behind the key with all its versions. */
export interface VersionMarker {
  readonly after: string | undefined;
  readonly afterVersion: VersionRef | undefined;
  /** The key's version `null` stands before. */
  readonly isNullSeen: boolean;
}

export interface VersionPage {
  readonly items: readonly ShownItem[];
  readonly next: VersionMarker | undefined;
}

interface ShownItem {
  readonly item: ListedVersion;
  readonly versionId: string;
}

/** Behind the id of a marker: the key's version `null` was listed before. */
const NULL_SEEN = ".n";

/** @throws InvalidArgument */
export function versionMarker(key: string | undefined, id: string | undefined): VersionMarker {
  if (id === undefined || id === "") return { after: key, afterVersion: undefined, isNullSeen: false };
  if (key === undefined) {
    throw new S3Error("InvalidArgument", "A version-id marker cannot be specified without a key marker.", {
      elements: { ArgumentName: "version-id-marker", ArgumentValue: id.slice(0, 256) },
    });
  }
  const isNullSeen = id.endsWith(NULL_SEEN) || id === NULL_VERSION_ID;
  const afterVersion = readVersionId(id.endsWith(NULL_SEEN) ? id.slice(0, -NULL_SEEN.length) : id);
  if (afterVersion !== undefined) return { after: key, afterVersion, isNullSeen };
  throw new S3Error("InvalidArgument", "Invalid version id specified", {
    elements: { ArgumentName: "version-id-marker", ArgumentValue: id.slice(0, 256) },
  });
}

/** The text of `NextVersionIdMarker`; undefined: the whole key is done. */
export function markerOf({ afterVersion, isNullSeen }: VersionMarker): string | undefined {
  if (afterVersion === undefined) return undefined;
  const { uvid, generation } = afterVersion;
  if (uvid === NULL_VERSION_ID || generation === undefined) return NULL_VERSION_ID;
  return opaqueVersionId({ uvid, generation }) + (isNullSeen ? NULL_SEEN : "");
}

/** @throws NoSuchBucket as the segment */
export async function versionPage(
  context: BucketContext,
  asked: ListAsked,
  from: VersionMarker,
): Promise<VersionPage> {
  const { segment, bucket } = context;
  const { options } = await segment.namespace.showBucket(bucket);
  if (asked.limit === 0) return { items: [], next: undefined };
  const items: ShownItem[] = [];
  let marker: VersionMarker | undefined = from;
  while (marker !== undefined && items.length < asked.limit) {
    const page: VersionListing = await segment.objects.listVersions(bucket, {
      prefix: asked.prefix,
      delimiter: asked.delimiter,
      after: marker.after,
      afterVersion: marker.afterVersion,
      limit: asked.limit - items.length,
    });
    marker = await showPage({ context, page, isOff: options.versioning === "off", from: marker }, items);
  }
  return { items, next: marker };
}

/** Adds what clients see of a page; resolves to where to go on. */
async function showPage(
  given: {
    readonly context: BucketContext;
    readonly page: VersionListing;
    readonly isOff: boolean;
    readonly from: VersionMarker;
  },
  items: ShownItem[],
): Promise<VersionMarker | undefined> {
  const { context, page, isOff, from } = given;
  let [name, isNullSeen]: [string | undefined, boolean] = [from.after, from.isNullSeen];
  for (const [index, item] of page.items.entries()) {
    if (item.kind === "prefix") {
      items.push({ item, versionId: "" });
      continue;
    }
    const { version } = item;
    if (version.object !== name) [name, isNullSeen] = [version.object, false];
    const isTheNull = version.isNull && !isNullSeen;
    isNullSeen ||= isTheNull;
    if (version.isDeleted && (isOff || (version.isNull && !(await hasOlder(context, version, page, index)))))
      continue;
    items.push({ item, versionId: isTheNull ? NULL_VERSION_ID : opaqueVersionId(version) });
  }
  return page.next === undefined
    ? undefined
    : { ...page.next, isNullSeen: isNullSeen && page.next.after === name };
}

async function hasOlder(
  context: BucketContext,
  version: Version,
  page: VersionListing,
  index: number,
): Promise<boolean> {
  const following =
    page.items[index + 1] ??
    (
      await context.segment.objects.listVersions(context.bucket, {
        prefix: version.object,
        after: version.object,
        afterVersion: refOf(version),
        limit: 1,
      })
    ).items[0];
  return following?.kind === "version" && following.version.object === version.object;
}
