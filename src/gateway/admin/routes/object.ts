/** Routes of objects that carry no object bodies: lists, versions, copies, showing many. */
import type { CopyObjects, CopyOutcome, ObjectInfo, ObjectPage } from "../../../api/object.ts";
import {
  copyObject,
  copyObjects,
  objectQuery,
  showObjectQuery,
  showObjects,
} from "../../../api/object-schema.ts";
import { checked, noQuery, pageQuery } from "../../../api/schema.ts";
import type { Page } from "../../../api/wire.ts";
import { type BucketPath, parseBucketPath, parseObjectName, parseObjectPath } from "../../../model/names.ts";
import { parseUvid } from "../../../model/uvid.ts";
import type { VersionListing } from "../../../segment/objects.ts";
import type { AdminContext } from "../context.ts";
import { isLatestVersion, objectInfo } from "../object/info.ts";
import { errorBody, publicError } from "../respond.ts";
import { bucketOf } from "./namespace.ts";
import type { Asked, Handlers } from "./router.ts";

type CopyItem = CopyObjects["items"][number];

export function objectHandlers({ segment, log }: AdminContext): Handlers {
  const { objects } = segment;
  return {
    listObjects: async (asked): Promise<ObjectPage> => {
      const listing = await objects.list(bucketIn(asked), checked(objectQuery, asked.query, "query"));
      const items: ObjectInfo[] = [];
      const prefixes: string[] = [];
      for (const item of listing.items) {
        if (item.kind === "prefix") prefixes.push(item.prefix);
        else items.push(objectInfo(item.version, true));
      }
      return { items, prefixes, next: listing.next ?? null };
    },
    listVersions: async (asked): Promise<Page<ObjectInfo>> => {
      const { after, ...query } = checked(pageQuery, asked.query, "query");
      const listing = await objects.listVersions(bucketIn(asked), { ...query, ...placeOf(after) });
      return {
        items: listing.items.flatMap((item) =>
          item.kind === "version" ? [objectInfo(item.version, item.isLatest)] : [],
        ),
        next: listing.next === undefined ? null : placeText(listing.next),
      };
    },
    showObjects: async (asked): Promise<ReadonlyArray<ObjectInfo | null>> => {
      const { names } = checked(showObjects, asked.body, "body");
      const versions = await objects.showMany(bucketOf(asked), names.map(parseObjectName));
      return versions.map((version) => (version === undefined ? null : objectInfo(version, true)));
    },
    showObject: async (asked): Promise<ObjectInfo> => {
      const { name, versionId } = checked(showObjectQuery, asked.query, "query");
      const bucket = bucketIn(asked);
      const object = parseObjectName(name);
      if (versionId === undefined) return objectInfo(await objects.show({ ...bucket, object }), true);
      const version = await objects.show({ ...bucket, object }, { uvid: parseUvid(versionId) });
      return objectInfo(version, await isLatestVersion(objects, { bucket, object, uvid: version.uvid }));
    },
    copyObject: async ({ query, body }): Promise<ObjectInfo> => {
      checked(noQuery, query, "query");
      const { from, to, fromVersionId, metadata } = checked(copyObject, body, "body");
      const fromVersion = fromVersionId === undefined ? undefined : { uvid: parseUvid(fromVersionId) };
      const options = { fromVersion, metadata };
      const version = await objects.copy(parseObjectPath(from), parseObjectPath(to), options);
      return objectInfo(version, true);
    },
    copyObjects: async (asked): Promise<readonly CopyOutcome[]> => {
      const { toBucket, items } = checked(copyObjects, asked.body, "body");
      const [source, target] = [bucketOf(asked), parseBucketPath(toBucket)];
      return Promise.all(items.map((item) => copyOne(source, target, item)));
    },
  };

  async function copyOne(source: BucketPath, target: BucketPath, item: CopyItem): Promise<CopyOutcome> {
    try {
      const from = { ...source, object: parseObjectName(item.from) };
      const { sizeBytes } = await objects.copy(from, { ...target, object: parseObjectName(item.to) });
      return { sizeBytes };
    } catch (thrown) {
      return errorBody(publicError(thrown, log, { route: "copyObjects" }));
    }
  }
}

type Place = NonNullable<VersionListing["next"]>;

/** A place inside a name: name, generation and id, apart by NUL, which no name has. */
function placeText({ after, afterVersion }: Place): string {
  return afterVersion === undefined
    ? after
    : [after, afterVersion.generation ?? "", afterVersion.uvid].join("\u0000");
}

/** @throws BAD_VALUE */
function placeOf(after: string | undefined): Partial<Place> {
  if (after === undefined) return {};
  const [name = "", generation, id] = after.split("\u0000");
  if (id === undefined) return { after: name };
  return { after: name, afterVersion: { uvid: parseUvid(id), generation: Number(generation) } };
}

/** The bucket of a request whose query is checked elsewhere. */
function bucketIn({ parameters }: Asked) {
  return bucketOf({ parameters, query: {} });
}
