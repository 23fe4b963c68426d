/** Aligned columns without lines, by cli-table3. Pages of one list keep the widths of the pages before them. */
import Table from "cli-table3";
import type { Paint } from "./paint.ts";

const BORDERLESS = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "   ",
} as const;

/** Lays pages out one after another: the header once, columns at least as wide as before. */
export class TablePages {
  readonly #headers: readonly string[];
  readonly #paint: Paint;
  #widths: number[];
  #isFirst = true;
  readonly #hasHeaders: boolean;

  constructor(options: {
    readonly headers: readonly string[];
    readonly hasHeaders: boolean;
    readonly paint: Paint;
  }) {
    this.#headers = options.headers;
    this.#hasHeaders = options.hasHeaders;
    this.#paint = options.paint;
    this.#widths = options.headers.map(() => 0);
  }

  /** The lines of one page, each ended by a newline. */
  page(rows: ReadonlyArray<readonly string[]>): string {
    const withHeader = this.#isFirst && this.#hasHeaders ? [[...this.#headers], ...rows] : rows;
    this.#isFirst = false;
    if (withHeader.length === 0) return "";
    const natural = lay(withHeader, undefined);
    const widths = natural.widths.map((width, index) => Math.max(width, this.#widths[index] ?? 0));
    const isWider = widths.some((width, index) => width > (natural.widths[index] ?? 0));
    this.#widths = widths;
    const lines = (isWider ? lay(withHeader, widths) : natural).lines;
    const first = lines[0];
    if (withHeader !== rows && first !== undefined) lines[0] = this.#paint.strong(first);
    return `${lines.join("\n")}\n`;
  }
}

function lay(rows: ReadonlyArray<readonly string[]>, widths: readonly number[] | undefined) {
  const colWidths = [...(widths ?? [])];
  const table = new Table({
    chars: BORDERLESS,
    colWidths,
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
  });
  for (const row of rows) table.push([...row]);
  const lines = table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
  return { lines, widths: table.options.colWidths.map((width) => width ?? 0) };
}
