/**
 * What a command shows of its result. A view touches no network and no terminal; render.ts turns it into a table, lines,
 * tab-separated text, JSON or bare names.
 */
import type { EfsError } from "../../base/errors.ts";
import type { CellLike } from "./cell.ts";
import type { Paint } from "./paint.ts";

/** Many things, a page at a time. JSON: `{schema, items: [...]}`, each item as it is. */
export interface ListView<Item> {
  readonly columns: ReadonlyArray<readonly [header: string, cell: (item: Item) => CellLike]>;
  /** Said on stderr when there is nothing. */
  readonly empty: string;
  readonly name: (item: Item) => string;
}

/** One thing as `key: value` lines. JSON: the result's fields beside `schema`. */
export interface RecordView<Result> {
  readonly fields: (result: Result) => ReadonlyArray<readonly [key: string, value: CellLike]>;
  readonly name: (result: Result) => string;
}

/** One thing as text of its own layout, ended by a newline; also what a pipe gets unless another format is asked for. */
export interface TextView<Result> {
  readonly text: (result: Result, look: Look) => string;
  readonly fields: (result: Result) => ReadonlyArray<readonly [key: string, value: CellLike]>;
  readonly name: (result: Result) => string;
  /** What is in JSON instead of the whole result. */
  readonly json?: (result: Result) => object;
  /** Thrown after the result is shown: it ran, and the answer is no. */
  readonly problem?: (result: Result) => EfsError | undefined;
}

/** Success without words, as in EdgeFS; JSON and names on demand. */
export interface SilentView<Result> {
  readonly silent: true;
  readonly name: (result: Result) => string;
  readonly json?: (result: Result) => object;
}

/** Bytes for stdout as they are; `undefined`: they went into a file. Other formats are refused when there are bytes. */
export interface BytesView<Result> {
  readonly bytes: (result: Result) => AsyncIterable<Uint8Array> | undefined;
  /** What is said when there are no bytes for stdout. */
  readonly text: (result: Result) => string;
  readonly name: (result: Result) => string;
  readonly json: (result: Result) => object;
  readonly problem?: (result: Result) => EfsError | undefined;
}

export type View<Result> = RecordView<Result> | TextView<Result> | SilentView<Result> | BytesView<Result>;

/** How the place of output looks. */
export interface Look {
  readonly paint: Paint;
  readonly isTerminal: boolean;
  readonly nowMs: number;
}

/** The pages of a list, in order. */
export type Pages<Item> = AsyncIterable<readonly Item[]>;
