/** The XML document `LifecycleConfiguration`, checked as AWS does. Transitions are refused: a segment has one class of storage. */

import type { LifecycleFilter, LifecycleRule } from "../../model/lifecycle.ts";
import { S3Error } from "./errors.ts";
import { tagSetOf } from "./tag-set.ts";
import type { XmlChildren, XmlElement } from "./wire/xml.ts";

const RULES_MAX = 1000;
const ID_LENGTH_MAX = 255;
const NEWER_KEPT_MAX = 100;
const FILTER_TAGS_MAX = 10;
const MIDNIGHT = /^(\d{4}-\d{2}-\d{2})(?:T00:00:00(?:\.0{1,9})?(?:Z|\+00:00))?$/;
const ACTIONS = ["Expiration", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"] as const;
const TRANSITIONS = ["Transition", "NoncurrentVersionTransition"] as const;

/** @throws MalformedXML, InvalidArgument, InvalidRequest, NotImplemented (transitions) */
export function lifecycleRulesOf(document: XmlElement): readonly LifecycleRule[] {
  const rules = document.allow("Rule").children;
  if (rules.length === 0 || rules.length > RULES_MAX) throw malformed(`1 to ${RULES_MAX} rules are expected`);
  const ids = new Set<string>();
  return rules.map((element, index) => {
    const rule = ruleOf(element, index);
    if (ids.has(rule.id))
      throw invalid("Rule ID must be unique. Found same ID for more than one rule", "ID", rule.id);
    ids.add(rule.id);
    return rule;
  });
}

function ruleOf(rule: XmlElement, index: number): LifecycleRule {
  rule.allow("ID", "Status", "Prefix", "Filter", ...ACTIONS, ...TRANSITIONS);
  if (TRANSITIONS.some((name) => rule.many(name).length > 0)) {
    throw new S3Error("NotImplemented", "Transitions are not supported: a segment has one class of storage");
  }
  const id = rule.textOf("ID") ?? "";
  if (id.length > ID_LENGTH_MAX)
    throw invalid(`ID length should not exceed allowed limit of ${ID_LENGTH_MAX}`, "ID", id);
  const status = rule.requiredText("Status");
  if (status !== "Enabled" && status !== "Disabled") throw malformed("Status is Enabled or Disabled");
  const { form, filter } = scopeOf(rule);
  const [expiration, noncurrent, abort] = ACTIONS.map((name) => rule.one(name));
  if (expiration === undefined && noncurrent === undefined && abort === undefined) {
    throw new S3Error("InvalidRequest", "At least one action needs to be specified in a rule");
  }
  const made: LifecycleRule = {
    id: id === "" ? `rule-${index + 1}` : id,
    isEnabled: status === "Enabled",
    form,
    filter,
    expiration: expiration === undefined ? undefined : expirationOf(expiration),
    noncurrent: noncurrent === undefined ? undefined : noncurrentOf(noncurrent),
    abortUploadsAfterDays:
      abort === undefined ? undefined : daysOf(abort.allow("DaysAfterInitiation"), "DaysAfterInitiation"),
  };
  const isByTagOrSize =
    filter.tags !== undefined || filter.sizeBytesAbove !== undefined || filter.sizeBytesBelow !== undefined;
  if (abort !== undefined && isByTagOrSize) {
    throw new S3Error(
      "InvalidRequest",
      "AbortIncompleteMultipartUpload cannot be specified with tags or object sizes",
    );
  }
  if (filter.tags !== undefined && made.expiration !== undefined && "isMarkerExpired" in made.expiration) {
    throw new S3Error("InvalidRequest", "ExpiredObjectDeleteMarker cannot be specified with tags");
  }
  return made;
}

function scopeOf(rule: XmlElement): Pick<LifecycleRule, "form" | "filter"> {
  const [prefix, filter] = [rule.textOf("Prefix"), rule.one("Filter")];
  if ((prefix === undefined) === (filter === undefined))
    throw malformed("a rule has either Filter or Prefix");
  if (filter === undefined) return { form: "prefix", filter: prefixOf(prefix) };
  const and = filter.one("And");
  if (and === undefined) {
    if (filter.allow("Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan").children.length > 1) {
      throw malformed("several conditions of a Filter stand in And");
    }
    return { form: "filter", filter: conditionsOf(filter) };
  }
  if (filter.children.length > 1) throw malformed("And stands alone in a Filter");
  and.allow("Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan");
  if (and.children.length < 2) throw malformed("And has two conditions or more");
  return { form: "and", filter: conditionsOf(and) };
}

function conditionsOf(element: XmlElement): LifecycleFilter {
  const tags = element.many("Tag").map((tag): [string, string] => {
    tag.allow("Key", "Value");
    return [tag.requiredText("Key"), tag.requiredText("Value")];
  });
  const [above, below] = [sizeOf(element, "ObjectSizeGreaterThan"), sizeOf(element, "ObjectSizeLessThan")];
  if (above !== undefined && below !== undefined && below <= above) {
    throw new S3Error(
      "InvalidRequest",
      "ObjectSizeLessThan has to be a value greater than ObjectSizeGreaterThan",
    );
  }
  return {
    ...prefixOf(element.textOf("Prefix")),
    tags: tags.length === 0 ? undefined : tagSetOf(tags, FILTER_TAGS_MAX),
    sizeBytesAbove: above,
    sizeBytesBelow: below,
  };
}

function prefixOf(prefix: string | undefined): LifecycleFilter {
  if (prefix !== undefined && Buffer.byteLength(prefix) > 1024)
    throw invalid("The maximum size of a prefix is 1024", "Prefix", prefix);
  return { prefix };
}

function expirationOf(element: XmlElement): LifecycleRule["expiration"] {
  element.allow("Days", "Date", "ExpiredObjectDeleteMarker");
  if (element.children.length !== 1)
    throw malformed("Expiration has one of Days, Date, ExpiredObjectDeleteMarker");
  if (element.one("Days") !== undefined) return { days: daysOf(element, "Days") };
  const marker = element.textOf("ExpiredObjectDeleteMarker");
  if (marker !== undefined) {
    if (marker !== "true" && marker !== "false")
      throw malformed("ExpiredObjectDeleteMarker is true or false");
    return { isMarkerExpired: marker === "true" };
  }
  const text = element.requiredText("Date");
  const day = MIDNIGHT.exec(text)?.[1];
  if (day === undefined || Number.isNaN(Date.parse(day))) {
    throw invalid("'Date' must be at midnight GMT", "Date", text);
  }
  return { date: `${day}T00:00:00.000Z` };
}

function noncurrentOf(element: XmlElement): LifecycleRule["noncurrent"] {
  element.allow("NoncurrentDays", "NewerNoncurrentVersions");
  const days = daysOf(element, "NoncurrentDays");
  const newer = element.textOf("NewerNoncurrentVersions");
  if (newer === undefined) return { days };
  const newerKept = wholeOf(newer);
  if (newerKept === undefined || newerKept < 1 || newerKept > NEWER_KEPT_MAX) {
    throw invalid(
      `'NewerNoncurrentVersions' must be from 1 to ${NEWER_KEPT_MAX}`,
      "NewerNoncurrentVersions",
      newer,
    );
  }
  return { days, newerKept };
}

function daysOf(element: XmlElement, name: string): number {
  const text = element.requiredText(name);
  const days = wholeOf(text);
  if (days !== undefined && days >= 1 && days <= 2 ** 31 - 1) return days;
  throw invalid(`'${name}' for ${element.name} action must be a positive integer`, name, text);
}

function sizeOf(element: XmlElement, name: string): number | undefined {
  const text = element.textOf(name);
  if (text === undefined) return undefined;
  const sizeBytes = wholeOf(text);
  if (sizeBytes !== undefined) return sizeBytes;
  throw invalid(`'${name}' must be a whole number`, name, text);
}

function wholeOf(text: string): number | undefined {
  return /^\d{1,15}$/.test(text.trim()) ? Number(text) : undefined;
}

/** What a `LifecycleConfiguration` holds. */
export function lifecycleContent(rules: readonly LifecycleRule[]): XmlChildren {
  return { Rule: rules.map(ruleContent) };
}

function ruleContent(rule: LifecycleRule): XmlChildren {
  const { expiration, noncurrent, abortUploadsAfterDays } = rule;
  return {
    ID: rule.id,
    ...scopeContent(rule),
    Status: rule.isEnabled ? "Enabled" : "Disabled",
    Expiration: expirationContent(expiration),
    NoncurrentVersionExpiration:
      noncurrent === undefined
        ? undefined
        : { NoncurrentDays: noncurrent.days, NewerNoncurrentVersions: noncurrent.newerKept },
    AbortIncompleteMultipartUpload:
      abortUploadsAfterDays === undefined ? undefined : { DaysAfterInitiation: abortUploadsAfterDays },
  };
}

function scopeContent({ form, filter }: LifecycleRule): XmlChildren {
  if (form === "prefix") return { Prefix: filter.prefix ?? "" };
  const conditions: XmlChildren = {
    Prefix: filter.prefix,
    Tag: Object.entries(filter.tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
    ObjectSizeGreaterThan: filter.sizeBytesAbove,
    ObjectSizeLessThan: filter.sizeBytesBelow,
  };
  return { Filter: form === "and" ? { And: conditions } : conditions };
}

function expirationContent(expiration: LifecycleRule["expiration"]): XmlChildren | undefined {
  if (expiration === undefined) return undefined;
  if ("days" in expiration) return { Days: expiration.days };
  if ("date" in expiration) return { Date: expiration.date };
  return { ExpiredObjectDeleteMarker: expiration.isMarkerExpired };
}

function malformed(reason: string): S3Error {
  return new S3Error("MalformedXML", `The XML is not well-formed or does not fit the schema: ${reason}`);
}

function invalid(message: string, name: string, value: string): S3Error {
  return new S3Error("InvalidArgument", message, {
    elements: { ArgumentName: name, ArgumentValue: value.slice(0, 256) },
  });
}
