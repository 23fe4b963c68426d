/** ListObjects (version 1): pages by `marker`. */
import type { Action } from "../action.ts";
import { listedItems } from "../listed-object.ts";
import { listAsked, nameBound, shown } from "../listing.ts";
import { objectPage } from "../object-page.ts";
import { ownerOf } from "../owner.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const listObjects: Action = {
  name: "ListObjects",
  target: "bucket",
  match: { method: "GET" },
  permission: "s3:ListBucket",
  run: async (context, { query }) => {
    const asked = listAsked(query, context.listMax);
    const marker = nameBound(query, "marker");
    const page = await objectPage(context, asked, marker);
    // AWS names it only where prefixes are rolled up; without, the last key is where to go on.
    const next = asked.delimiter === undefined ? undefined : page.next;
    return xmlAnswer("ListBucketResult", {
      Name: context.bucket.bucket,
      Prefix: shown(asked.prefix, asked),
      Marker: shown(marker ?? "", asked),
      NextMarker: next === undefined ? undefined : shown(next, asked),
      MaxKeys: asked.maxKeys,
      Delimiter: asked.delimiter === undefined ? undefined : shown(asked.delimiter, asked),
      EncodingType: asked.isUrlEncoded ? "url" : undefined,
      IsTruncated: page.next !== undefined,
      ...listedItems(page.items, asked, ownerOf(context.tenant)),
    });
  },
};
