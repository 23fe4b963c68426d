/**
 * Removing objects that have no file any more, with a brake: what would go is counted against what is there before anything is
 * put or removed, so that a wrong or unmounted directory empties no bucket.
 */
import type { AdminClient } from "../../api/admin-client.ts";
import { EfsError, toEfsError } from "../../base/errors.ts";
import { counted } from "../output/cell.ts";
import type { Crowd } from "./crowd.ts";
import { isOfOne } from "./outcome.ts";
import { walk } from "./walk.ts";

export const MAX_DELETE_DEFAULT = "50%";
const PAGE_ITEMS = 1000;

interface Place {
  readonly api: AdminClient;
  readonly directory: string;
  readonly bucket: string;
  readonly prefix: string;
}

/** Names that would go. A name that the walk of the puts meets after all is kept. */
export class Removal {
  readonly #names: Set<string>;

  constructor(names: Set<string>) {
    this.#names = names;
  }

  get names(): Iterable<string> {
    return this.#names;
  }

  keep(name: string): void {
    this.#names.delete(name);
  }
}

/** A count, or a share of what is there. @throws BAD_VALUE */
export function parseMaxDelete(text: string): (presentCount: number) => number {
  const match = /^(\d{1,12})(%?)$/.exec(text);
  const value = Number(match?.[1]);
  if (match === null || (match[2] === "%" && value > 100)) {
    throw new EfsError("BAD_VALUE", `not a count or a share: ${JSON.stringify(text)}`, {
      hint: "write --max-delete 100 or --max-delete 20%",
    });
  }
  return match[2] === "%" ? (presentCount) => Math.floor((presentCount * value) / 100) : () => value;
}

/** @throws BRAKE when too much would go, IO when a directory cannot be read (nobody knows what is in it) */
export async function planRemoval(place: Place, maxDelete: string): Promise<Removal> {
  const present = await namesHere(place);
  const gone = new Set<string>();
  let presentCount = 0;
  let after: string | undefined;
  for (;;) {
    const page = await place.api.listObjects(place.bucket, {
      prefix: place.prefix,
      after,
      limit: PAGE_ITEMS,
    });
    presentCount += page.items.length;
    for (const { name } of page.items) if (!present.has(name)) gone.add(name);
    if (page.next === null) break;
    after = page.next;
  }
  const allowed = parseMaxDelete(maxDelete)(presentCount);
  if (gone.size > allowed) {
    throw new EfsError(
      "BRAKE",
      `${counted(gone.size, "object")} of ${counted(presentCount, "object")} would be removed, --max-delete ${maxDelete} allows ${allowed}; nothing was put or removed`,
      { hint: `look whether the directory is the right one; if so: --max-delete ${gone.size}` },
    );
  }
  return new Removal(gone);
}

/** All names that stand in the directory, links and special files too: what is merely left out is not gone. */
async function namesHere({ directory, prefix }: Place): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  const report = {
    leftOut: { symbolicLinks: 0, emptyDirectories: 0, specialFiles: 0 },
    notFile: (name: string) => names.add(`${prefix}${name}`),
    trouble: async (_name: string, error: EfsError, isDirectory: boolean) => {
      if (!isDirectory) return;
      throw new EfsError("IO", `nothing is removed while a part of the tree is unknown: ${error.message}`, {
        hint: "make it readable, or leave --delete out",
      });
    },
  };
  for await (const { name } of walk(directory, report)) names.add(`${prefix}${name}`);
  return names;
}

/** Removes; returns how many went. */
export async function removeObjects(
  { api, bucket }: Place,
  removal: Removal,
  by: { readonly crowd: Crowd; readonly failed: (name: string, error: EfsError) => Promise<void> },
): Promise<number> {
  let removed = 0;
  for (const name of removal.names) {
    await by.crowd.begin(async () => {
      try {
        await api.deleteObject(bucket, name);
        removed += 1;
      } catch (thrown) {
        const error = toEfsError(thrown);
        // Somebody else removed it: it is gone, which is what was wanted.
        if (error.code === "OBJECT_NOT_FOUND") return;
        if (!isOfOne(error)) throw thrown;
        await by.failed(name, error);
      }
    });
  }
  await by.crowd.settle();
  return removed;
}
