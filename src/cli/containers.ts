/** What cluster, tenant and bucket verbs share: the fields of `show` in EdgeFS's words and order, and creation and deletion that may be repeated. */
import type { ContainerInfo } from "../api/namespace.ts";
import { EfsError } from "../base/errors.ts";
import { microseconds } from "./custom-keys.ts";
import { type CellLike, time } from "./output/cell.ts";

export type Field = readonly [key: string, value: CellLike];

/** `created`: microseconds for programs, as in EdgeFS; a person sees the date. */
export function creationField(info: Pick<ContainerInfo, "created">): Field {
  return ["ccow-creation-time", { shown: time(info.created).shown, exact: microseconds(info.created) }];
}

export function customFields(custom: Readonly<Record<string, string>>): readonly Field[] {
  return Object.entries(custom).sort(([left], [right]) => (left < right ? -1 : 1));
}

/** What `create --if-not-exists` answers: the new one, or the one that is there. */
export async function createUnlessThere<Info>(
  create: () => Promise<Info>,
  options: { readonly isTolerant: boolean; readonly code: string; readonly show: () => Promise<Info> },
): Promise<Info> {
  try {
    return await create();
  } catch (thrown) {
    const isThere = thrown instanceof EfsError && thrown.code === options.code;
    if (isThere && options.isTolerant) return options.show();
    throw thrown;
  }
}

export interface Deleted {
  readonly path: string;
  /** False: with --if-exists, nothing was there. */
  readonly wasThere: boolean;
}

/** What `delete --if-exists` answers. */
export async function deleteIfThere(
  path: string,
  work: () => Promise<unknown>,
  options: { readonly isTolerant: boolean; readonly codes: readonly string[] },
): Promise<Deleted> {
  try {
    await work();
    return { path, wasThere: true };
  } catch (thrown) {
    const isMissing = thrown instanceof EfsError && options.codes.includes(thrown.code);
    if (isMissing && options.isTolerant) return { path, wasThere: false };
    throw thrown;
  }
}
