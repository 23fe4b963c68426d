/** Turns results into output: the one place that chooses table, lines, tab-separated text, JSON or names. */
import { EfsError } from "../../base/errors.ts";
import { OutputClosed, type Session } from "../session.ts";
import { type CellLike, exactOf, shownOf } from "./cell.ts";
import { forTerminal, forTsv, safeJson } from "./escape.ts";
import { openPaint } from "./paint.ts";
import type { ListView, Look, Pages, TextView, View } from "./view.ts";

export const FORMATS = ["table", "json", "tsv", "name"] as const;
export type Format = (typeof FORMATS)[number];

export interface Rendering {
  /** undefined: a table on a terminal, tab-separated or plain lines elsewhere. */
  readonly format: Format | undefined;
  readonly hasHeaders: boolean;
  /** Only the value of this field, alone on its line; undefined: all. */
  readonly key: string | undefined;
  /** `efscli.bucket.list/1`. */
  readonly schema: string;
}

export async function renderPages<Item>(
  session: Session,
  view: ListView<Item>,
  pages: Pages<Item>,
  rendering: Rendering,
): Promise<void> {
  const { stdout } = session.parts;
  const format = rendering.format ?? (stdout.isTerminal ? "table" : "tsv");
  const writer = await pageWriter(session, view, { ...rendering, format });
  let hasAny = false;
  // Not before the first page is here: a list that fails leaves stdout empty, not with a header that looks like "no items".
  let start = writer.start;
  for await (const page of pages) {
    hasAny ||= page.length > 0;
    await stdout.write(`${start}${await writer.page(page)}`);
    start = "";
  }
  await stdout.write(`${start}${writer.end}`);
  if (!hasAny && format !== "json" && stdout.isTerminal) await session.talk.say(view.empty);
}

interface PageWriter<Item> {
  readonly start: string;
  readonly page: (items: readonly Item[]) => string | Promise<string>;
  readonly end: string;
}

async function pageWriter<Item>(
  session: Session,
  view: ListView<Item>,
  rendering: Rendering & { readonly format: Format },
): Promise<PageWriter<Item>> {
  const lines = (items: readonly Item[], line: (item: Item) => string) =>
    items.map((item) => `${line(item)}\n`).join("");
  switch (rendering.format) {
    case "json": {
      let separator = "\n  ";
      const each = (item: Item) => {
        const text = `${separator}${safeJson(item)}`;
        separator = ",\n  ";
        return text;
      };
      return {
        start: `{"schema": ${JSON.stringify(rendering.schema)}, "items": [`,
        page: (items) => items.map(each).join(""),
        end: "\n]}\n",
      };
    }
    case "name":
      return { start: "", page: (items) => lines(items, (item) => forTsv(view.name(item))), end: "" };
    case "tsv": {
      const row = (item: Item) => view.columns.map(([, cell]) => forTsv(exactOf(cell(item)))).join("\t");
      const header = `${view.columns.map(([name]) => name).join("\t")}\n`;
      return { start: rendering.hasHeaders ? header : "", page: (items) => lines(items, row), end: "" };
    }
    case "table": {
      const { TablePages } = await import("./table.ts");
      const paint = await openPaint(session.parts.stdout, session.parts.environment);
      const headers = view.columns.map(([name]) => name);
      const table = new TablePages({ headers, hasHeaders: rendering.hasHeaders, paint });
      const rows = (items: readonly Item[]) =>
        items.map((item) => view.columns.map(([, cell]) => forTerminal(shownOf(cell(item)))));
      return { start: "", page: (items) => (items.length === 0 ? "" : table.page(rows(items))), end: "" };
    }
  }
}

export async function renderResult<Result>(
  session: Session,
  view: View<Result>,
  result: Result,
  rendering: Rendering,
): Promise<void> {
  const { stdout } = session.parts;
  if ("bytes" in view) {
    const bytes = view.bytes(result);
    if (bytes !== undefined) return pour(bytes, session, rendering);
  }
  if (rendering.key !== undefined && rendering.format !== "json") {
    if (!("fields" in view)) return;
    return stdout.write(`${forTsv(exactOf(fieldOf(view.fields(result), rendering.key)))}\n`);
  }
  switch (rendering.format) {
    case "json": {
      const shown = "json" in view && view.json !== undefined ? view.json(result) : result;
      return stdout.write(`${safeJson({ schema: rendering.schema, ...asObject(shown) }, 2)}\n`);
    }
    case "name":
      return stdout.write(`${forTsv(view.name(result))}\n`);
    case "tsv":
      if (!("fields" in view)) return;
      return stdout.write(
        fieldLines(view.fields(result), (key, value) => `${forTsv(key)}\t${forTsv(exactOf(value))}`),
      );
    default:
      return renderPlain(session, view, result, rendering);
  }
}

async function renderPlain<Result>(
  session: Session,
  view: View<Result>,
  result: Result,
  rendering: Rendering,
): Promise<void> {
  const { stdout } = session.parts;
  if ("text" in view) return stdout.write(await textOf(session, view, result));
  if (!("fields" in view)) return;
  const isForPeople = stdout.isTerminal || rendering.format === "table";
  const line = (key: string, value: CellLike) =>
    isForPeople
      ? `${forTerminal(key)}: ${forTerminal(shownOf(value))}`
      : `${forTsv(key)}: ${forTsv(exactOf(value))}`;
  return stdout.write(fieldLines(view.fields(result), line));
}

async function textOf<Result>(
  session: Session,
  view: Pick<TextView<Result>, "text">,
  result: Result,
): Promise<string> {
  return view.text(result, await lookOf(session));
}

/** How stdout looks, for views that lay out their own text. */
export async function lookOf(session: Session): Promise<Look> {
  const { stdout, environment, clock } = session.parts;
  const paint = await openPaint(stdout, environment);
  return { paint, isTerminal: stdout.isTerminal, nowMs: clock.wallMs() };
}

function fieldLines(
  fields: ReadonlyArray<readonly [key: string, value: CellLike]>,
  line: (key: string, value: CellLike) => string,
): string {
  return fields.map(([key, value]) => `${line(key, value)}\n`).join("");
}

function fieldOf(fields: ReadonlyArray<readonly [key: string, value: CellLike]>, key: string): CellLike {
  const found = fields.find(([name]) => name === key);
  if (found !== undefined) return found[1];
  throw new EfsError("NOT_FOUND", `there is no key ${JSON.stringify(key)} here`, {
    hint: `the keys are ${fields.map(([name]) => name).join(", ")}`,
  });
}

async function pour(bytes: AsyncIterable<Uint8Array>, session: Session, rendering: Rendering): Promise<void> {
  if (rendering.format !== undefined) {
    throw new EfsError("USAGE", "the object's bytes go to stdout, so -o has no place there", {
      hint: "write into a file, or see efscli object show",
    });
  }
  const { stdout, signal } = session.parts;
  for await (const part of bytes) {
    if (signal.aborted) throw new EfsError("CANCELLED", "interrupted");
    await stdout.write(part);
  }
}

function asObject(result: unknown): object {
  return typeof result === "object" && result !== null ? result : {};
}

/** True when nobody reads what is written any more. */
export function isOutputClosed(thrown: unknown): boolean {
  return thrown instanceof OutputClosed;
}
