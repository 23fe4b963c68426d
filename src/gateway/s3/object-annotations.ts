/** What the actions on tags, ACL, retention and legal hold share: finding the version that is asked for, and changing its annotations. */
import { EfsError } from "../../base/errors.ts";
import type { AnnotationChange, CannedAcl } from "../../model/annotation.ts";
import type { BucketPath } from "../../model/names.ts";
import type { AnnotatedVersion } from "../../segment/annotations.ts";
import { isPublicAcl, requireAclNotBlocked } from "./access/public-access-block.ts";
import type { ActionContext, ObjectContext, S3Request } from "./action.ts";
import { readConfig } from "./bucket-config.ts";
import { S3Error } from "./errors.ts";
import { readFailure, requireContentOf } from "./object-read.ts";
import { type ResponseHeaders, shownVersionId } from "./version-headers.ts";
import { parseVersionId } from "./version-id.ts";

/** @throws NoSuchKey, NoSuchVersion, MethodNotAllowed (a delete marker) */
export async function annotated(context: ObjectContext, { query }: S3Request): Promise<AnnotatedVersion> {
  const versionId = query.get("versionId");
  const ref = parseVersionId(versionId);
  try {
    const found = await context.segment.annotations.show(context.object, ref);
    requireContentOf(found.version);
    return found;
  } catch (thrown) {
    throw await readFailure(context, context.object, versionId, thrown);
  }
}

/** @throws as `annotated`; AccessDenied (locked), InvalidRequest (a bucket without lock) */
export async function annotate(
  context: ObjectContext,
  { query }: S3Request,
  change: AnnotationChange,
  options: { readonly isGovernanceBypassed?: boolean } = {},
): Promise<AnnotatedVersion> {
  const versionId = query.get("versionId");
  const ref = parseVersionId(versionId);
  try {
    return await context.segment.annotations.annotate(context.object, ref, change, options);
  } catch (thrown) {
    throw lockFailure(await readFailure(context, context.object, versionId, thrown));
  }
}

/** `x-amz-version-id` of the version that was looked at or changed. */
export function versionIdHeader({ version }: AnnotatedVersion, { query }: S3Request): ResponseHeaders {
  return { "x-amz-version-id": shownVersionId(version, query.get("versionId")) };
}

/** @throws InvalidRequest in a bucket without object lock */
export async function requireLock(context: ObjectContext): Promise<void> {
  const { options } = await context.segment.namespace.showBucket(context.object);
  if (options.lock === undefined) throw noLock();
}

function noLock(cause?: unknown): S3Error {
  return new S3Error("InvalidRequest", "Bucket is missing Object Lock Configuration", { cause });
}

/**
 * Judges an ACL that does not stand in the request's headers, where it would have been judged with the request.
 * @throws AccessDenied: public ones are blocked, or asked for by no admin
 */
export async function requireAclAllowed(
  context: ActionContext,
  path: BucketPath,
  acl: CannedAcl,
): Promise<void> {
  if (!isPublicAcl(acl)) return;
  requireAclNotBlocked(acl, await readConfig(context, path, "public-access-block"));
  if (context.identity.kind === "user" && context.identity.isAdmin) return;
  throw new S3Error(
    "AccessDenied",
    "Access Denied: a public ACL needs an admin, or a bucket policy that allows it and the header x-amz-acl",
  );
}

/** LOCKED, and CONFLICT of a bucket without lock, as AWS tells them; anything else as it is. */
export function lockFailure(thrown: unknown): unknown {
  if (!(thrown instanceof EfsError)) return thrown;
  if (thrown.code === "CONFLICT") return noLock(thrown);
  if (thrown.code !== "LOCKED") return thrown;
  return new S3Error("AccessDenied", "Access Denied because object protected by object lock.", {
    cause: thrown,
  });
}
