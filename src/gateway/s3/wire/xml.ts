/**
 * XML as S3 speaks it: documents that are answered, and request bodies that are read. Knows no action. Requests are hostile: no DTD and so no
 * entities of their own, a limited depth, every fault is MalformedXML. The parser is loaded when the first body comes.
 */
import { malformed, parseNodes, type XmlNode } from "./xml-nodes.ts";

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
  readonly #node: XmlNode;
  readonly #children: readonly XmlElement[];

  constructor(node: XmlNode) {
    this.name = node.name;
    this.#node = node;
    this.#children = node.children.map((child) => new XmlElement(child));
  }

  /** Its text, references resolved, spaces kept. @throws MalformedXML when it holds elements */
  get text(): string {
    if (this.#children.length > 0) throw malformed(`${this.name} must hold text`);
    return this.#node.text;
  }

  /** The value of `xsi:type`. */
  get type(): string | undefined {
    return this.#node.type;
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
    if (this.#node.text.trim() !== "") throw malformed(`${this.name} must not hold text`);
    return this;
  }
}

/**
 * A request body whose root is `root` (or one of several).
 * @throws MalformedXML: not UTF-8, not well-formed, a DTD, too deep, too long, another root
 */
export async function parseXml(bytes: Uint8Array, root: string | readonly string[]): Promise<XmlElement> {
  if (bytes.length > XML_BYTES_MAX) throw malformed(`it is longer than ${XML_BYTES_MAX} bytes`);
  const nodes = await parseNodes(bytes);
  const [node] = nodes;
  const roots = typeof root === "string" ? [root] : root;
  if (node === undefined || nodes.length !== 1 || !roots.includes(node.name)) {
    throw malformed(`the root must be ${roots.join(" or ")}`);
  }
  return new XmlElement(node);
}
