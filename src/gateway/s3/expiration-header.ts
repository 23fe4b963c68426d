/** `x-amz-expiration`: when the bucket's lifecycle rules end a version that is the latest, and which rule does. */
import { EfsError } from "../../base/errors.ts";
import type { Annotations } from "../../model/annotation.ts";
import { expiryOf, type LifecycleRule, needsTags, parseLifecycle } from "../../model/lifecycle.ts";
import type { BucketPath } from "../../model/names.ts";
import type { Version } from "../../model/version.ts";
import type { Segment } from "../../segment/segment.ts";
import { formatHttpDate } from "./http-date.ts";

/** Parsed texts that are held; at the limit all are forgotten. */
const HELD_MAX = 100;
/** The last moment that a date can say. */
const DATE_MS_MAX = 8.64e15;
const held = new Map<string, readonly LifecycleRule[]>();

export interface Expiring {
  readonly version: Version;
  /** When they are at hand; read where a rule asks for tags. */
  readonly annotations?: Pick<Annotations, "tags"> | undefined;
}

/** undefined: it does not expire, or that cannot be told: what was done is done, a header is not worth a failed answer. */
export async function expirationHeader(
  { segment }: { readonly segment: Segment },
  bucket: BucketPath,
  expiring: Expiring,
): Promise<string | undefined> {
  try {
    return await headerOf(segment, bucket, expiring);
  } catch (thrown) {
    if (thrown instanceof EfsError) return undefined;
    throw thrown;
  }
}

async function headerOf(
  segment: Segment,
  bucket: BucketPath,
  { version, annotations }: Expiring,
): Promise<string | undefined> {
  const text = await segment.namespace.getConfig(bucket, "lifecycle");
  if (text === undefined) return undefined;
  const rules = rulesOf(text);
  const { object, sizeBytes, isDeleted, modifiedMs } = version;
  const known =
    annotations ??
    (needsTags(rules) ? (await segment.annotations.showMany(bucket, [version]))[0] : undefined);
  const expiry = expiryOf(rules, { object, sizeBytes, isDeleted, tags: known?.tags ?? {} }, modifiedMs);
  if (expiry === undefined || expiry.atMs > DATE_MS_MAX) return undefined;
  return `expiry-date="${formatHttpDate(expiry.atMs)}", rule-id="${encodeURIComponent(expiry.ruleId)}"`;
}

function rulesOf(text: string): readonly LifecycleRule[] {
  const known = held.get(text);
  if (known !== undefined) return known;
  const rules = parseLifecycle(text);
  if (held.size >= HELD_MAX) held.clear();
  held.set(text, rules);
  return rules;
}
