/** XML of requests as plain nodes: bytes to text, the parser and what it must not do, references resolved by ourselves. */
import { S3Error } from "../errors.ts";

export interface XmlNode {
  /** Without prefix. */
  readonly name: string;
  /** The attribute `xsi:type`; others are not kept. */
  readonly type: string | undefined;
  readonly children: readonly XmlNode[];
  /** References resolved, spaces kept. */
  readonly text: string;
}

const DEPTH_MAX = 16;

/** The nodes beside each other at the top. @throws MalformedXML */
export async function parseNodes(bytes: Uint8Array): Promise<readonly XmlNode[]> {
  const text = decoded(bytes);
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text)) throw malformed("a document type or entity is not allowed");
  const { XMLParser, XMLValidator } = await import("fast-xml-parser");
  try {
    const verdict = XMLValidator.validate(text);
    if (verdict !== true) throw malformed(verdict.err.msg);
    // The validator overlooks text behind an empty root.
    if (!text.trimEnd().endsWith(">")) throw malformed("text behind the root");
    return contentOf(new XMLParser(PARSER_OPTIONS).parse(text)).children;
  } catch (thrown) {
    throw thrown instanceof S3Error ? thrown : malformed(thrown instanceof Error ? thrown.message : "");
  }
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
function contentOf(nodes: unknown): { readonly children: readonly XmlNode[]; readonly text: string } {
  const children: XmlNode[] = [];
  let text = "";
  for (const node of Array.isArray(nodes) ? nodes : []) {
    for (const [name, value] of Object.entries(node as Record<string, unknown>)) {
      if (name === "#text") text += resolved(String(value));
      else if (name === "#cdata") text += rawText(value);
      else if (name !== ":@") {
        const attributes = (node as { ":@"?: Record<string, unknown> })[":@"];
        const type = attributes === undefined ? undefined : attributes.type;
        children.push({ name, ...contentOf(value), type: typeof type === "string" ? type : undefined });
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

export function malformed(reason: string): S3Error {
  return new S3Error("MalformedXML", `The XML is not well-formed or does not fit the schema: ${reason}`);
}
