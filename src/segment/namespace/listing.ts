/** Pages of names under a prefix of keys, in byte order: clusters, tenants and buckets are listed alike. */
import { compareBytes, concat, utf8 } from "../../base/bytes.ts";
import { EfsError } from "../../base/errors.ts";
import type { MetaRecord, MetaStore } from "../../engine/meta-store.ts";
import { LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX } from "../../model/limits.ts";
import { keyAfter, rangeOf, textBehind } from "../keys.ts";
import type { Listing, ListOptions } from "../namespace.ts";

/** The limit to use. @throws BAD_VALUE */
export function checkLimit(limit: number | undefined, max = LIST_LIMIT_MAX): number {
  if (limit === undefined) return Math.min(LIST_LIMIT_DEFAULT, max);
  if (Number.isInteger(limit) && limit >= 1 && limit <= max) return limit;
  throw new EfsError("BAD_VALUE", `not a limit: ${limit}`, { hint: `give a number from 1 to ${max}` });
}

/** `prefix` is that of the keys; `options.prefix` and `options.after` are of names. */
export async function listNames<Item>(
  records: MetaStore,
  prefix: Uint8Array,
  options: ListOptions | undefined,
  toItem: (name: string, record: MetaRecord) => Item,
): Promise<Listing<Item>> {
  const limit = checkLimit(options?.limit);
  const range = rangeOf(concat([prefix, utf8(options?.prefix ?? "")]));
  let from = range.from;
  if (options?.after !== undefined) {
    const after = keyAfter(concat([prefix, utf8(options.after)]));
    if (compareBytes(after, from) > 0) from = after;
  }
  if (compareBytes(from, range.to) >= 0) return { items: [], next: undefined };
  const page = await records.scan({ from, to: range.to, limit });
  const names = page.records.map((record) => textBehind(prefix, record.key));
  const items = page.records.map((record, index) => toItem(names[index] ?? "", record));
  return { items, next: page.isTruncated ? names.at(-1) : undefined };
}
