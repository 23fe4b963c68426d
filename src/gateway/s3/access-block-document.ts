/** The XML document `PublicAccessBlockConfiguration`. What it blocks is decided in access/. */
import type { PublicAccessBlockConfig } from "./bucket-config.ts";
import { S3Error } from "./errors.ts";
import type { XmlChildren, XmlElement } from "./wire/xml.ts";

const ELEMENTS = [
  "BlockPublicAcls",
  "IgnorePublicAcls",
  "BlockPublicPolicy",
  "RestrictPublicBuckets",
] as const;

/** What is not said is off. @throws MalformedXML */
export function accessBlockOf(document: XmlElement): PublicAccessBlockConfig {
  document.allow(...ELEMENTS);
  const [blockPublicAcls, ignorePublicAcls, blockPublicPolicy, restrictPublicBuckets] = [
    flagOf(document, ELEMENTS[0]),
    flagOf(document, ELEMENTS[1]),
    flagOf(document, ELEMENTS[2]),
    flagOf(document, ELEMENTS[3]),
  ];
  return { blockPublicAcls, ignorePublicAcls, blockPublicPolicy, restrictPublicBuckets };
}

export function accessBlockContent(config: PublicAccessBlockConfig): XmlChildren {
  return {
    BlockPublicAcls: config.blockPublicAcls,
    IgnorePublicAcls: config.ignorePublicAcls,
    BlockPublicPolicy: config.blockPublicPolicy,
    RestrictPublicBuckets: config.restrictPublicBuckets,
  };
}

function flagOf(document: XmlElement, name: string): boolean {
  const text = document.textOf(name)?.trim().toLowerCase() ?? "false";
  if (text !== "true" && text !== "false") throw new S3Error("MalformedXML", `${name} is true or false`);
  return text === "true";
}
