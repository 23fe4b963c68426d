/** The XML document `Tagging`, of objects and buckets. */
import { OBJECT_TAGS_MAX, type Tags, tagSetOf } from "./tag-set.ts";
import type { XmlChildren, XmlElement } from "./wire/xml.ts";

/** As much as 50 tags of the longest can take when every character is a reference. */
export const TAGGING_BYTES_MAX = 512 * 1024;

/** What a `Tagging` holds. */
export function taggingContent(tags: Tags): XmlChildren {
  return { TagSet: { Tag: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) } };
}

/** @throws MalformedXML, InvalidTag, BadRequest */
export function tagsOfDocument(document: XmlElement, countMax = OBJECT_TAGS_MAX): Tags {
  return tagsOfSet(document.allow("TagSet").required("TagSet"), countMax);
}

/** The tags of an element that holds nothing but `Tag`. @throws MalformedXML, InvalidTag, BadRequest */
export function tagsOfSet(set: XmlElement, countMax: number): Tags {
  const pairs = set.allow("Tag").children.map((tag): [string, string] => {
    tag.allow("Key", "Value");
    return [tag.requiredText("Key"), tag.requiredText("Value")];
  });
  return tagSetOf(pairs, countMax);
}
