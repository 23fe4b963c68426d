/**
 * Aligned columns without lines. Text that is not plain ASCII is laid out by cli-table3, which knows how wide characters are; it takes half
 * a millisecond a row, so plain rows are padded here. Pages of one list keep the widths of the pages before them.
 */
import type Table from "cli-table3";
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

const GAP = "   ";

type Rows = ReadonlyArray<readonly string[]>;

/** Lays pages out one after another: the header once, columns at least as wide as before. */
export class TablePages {
  readonly #headers: readonly string[];
  readonly #paint: Paint;
  #widths: readonly number[];
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
  async page(rows: Rows): Promise<string> {
    const hasHeader = this.#isFirst && this.#hasHeaders;
    const all = hasHeader ? [this.#headers, ...rows] : rows;
    this.#isFirst = false;
    if (all.length === 0) return "";
    const { lines, widths } = isPlain(all) ? layPlain(all, this.#widths) : await layWide(all, this.#widths);
    this.#widths = widths;
    const shown = lines.map((line, index) => (hasHeader && index === 0 ? this.#paint.strong(line) : line));
    return `${shown.join("\n")}\n`;
  }
}

interface Layout {
  readonly lines: readonly string[];
  readonly widths: readonly number[];
}

function isPlain(rows: Rows): boolean {
  return rows.every((row) => row.every((cell) => /^[\x20-\x7e]*$/.test(cell)));
}

/** Every character is one column wide. */
function layPlain(rows: Rows, widthsMin: readonly number[]): Layout {
  const widths = [...widthsMin];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  const lines = rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
  return { lines, widths };
}

async function layWide(rows: Rows, widthsMin: readonly number[]): Promise<Layout> {
  const { default: WideTable } = await import("cli-table3");
  const natural = laidBy(WideTable, rows, []);
  const widths = natural.widths.map((width, index) => Math.max(width, widthsMin[index] ?? 0));
  const isWider = widths.some((width, index) => width > (natural.widths[index] ?? 0));
  return isWider ? laidBy(WideTable, rows, widths) : natural;
}

function laidBy(WideTable: typeof Table, rows: Rows, widths: readonly number[]): Layout {
  const table = new WideTable({
    chars: BORDERLESS,
    colWidths: [...widths],
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
  });
  for (const row of rows) table.push([...row]);
  const lines = table.toString().split("\n");
  return {
    lines: lines.map((line) => line.trimEnd()),
    widths: table.options.colWidths.map((width) => width ?? 0),
  };
}
