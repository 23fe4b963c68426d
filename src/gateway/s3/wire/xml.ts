/**
 * XML as S3 speaks it: documents that are answered, and request bodies that are read. Knows no action. Requests are hostile: no DTD and so no
 * entities of their own, a limited depth, every fault is MalformedXML. The parser is loaded when the first body comes.
 */
import { S3Error } from "../errors.ts";

/** undefined leaves the element out; an array repeats it. */
export type XmlContent =
  | string
  | number
  | boolean
  | undefined
  | XmlChildren
  | ReadonlyArray<string | number | boolean | XmlChildren>;

/**
 * Element names to what they hold, in this order; `@name` is an attribute of the parent, `#text` its text, `#items` a list of such objects
 * whose elements follow each other in the parent (elements of several names, mixed).
 */
export interface XmlChildren {
  readonly [name: string]: XmlContent;
}

export const S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
/** The longest body that any action may take; each passes its own limit to `RequestBody.whole`. */
export const XML_BYTES_MAX = 4 * 1024 * 1024;
const DEPTH_MAX = 16;

/** A whole document. `namespace` undefined: S3's; null: none (errors have none). */
export function xmlDocument(
  root: string,
  content: XmlChildren,
  { namespace = S3_NAMESPACE }: { readonly namespace?: string | null | undefined } = {},
): string {
  const withNamespace = namespace === null ? content : { "@xmlns": namespace, ...content };
  return DECLARATION + elementText(root, withNamespace);
}

function elementText(name: string, content: XmlContent): string {
  if (content === undefined) return "";
  if (typeof content !== "object") return `<${name}>${escapeXml(String(content))}</${name}>`;
  if (isRepeated(content)) {
    let text = "";
    for (const item of content) text += elementText(name, item);
    return text;
  }
  let [attributes, inner] = ["", ""];
  for (const child of Object.keys(content)) {
    const value = content[child];
    if (child.startsWith("@")) {
      if (value !== undefined) attributes += ` ${child.slice(1)}="${escapeXml(String(value))}"`;
    } else if (child === "#items") inner += itemsText(value);
    else inner += child === "#text" ? escapeXml(String(value ?? "")) : elementText(child, value);
  }
  return inner === "" ? `<${name}${attributes}/>` : `<${name}${attributes}>${inner}</${name}>`;
}

function itemsText(items: XmlContent): string {
  if (typeof items !== "object" || !isRepeated(items)) return "";
  let text = "";
  for (const item of items) {
    if (typeof item !== "object") continue;
    for (const name of Object.keys(item)) text += elementText(name, item[name]);
  }
  return text;
}

function isRepeated(content: object): content is ReadonlyArray<string | number | boolean | XmlChildren> {
  return Array.isArray(content);
}

/** What XML 1.0 has no place for, carriage return (readers take it for a line feed), and its own signs. */
const SPECIAL = /[&<>"]|[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
const NAMED: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/**
 * Text for an element or attribute. XML 1.0 has no way to write control characters: like AWS they are written as references, which strict
 * readers refuse; clients that meet such keys list with `encoding-type=url`. Halves of surrogates become U+FFFD.
 */
export function escapeXml(text: string): string {
  return text.replace(SPECIAL, (found) => {
    const code = found.charCodeAt(0);
    return NAMED[found] ?? (code < 0x20 ? `&#x${code.toString(16).toUpperCase()};` : "\ufffd");
  });
}

/** One element of a parsed body. Names are without prefixes; attributes are not kept but `type` (of a grantee). */
export class XmlElement {
  readonly name: string;
  readonly #type: string | undefined;
  readonly #children: readonly XmlElement[];
  readonly #text: string;

  constructor(
    name: string,
    parts: { type: string | undefined; children: readonly XmlElement[]; text: string },
  ) {
    this.name = name;
    this.#type = parts.type;
    this.#children = parts.children;
    this.#text = parts.text;
  }

  /** Its text, references resolved, spaces kept. @throws MalformedXML when it holds elements */
  get text(): string {
    if (this.#children.length > 0) throw malformed(`${this.name} must hold text`);
    return this.#text;
  }

  /** The value of `xsi:type`. */
  get type(): string | undefined {
    return this.#type;
  }

  get children(): readonly XmlElement[] {
    return this.#children;
  }

  many(name: string): readonly XmlElement[] {
    return this.#children.filter((child) => child.name === name);
  }

  /** @throws MalformedXML when there is more than one */
  one(name: string): XmlElement | undefined {
    const found = this.many(name);
    if (found.length > 1) throw malformed(`${this.name} must hold one ${name}`);
    return found[0];
  }

  /** @throws MalformedXML when there is not exactly one */
  required(name: string): XmlElement {
    const found = this.one(name);
    if (found === undefined) throw malformed(`${this.name} must hold ${name}`);
    return found;
  }

  /** Text of a child; undefined: there is none. */
  textOf(name: string): string | undefined {
    return this.one(name)?.text;
  }

  requiredText(name: string): string {
    return this.required(name).text;
  }

  /** @throws MalformedXML when there is an element of another name, or text between them */
  allow(...names: readonly string[]): this {
    const other = this.#children.find((child) => !names.includes(child.name));
    if (other !== undefined) throw malformed(`${this.name} must not hold ${other.name}`);
    if (this.#text.trim() !== "") throw malformed(`${this.name} must not hold text`);
    return this;
  }
}

/**
 * A request body whose root is `root` (or one of several).
 * @throws MalformedXML: not UTF-8, not well-formed, a DTD, too deep, too long, another root
 */
export async function parseXml(bytes: Uint8Array, root: string | readonly string[]): Promise<XmlElement> {
  if (bytes.length > XML_BYTES_MAX) throw malformed(`it is longer than ${XML_BYTES_MAX} bytes`);
  const text = decoded(bytes);
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text)) throw malformed("a document type or entity is not allowed");
  const { XMLParser, XMLValidator } = await import("fast-xml-parser");
  const nodes = ((): unknown => {
    try {
      const verdict = XMLValidator.validate(text);
      if (verdict !== true) throw malformed(verdict.err.msg);
      // The validator overlooks text behind an empty root.
      if (!text.trimEnd().endsWith(">")) throw malformed("text behind the root");
      return new XMLParser(PARSER_OPTIONS).parse(text);
    } catch (thrown) {
      throw thrown instanceof S3Error ? thrown : malformed(thrown instanceof Error ? thrown.message : "");
    }
  })();
  const { children } = contentOf(nodes);
  const [element] = children;
  const roots = typeof root === "string" ? [root] : root;
  if (element === undefined || children.length !== 1 || !roots.includes(element.name)) {
    throw malformed(`the root must be ${roots.join(" or ")}`);
  }
  return element;
}

const PARSER_OPTIONS = {
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  cdataPropName: "#cdata",
  // References are resolved here, so that text of CDATA stays as it is.
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: DEPTH_MAX,
};

/** The parser's nodes, which are `{ name: nodes, ":@": attributes }`, `{ "#text": text }` or `{ "#cdata": [text node] }`. */
function contentOf(nodes: unknown): { readonly children: readonly XmlElement[]; readonly text: string } {
  const children: XmlElement[] = [];
  let text = "";
  for (const node of Array.isArray(nodes) ? nodes : []) {
    for (const [name, value] of Object.entries(node as Record<string, unknown>)) {
      if (name === "#text") text += resolved(String(value));
      else if (name === "#cdata") text += rawText(value);
      else if (name !== ":@") {
        const attributes = (node as { ":@"?: Record<string, unknown> })[":@"];
        const type = attributes === undefined ? undefined : attributes.type;
        children.push(
          new XmlElement(name, { ...contentOf(value), type: typeof type === "string" ? type : undefined }),
        );
      }
    }
  }
  return { children, text };
}

function rawText(nodes: unknown): string {
  return (Array.isArray(nodes) ? nodes : []).map((node) => String(node["#text"] ?? "")).join("");
}

const ENTITIES: Readonly<Record<string, string | undefined>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

/** Numeric references may name control characters: clients write keys with them so. */
function resolved(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(#x?[0-9a-fA-F]{1,8}|[a-z]{1,8})?(;?)/g,
    (_, name: string | undefined, end: string) => {
      const value = name === undefined || end === "" ? undefined : referenced(name);
      if (value === undefined) throw malformed("a reference is not known");
      return value;
    },
  );
}

function referenced(name: string): string | undefined {
  if (!name.startsWith("#")) return Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
  const code = name.startsWith("#x") ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : undefined;
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw malformed("it is not UTF-8");
  }
}

function malformed(reason: string): S3Error {
  return new S3Error("MalformedXML", `The XML is not well-formed or does not fit the schema: ${reason}`);
}
