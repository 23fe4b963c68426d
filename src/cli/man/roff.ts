/** Text as roff: escaping, headings, paragraphs, tagged items, examples. Enough of man(7) for the pages of efscli. */

/** Running text: `word` in backticks becomes bold. */
export function roffText(text: string): string {
  return text
    .split(/`([^`]+)`/)
    .map((part, index) => (index % 2 === 1 ? bold(part) : escaped(part)))
    .join("");
}

export function bold(text: string): string {
  return `\\fB${escaped(text)}\\fR`;
}

export function italic(text: string): string {
  return `\\fI${escaped(text)}\\fR`;
}

export function escaped(text: string): string {
  return text.replace(/\\/g, "\\e").replace(/-/g, "\\-").replace(/'/g, "\\(aq").replace(/^\./gm, "\\&.");
}

export interface PageHead {
  readonly title: string;
  readonly section: number;
  readonly source: string;
  readonly manual: string;
}

/** Lines of one page; `text` arguments are roff already. */
export class RoffPage {
  readonly #lines: string[] = [];

  constructor({ title, section, source, manual }: PageHead) {
    this.#lines.push('.\\" Generated from the command tree by npm run man. Do not edit.');
    this.#lines.push(
      `.TH "${escaped(title.toUpperCase())}" "${section}" "" "${escaped(source)}" "${escaped(manual)}"`,
    );
  }

  heading(text: string): this {
    this.#lines.push(`.SH "${escaped(text.toUpperCase())}"`);
    return this;
  }

  subheading(text: string): this {
    this.#lines.push(`.SS "${escaped(text)}"`);
    return this;
  }

  paragraph(text: string): this {
    this.#lines.push(".PP", text);
    return this;
  }

  item(term: string, text: string): this {
    this.#lines.push(".TP", term, text === "" ? "\\&" : text);
    return this;
  }

  /** Lines as they are. */
  verbatim(lines: readonly string[]): this {
    this.#lines.push(".PP", ".RS 4", ".nf", ...lines.map(escaped), ".fi", ".RE");
    return this;
  }

  toString(): string {
    return `${this.#lines.join("\n")}\n`;
  }
}
