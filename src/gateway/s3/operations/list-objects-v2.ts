/** ListObjectsV2: pages by opaque tokens. */
import type { Action } from "../action.ts";
import { listedItems } from "../listed-object.ts";
import { listAsked, nameBound, parseToken, shown, tokenOf } from "../listing.ts";
import { objectPage } from "../object-page.ts";
import { ownerOf } from "../owner.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const listObjectsV2: Action = {
  name: "ListObjectsV2",
  target: "bucket",
  match: { method: "GET", query: ["list-type=2"] },
  permission: "s3:ListBucket",
  run: async (context, { query }) => {
    const asked = listAsked(query, context.listMax);
    const startAfter = nameBound(query, "start-after");
    const token = query.get("continuation-token");
    const after = token === undefined ? startAfter : parseToken(token, "continuation-token");
    const page = await objectPage(context, asked, after);
    const owner = query.get("fetch-owner") === "true" ? ownerOf(context.tenant) : undefined;
    return xmlAnswer("ListBucketResult", {
      Name: context.bucket.bucket,
      Prefix: shown(asked.prefix, asked),
      KeyCount: page.items.length,
      MaxKeys: asked.maxKeys,
      Delimiter: asked.delimiter === undefined ? undefined : shown(asked.delimiter, asked),
      EncodingType: asked.isUrlEncoded ? "url" : undefined,
      IsTruncated: page.next !== undefined,
      ContinuationToken: token,
      NextContinuationToken: page.next === undefined ? undefined : tokenOf(page.next),
      StartAfter: startAfter === undefined ? undefined : shown(startAfter, asked),
      ...listedItems(page.items, asked, owner),
    });
  },
};
