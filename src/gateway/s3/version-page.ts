/**
 * One page of a bucket's versions. Clients know one version `null` of a key: the greatest that was written without versioning; those below it (a bucket
 * may keep several, and losers of a conflict) are shown by ids of their own, so that each can be read and removed. A bucket that never had versioning shows no delete markers.
 */
import type { ListedVersion, VersionRef } from "../../segment/objects.ts";
import type { BucketContext } from "./action.ts";
import { S3Error } from "./errors.ts";
import type { ListAsked } from "./listing.ts";
import { NULL_VERSION_ID, opaqueVersionId, readVersionId } from "./version-id.ts";

/** Where a page begins: behind this version of that key, or behind the key with all its versions. */
export interface VersionMarker {
  readonly after: string | undefined;
  readonly afterVersion: VersionRef | undefined;
  /** The key's version `null` stands before. */
  readonly isNullSeen: boolean;
}

export interface VersionPage {
  readonly items: ReadonlyArray<{ readonly item: ListedVersion; readonly versionId: string }>;
  readonly next: VersionMarker | undefined;
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
  const isHidden = options.versioning === "off" ? isMarker : () => false;
  const items: Array<VersionPage["items"][number]> = [];
  let marker: VersionMarker | undefined = from;
  let name = from.after;
  let isNullSeen = from.isNullSeen;
  while (marker !== undefined && items.length < asked.limit) {
    const page: Awaited<ReturnType<typeof segment.objects.listVersions>> = await segment.objects.listVersions(
      bucket,
      {
        prefix: asked.prefix,
        delimiter: asked.delimiter,
        after: marker.after,
        afterVersion: marker.afterVersion,
        limit: asked.limit - items.length,
      },
    );
    for (const item of page.items) {
      if (isHidden(item)) continue;
      if (item.kind === "prefix") {
        items.push({ item, versionId: "" });
        continue;
      }
      if (item.version.object !== name) [name, isNullSeen] = [item.version.object, false];
      const isTheNull = item.version.isNull && !isNullSeen;
      if (isTheNull) isNullSeen = true;
      items.push({ item, versionId: isTheNull ? NULL_VERSION_ID : opaqueVersionId(item.version) });
    }
    marker =
      page.next === undefined
        ? undefined
        : { ...page.next, isNullSeen: isNullSeen && page.next.after === name };
  }
  return { items, next: marker };
}

function isMarker(item: ListedVersion): boolean {
  return item.kind === "version" && item.version.isDeleted;
}
