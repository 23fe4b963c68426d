/** One page of a bucket's objects, as both versions of ListObjects give it. */
import type { Listing } from "../../segment/namespace.ts";
import type { ListedObject } from "../../segment/objects.ts";
import type { BucketContext } from "./action.ts";
import type { ListAsked } from "./listing.ts";

/** An empty page of a bucket that is there when nothing was asked for. @throws NoSuchBucket as the segment */
export async function objectPage(
  context: BucketContext,
  asked: ListAsked,
  after: string | undefined,
): Promise<Listing<ListedObject>> {
  const { prefix, delimiter, limit } = asked;
  const page = await context.segment.objects.list(context.bucket, {
    prefix,
    delimiter,
    after,
    limit: Math.max(1, limit),
  });
  return limit === 0 ? { items: [], next: undefined } : page;
}
