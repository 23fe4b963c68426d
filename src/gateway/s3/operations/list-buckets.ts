/** ListBuckets: the tenant's buckets, whole or in pages. */
import { rfc3339 } from "../../../base/clock.ts";
import type { BucketSummary } from "../../../segment/namespace.ts";
import type { Action, ActionContext, S3Request } from "../action.ts";
import { S3Error } from "../errors.ts";
import { nameBound, parseToken, tokenOf } from "../listing.ts";
import { ownerOf } from "../owner.ts";
import { xmlAnswer } from "../xml-answer.ts";

const PAGE_BUCKETS = 1000;
const BUCKETS_MAX = 10_000;

export const listBuckets: Action = {
  name: "ListBuckets",
  target: "service",
  match: { method: "GET" },
  permission: "s3:ListAllMyBuckets",
  run: async (context, { query }) => {
    const prefix = nameBound(query, "prefix");
    const token = query.get("continuation-token");
    const after = token === undefined || token === "" ? undefined : parseToken(token, "continuation-token");
    const region = query.get("bucket-region");
    const isOtherRegion =
      context.isRegionFixed === true && region !== undefined && region !== "" && region !== context.region;
    const page = isOtherRegion
      ? { items: [], next: undefined }
      : await bucketsOf(context, { prefix, after, limit: countOf(query) });
    const { id, displayName } = ownerOf(context.tenant);
    return xmlAnswer("ListAllMyBucketsResult", {
      Owner: { ID: id, DisplayName: displayName },
      Buckets: {
        Bucket: page.items.map(({ name, createdMs }) => ({
          Name: name,
          CreationDate: rfc3339(createdMs),
          BucketRegion: context.region,
        })),
      },
      ContinuationToken: page.next === undefined ? undefined : tokenOf(page.next),
      Prefix: prefix,
    });
  },
};

interface Asked {
  readonly prefix: string | undefined;
  readonly after: string | undefined;
  readonly limit: number;
}

async function bucketsOf({ segment, tenant }: ActionContext, asked: Asked) {
  const items: BucketSummary[] = [];
  let after = asked.after;
  while (items.length < asked.limit) {
    const limit = Math.min(PAGE_BUCKETS, asked.limit - items.length);
    const page = await segment.namespace.listBuckets(tenant, { prefix: asked.prefix, after, limit });
    items.push(...page.items);
    after = page.next;
    if (after === undefined) break;
  }
  return { items, next: after };
}

/** @throws InvalidArgument */
function countOf(query: S3Request["query"]): number {
  const text = query.get("max-buckets");
  if (text === undefined || text === "") return BUCKETS_MAX;
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= BUCKETS_MAX) return count;
  throw new S3Error("InvalidArgument", `max-buckets is a number from 1 to ${BUCKETS_MAX}`, {
    elements: { ArgumentName: "max-buckets", ArgumentValue: text.slice(0, 256) },
  });
}
