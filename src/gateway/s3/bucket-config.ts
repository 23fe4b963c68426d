/**
 * What S3 clients configure of a bucket, as the segment keeps it for the gateway: canonical JSON of what their documents were parsed to, so
 * that whoever acts by it never meets XML. The policy alone is kept as it was given, for that is what clients compare.
 */
import { EfsError } from "../../base/errors.ts";
import type { CannedAcl } from "../../model/annotation.ts";
import type { LifecycleRule } from "../../model/lifecycle.ts";
import { type BucketPath, formatBucketPath } from "../../model/names.ts";
import type { BucketConfigKind } from "../../segment/namespace.ts";
import type { Segment } from "../../segment/segment.ts";
import { S3Error } from "./errors.ts";
import type { Notification } from "./notification/notification.ts";
import type { Tags } from "./tag-set.ts";
import type { Website } from "./website/website.ts";

export interface CorsRule {
  readonly id?: string | undefined;
  /** With at most one `*` each. */
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  /** With at most one `*` each; as they were given. */
  readonly allowedHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds?: number | undefined;
}

export interface PublicAccessBlockConfig {
  readonly blockPublicAcls: boolean;
  readonly ignorePublicAcls: boolean;
  readonly blockPublicPolicy: boolean;
  readonly restrictPublicBuckets: boolean;
}

export const OBJECT_OWNERSHIPS = ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"] as const;
export type ObjectOwnership = (typeof OBJECT_OWNERSHIPS)[number];

/** Kind to what is kept of it. */
export interface BucketConfigs {
  readonly tagging: { readonly tags: Tags };
  readonly cors: { readonly rules: readonly CorsRule[] };
  readonly lifecycle: { readonly rules: readonly LifecycleRule[] };
  readonly acl: { readonly canned: CannedAcl };
  readonly "public-access-block": PublicAccessBlockConfig;
  readonly ownership: { readonly objectOwnership: ObjectOwnership };
  readonly notification: { readonly configurations: readonly Notification[] };
  readonly website: Website;
}
export type ParsedConfigKind = keyof BucketConfigs & BucketConfigKind;

interface Site {
  readonly segment: Segment;
}

/** undefined: not configured. @throws BUCKET_NOT_FOUND, RECORD_CORRUPT */
export async function readConfig<Kind extends ParsedConfigKind>(
  { segment }: Site,
  bucket: BucketPath,
  kind: Kind,
): Promise<BucketConfigs[Kind] | undefined> {
  const text = await segment.namespace.getConfig(bucket, kind);
  if (text === undefined) return undefined;
  try {
    // Only writeConfig writes it, and the engine's checksums cover it.
    return JSON.parse(text) as BucketConfigs[Kind];
  } catch (cause) {
    throw new EfsError("RECORD_CORRUPT", `the ${kind} of bucket ${formatBucketPath(bucket)} is not JSON`, {
      cause,
    });
  }
}

/** undefined removes it. @throws BUCKET_NOT_FOUND, MalformedXML (too large to keep) */
export async function writeConfig<Kind extends ParsedConfigKind>(
  { segment }: Site,
  bucket: BucketPath,
  kind: Kind,
  config: BucketConfigs[Kind] | undefined,
): Promise<void> {
  try {
    await segment.namespace.putConfig(
      bucket,
      kind,
      config === undefined ? undefined : JSON.stringify(config),
    );
  } catch (thrown) {
    if (!(thrown instanceof EfsError && thrown.code === "LIMIT")) throw thrown;
    throw new S3Error("InvalidRequest", `The configuration is too large to be kept: ${thrown.message}`, {
      cause: thrown,
    });
  }
}

/** The canned ACL of a bucket; `private` when none was put. */
export async function bucketAcl(site: Site, bucket: BucketPath): Promise<CannedAcl> {
  return (await readConfig(site, bucket, "acl"))?.canned ?? "private";
}

/** With ownership enforced, ACLs are neither read nor taken. @throws AccessControlListNotSupported */
export async function requireAclsAllowed(site: Site, bucket: BucketPath): Promise<void> {
  const ownership = await readConfig(site, bucket, "ownership");
  if (ownership?.objectOwnership === "BucketOwnerEnforced") {
    throw new S3Error("AccessControlListNotSupported", "The bucket does not allow ACLs");
  }
}
