/** The XML document `CORSConfiguration`, checked as AWS does. What the rules allow is decided in access/cors.ts. */
import type { CorsRule } from "./bucket-config.ts";
import { S3Error } from "./errors.ts";
import type { XmlChildren, XmlElement } from "./wire/xml.ts";

const RULES_MAX = 100;
const ID_LENGTH_MAX = 255;
const METHODS: ReadonlySet<string> = new Set(["GET", "PUT", "HEAD", "POST", "DELETE"]);

/** @throws MalformedXML, InvalidRequest */
export function corsRulesOf(document: XmlElement): readonly CorsRule[] {
  const rules = document.allow("CORSRule").children;
  if (rules.length === 0 || rules.length > RULES_MAX) {
    throw new S3Error("MalformedXML", `1 to ${RULES_MAX} rules are expected`);
  }
  return rules.map(ruleOf);
}

function ruleOf(rule: XmlElement): CorsRule {
  rule.allow("ID", "AllowedOrigin", "AllowedMethod", "AllowedHeader", "ExposeHeader", "MaxAgeSeconds");
  const id = rule.textOf("ID");
  if (id !== undefined && id.length > ID_LENGTH_MAX) {
    throw new S3Error("InvalidRequest", `The ID of a rule has at most ${ID_LENGTH_MAX} characters`);
  }
  const [allowedOrigins, allowedMethods] = [textsOf(rule, "AllowedOrigin"), textsOf(rule, "AllowedMethod")];
  if (allowedOrigins.length === 0 || allowedMethods.length === 0) {
    throw new S3Error("MalformedXML", "A rule has at least one AllowedOrigin and one AllowedMethod");
  }
  const other = allowedMethods.find((method) => !METHODS.has(method));
  if (other !== undefined) {
    throw new S3Error(
      "InvalidRequest",
      `Found unsupported HTTP method in CORS config. Unsupported method is ${other.slice(0, 64)}`,
    );
  }
  const allowedHeaders = textsOf(rule, "AllowedHeader");
  const exposeHeaders = textsOf(rule, "ExposeHeader");
  requireOneWildcard("AllowedOrigin", allowedOrigins);
  requireOneWildcard("AllowedHeader", allowedHeaders);
  const wild = exposeHeaders.find((header) => !/^[!#$%&'+.^_`|~0-9A-Za-z-]+$/.test(header));
  if (wild !== undefined) {
    throw new S3Error("InvalidRequest", `ExposeHeader "${wild.slice(0, 64)}" is not the name of a header`);
  }
  return { id, allowedOrigins, allowedMethods, allowedHeaders, exposeHeaders, maxAgeSeconds: maxAgeOf(rule) };
}

/** Empty ones, and what no header can hold, are refused: they go out in headers of answers. */
function textsOf(rule: XmlElement, name: string): readonly string[] {
  return rule.many(name).map((element) => {
    const text = element.text.trim();
    if (/^[\x21-\x7e]{1,1024}$/.test(text)) return text;
    throw new S3Error("InvalidRequest", `${name} is not a text that a header can hold`);
  });
}

function requireOneWildcard(name: string, texts: readonly string[]): void {
  const wild = texts.find((text) => text.split("*").length > 2);
  if (wild === undefined) return;
  throw new S3Error("InvalidRequest", `${name} "${wild.slice(0, 256)}" can not have more than one wildcard.`);
}

function maxAgeOf(rule: XmlElement): number | undefined {
  const text = rule.textOf("MaxAgeSeconds");
  if (text === undefined) return undefined;
  if (/^\d{1,10}$/.test(text.trim())) return Number(text);
  throw new S3Error("MalformedXML", "MaxAgeSeconds is a whole number");
}

/** What a `CORSConfiguration` holds. */
export function corsContent(rules: readonly CorsRule[]): XmlChildren {
  return {
    CORSRule: rules.map((rule) => ({
      ID: rule.id,
      AllowedMethod: rule.allowedMethods,
      AllowedOrigin: rule.allowedOrigins,
      AllowedHeader: rule.allowedHeaders,
      ExposeHeader: rule.exposeHeaders,
      MaxAgeSeconds: rule.maxAgeSeconds,
    })),
  };
}
