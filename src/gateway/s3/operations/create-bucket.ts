/** CreateBucket: with location, canned ACL, ownership, object lock and tags. */
import { EfsError } from "../../../base/errors.ts";
import type { CannedAcl } from "../../../model/annotation.ts";
import type { BucketOptions } from "../../../model/namespace.ts";
import type { Action, BucketContext, S3Request } from "../action.ts";
import { cannedAclOf } from "../annotation-headers.ts";
import { OBJECT_OWNERSHIPS, type ObjectOwnership, writeConfig } from "../bucket-config.ts";
import { requireNewBucketName } from "../bucket-name.ts";
import { S3Error } from "../errors.ts";
import { BUCKET_TAGS_MAX, type Tags } from "../tag-set.ts";
import { TAGGING_BYTES_MAX, tagsOfSet } from "../tagging-document.ts";
import type { XmlElement } from "../wire/xml.ts";
import { optionalXmlBody } from "../xml-answer.ts";

export const createBucket: Action = {
  name: "CreateBucket",
  target: "bucket",
  match: { method: "PUT" },
  permission: "s3:CreateBucket",
  run: async (context, request) => {
    const { bucket, segment } = context;
    requireNewBucketName(bucket.bucket);
    const asked = askedOf(request);
    const document = await optionalXmlBody(request, {
      root: "CreateBucketConfiguration",
      bytesMax: TAGGING_BYTES_MAX,
    });
    requireLocation(document, context);
    const tags = tagsOf(document);
    await authorise(context, asked, tags);
    const options: Partial<BucketOptions> = {
      versionsKept: context.versionsKept,
      ...(asked.isLocked ? { versioning: "enabled", lock: { default: undefined } } : {}),
    };
    try {
      await segment.namespace.createBucket(bucket, options);
    } catch (thrown) {
      throw thrown instanceof EfsError && thrown.code === "BUCKET_EXISTS" ? owned(thrown) : thrown;
    }
    // A crash before these leaves a private bucket, which is the safe side.
    if (asked.ownership !== undefined) {
      await writeConfig(context, bucket, "ownership", { objectOwnership: asked.ownership });
    }
    if (asked.acl !== "private") await writeConfig(context, bucket, "acl", { canned: asked.acl });
    if (tags !== undefined) await writeConfig(context, bucket, "tagging", { tags });
    return { status: 200, headers: { Location: `/${bucket.bucket}` } };
  },
};

interface Asked {
  readonly acl: CannedAcl;
  readonly ownership: ObjectOwnership | undefined;
  readonly isLocked: boolean;
}

/** @throws InvalidArgument, NotImplemented, InvalidBucketAclWithObjectOwnership */
function askedOf({ headers }: S3Request): Asked {
  const acl = cannedAclOf(headers) ?? "private";
  const text = headers.get("x-amz-object-ownership");
  const ownership = OBJECT_OWNERSHIPS.find((known) => known === text);
  if (text !== undefined && ownership === undefined) throw invalid("x-amz-object-ownership", text);
  if (ownership === "BucketOwnerEnforced" && acl !== "private" && acl !== "bucket-owner-full-control") {
    throw new S3Error(
      "InvalidBucketAclWithObjectOwnership",
      "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
    );
  }
  const lock = headers.get("x-amz-bucket-object-lock-enabled");
  if (lock !== undefined && !/^(?:true|false)$/i.test(lock))
    throw invalid("x-amz-bucket-object-lock-enabled", lock);
  return { acl, ownership, isLocked: lock?.toLowerCase() === "true" };
}

/** @throws AccessDenied */
async function authorise(context: BucketContext, asked: Asked, tags: Tags | undefined): Promise<void> {
  const resource = { bucket: context.bucket.bucket };
  if (asked.acl !== "private") await context.authorise("s3:PutBucketAcl", resource);
  if (asked.ownership !== undefined) await context.authorise("s3:PutBucketOwnershipControls", resource);
  if (tags !== undefined) await context.authorise("s3:PutBucketTagging", resource);
  if (!asked.isLocked) return;
  await context.authorise("s3:PutBucketObjectLockConfiguration", resource);
  await context.authorise("s3:PutBucketVersioning", resource);
}

/** The region of this endpoint, any where none is set, or none. @throws InvalidLocationConstraint, MalformedXML */
function requireLocation(document: XmlElement | undefined, { region, isRegionFixed }: BucketContext): void {
  document?.allow("LocationConstraint", "Location", "Bucket", "Tags");
  if (document?.one("Location") !== undefined || document?.one("Bucket") !== undefined) {
    throw new S3Error("NotImplemented", "Directory buckets are not supported");
  }
  const location = document?.textOf("LocationConstraint")?.trim() ?? "";
  if (location === "" || location === region || isRegionFixed !== true) return;
  throw new S3Error("InvalidLocationConstraint", "The specified location-constraint is not valid", {
    elements: { LocationConstraint: location.slice(0, 256), Region: region },
  });
}

function tagsOf(document: XmlElement | undefined): Tags | undefined {
  const tags = document?.one("Tags");
  return tags === undefined ? undefined : tagsOfSet(tags, BUCKET_TAGS_MAX);
}

function owned(cause: EfsError): S3Error {
  return new S3Error(
    "BucketAlreadyOwnedByYou",
    "Your previous request to create the named bucket succeeded and you already own it.",
    { cause },
  );
}

function invalid(name: string, value: string): S3Error {
  return new S3Error("InvalidArgument", undefined, {
    elements: { ArgumentName: name, ArgumentValue: value.slice(0, 256) },
  });
}
