/** ListObjectVersions: all versions and delete markers, by key and then latest first. */
import type { Action, BucketContext } from "../action.ts";
import { listedVersion, prefixElement } from "../listed-object.ts";
import { type ListAsked, listAsked, nameBound, shown } from "../listing.ts";
import { ownerOf } from "../owner.ts";
import { markerOf, type VersionPage, versionMarker, versionPage } from "../version-page.ts";
import type { XmlChildren } from "../wire/xml.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const listObjectVersions: Action = {
  name: "ListObjectVersions",
  target: "bucket",
  match: { method: "GET", query: ["versions"] },
  permission: "s3:ListBucketVersions",
  run: async (context, { query }) => {
    const asked = listAsked(query, context.listMax);
    const [keyMarker, idMarker] = [nameBound(query, "key-marker"), query.get("version-id-marker")];
    const page = await versionPage(context, asked, versionMarker(keyMarker, idMarker));
    const next = page.next?.after === undefined ? undefined : page.next;
    return xmlAnswer("ListVersionsResult", {
      Name: context.bucket.bucket,
      Prefix: shown(asked.prefix, asked),
      KeyMarker: shown(keyMarker ?? "", asked),
      VersionIdMarker: idMarker ?? "",
      NextKeyMarker: next === undefined ? undefined : shown(next.after ?? "", asked),
      NextVersionIdMarker: next === undefined ? undefined : markerOf(next),
      MaxKeys: asked.maxKeys,
      Delimiter: asked.delimiter === undefined ? undefined : shown(asked.delimiter, asked),
      EncodingType: asked.isUrlEncoded ? "url" : undefined,
      IsTruncated: page.next !== undefined,
      ...itemsOf(context, page.items, asked),
    });
  },
};

/** Versions and delete markers mixed, as they come; the prefixes behind. */
function itemsOf(context: BucketContext, items: VersionPage["items"], asked: ListAsked): XmlChildren {
  const owner = ownerOf(context.tenant);
  const versions: XmlChildren[] = [];
  const prefixes: XmlChildren[] = [];
  for (const { item, versionId } of items) {
    if (item.kind === "prefix") prefixes.push(prefixElement(item.prefix, asked));
    else versions.push(listedVersion({ ...item, versionId }, asked, owner));
  }
  return { "#items": versions, CommonPrefixes: prefixes };
}
