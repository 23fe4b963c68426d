/** What cluster, tenant and bucket verbs share: the fields of `show` in EdgeFS's words and order, and creation and deletion that may be repeated. */
import type { ContainerInfo } from "../api/namespace.ts";
import { EfsError } from "../base/errors.ts";
import { microseconds } from "./custom-keys.ts";
import { type CellLike, time } from "./output/cell.ts";
import { forTerminal } from "./output/escape.ts";

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

interface DeleteOptions {
  readonly isTolerant: boolean;
  /** Codes that say: it is not there. */
  readonly codes: readonly string[];
  /** Names of what may be in the way; asked for when the answer is NOT_EMPTY. */
  readonly blockers?: (limit: number) => Promise<ReadonlyArray<{ readonly name: string }>>;
}

/** What `delete --if-exists` answers. @throws NOT_EMPTY naming what is in the way */
export async function deleteIfThere(
  path: string,
  work: () => Promise<unknown>,
  options: DeleteOptions,
): Promise<Deleted> {
  try {
    await work();
    return { path, wasThere: true };
  } catch (thrown) {
    const isMissing = thrown instanceof EfsError && options.codes.includes(thrown.code);
    if (isMissing && options.isTolerant) return { path, wasThere: false };
    if (!(thrown instanceof EfsError) || thrown.code !== "NOT_EMPTY") throw thrown;
    throw await withBlockers(thrown, options);
  }
}

const BLOCKERS_NAMED = 3;

async function withBlockers(error: EfsError, { blockers }: DeleteOptions): Promise<EfsError> {
  const found = (await blockers?.(BLOCKERS_NAMED + 1).catch(() => undefined)) ?? [];
  if (found.length === 0) return error;
  const names = found.slice(0, BLOCKERS_NAMED).map(({ name }) => forTerminal(name));
  const more = found.length > BLOCKERS_NAMED ? ", …" : "";
  const { hint, details, cause } = error;
  return new EfsError(error.code, `${error.message}: ${names.join(", ")}${more}`, { hint, details, cause });
}
