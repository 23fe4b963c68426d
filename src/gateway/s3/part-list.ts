/**
 * The body of CompleteMultipartUpload. Ten thousand parts take the general parser half a second, in which nobody else is served; what clients send
 * in practice is so plain that one expression reads it in a few milliseconds. Whatever is not as plain goes to the general parser, which decides.
 */
import { fromUtf8 } from "../../base/bytes.ts";
import { parseXml } from "./wire/xml.ts";

const ROOT = "CompleteMultipartUpload";
const HEAD = /\s*(?:<\?xml [^<>]*\?>\s*)?<CompleteMultipartUpload(?: xmlns="[^"<>&]*")?>\s*/y;
const PART = /<Part>\s*((?:<([A-Za-z0-9]+)>[^<>]*<\/\2>\s*){0,16})<\/Part>\s*/y;
const FIELD = /<([A-Za-z0-9]+)>([^<>]*)</g;
const TAIL = /<\/CompleteMultipartUpload>\s*$/y;

/** One `Part`: the text of its elements; undefined where there is none. */
export interface ListedPart {
  textOf(name: string): string | undefined;
}

/** @throws MalformedXML */
export async function parsePartList(bytes: Uint8Array): Promise<readonly ListedPart[]> {
  const text = fromUtf8(bytes);
  const plain = text === undefined ? undefined : plainParts(text);
  return plain ?? (await parseXml(bytes, ROOT)).many("Part");
}

/** undefined: not as plain as this reads. */
function plainParts(text: string): readonly ListedPart[] | undefined {
  HEAD.lastIndex = 0;
  if (!HEAD.test(text)) return undefined;
  const parts: ListedPart[] = [];
  for (let at = HEAD.lastIndex; ; at = PART.lastIndex) {
    PART.lastIndex = at;
    const found = PART.exec(text);
    if (found === null) {
      TAIL.lastIndex = at;
      return TAIL.test(text) ? parts : undefined;
    }
    const fields = plainFields(found[1] ?? "");
    if (fields === undefined) return undefined;
    parts.push({ textOf: (name) => fields.get(name) });
  }
}

function plainFields(text: string): ReadonlyMap<string, string> | undefined {
  const fields = new Map<string, string>();
  for (const [, name = "", value = ""] of text.matchAll(FIELD)) {
    const plain = value.replaceAll("&quot;", '"').replaceAll("&#34;", '"');
    // Another reference, or an element given twice: not for here.
    if (plain.includes("&") || fields.has(name)) return undefined;
    fields.set(name, plain);
  }
  return fields;
}
