/** Lists beyond one page: asks for page after page until the end or the limit, and begins at a marker if one is given. */
import type { Page, PageQuery } from "../api/wire.ts";
import { EfsError } from "../base/errors.ts";
import type { Pages } from "./output/view.ts";
import type { Session } from "./session.ts";

const PAGE_ITEMS = 1000;

export interface ListOptions {
  readonly prefix?: string;
  readonly after?: string;
  readonly limit?: number;
  /** EdgeFS's `-n`: begin at this name, itself included. */
  readonly name?: string;
}

export interface ListSource<Item> {
  readonly page: (query: PageQuery) => Promise<Page<Item>>;
  /** The item of exactly this name; undefined when there is none. */
  readonly one: (name: string) => Promise<Item | undefined>;
}

export async function* listPages<Item>(
  session: Session,
  options: ListOptions,
  source: ListSource<Item>,
): Pages<Item> {
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  let after = options.after;
  if (options.name !== undefined) {
    await session.talk.say("-n/--name is a start marker and goes away: use --after NAME or --prefix TEXT");
    after = options.name;
    const first = options.name.startsWith(options.prefix ?? "") ? await source.one(options.name) : undefined;
    if (first !== undefined) {
      left -= 1;
      yield [first];
    }
  }
  while (left > 0) {
    const page = await source.page({ prefix: options.prefix, after, limit: Math.min(left, PAGE_ITEMS) });
    if (page.items.length > 0) yield page.items;
    left -= page.items.length;
    if (page.next === null) return;
    after = page.next;
  }
}

/** The result, or undefined when the answer is that it is not there. */
export async function unlessMissing<T>(
  work: Promise<T>,
  ...codes: readonly string[]
): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof EfsError && codes.includes(thrown.code)) return undefined;
    throw thrown;
  }
}
