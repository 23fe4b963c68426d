/**
 * Whether a request may: the one place where policy, tenant, ACLs and public access block meet. Pure but for the facts of a version, which are
 * fetched only when they decide. The order: what an admin can always do, explicit denials, the tenant's own users, public grants.
 */
import type { CannedAcl } from "../../../model/annotation.ts";
import type { PublicAccessBlockConfig } from "../bucket-config.ts";
import { S3Error } from "../errors.ts";
import type { AccessRequest } from "./access-request.ts";
import { evaluatePolicy, type Policy } from "./policy.ts";
import { isPublicAcl, requireAclNotBlocked } from "./public-access-block.ts";

/** What is configured of the bucket that a request is for. */
export interface BucketAccess {
  readonly policy: Policy | undefined;
  readonly acl: CannedAcl;
  readonly publicAccessBlock: PublicAccessBlockConfig | undefined;
  /** BucketOwnerEnforced: ACLs grant nothing. */
  readonly isOwnerEnforced: boolean;
}

/** What the version that a request is for says; called at most once each, and only when it decides. undefined: no such version. */
export interface VersionAccess {
  readonly acl: () => Promise<CannedAcl | undefined>;
  readonly tags: () => Promise<Readonly<Record<string, string>> | undefined>;
}

/** What only admins do, unless a policy allows it to others. */
const ADMIN_PERMISSIONS: ReadonlySet<string> = new Set([
  "s3:PutBucketPolicy",
  "s3:DeleteBucketPolicy",
  "s3:PutBucketAcl",
  "s3:PutBucketPublicAccessBlock",
  "s3:DeleteBucketPublicAccessBlock",
  "s3:PutBucketOwnershipControls",
  "s3:DeleteBucketOwnershipControls",
  "s3:BypassGovernanceRetention",
]);
/** No policy locks an admin out of changing the policy. */
const POLICY_PERMISSIONS: ReadonlySet<string> = new Set([
  "s3:GetBucketPolicy",
  "s3:GetBucketPolicyStatus",
  "s3:PutBucketPolicy",
  "s3:DeleteBucketPolicy",
]);
const ACL_PERMISSIONS: ReadonlySet<string> = new Set(["s3:PutObjectAcl", "s3:PutObjectVersionAcl"]);
const WRITES_WITH_ACL: ReadonlySet<string> = new Set([...ACL_PERMISSIONS, "s3:PutObject", "s3:PutBucketAcl"]);
const PUBLIC_READ_OF_BUCKET: ReadonlySet<string> = new Set([
  "s3:ListBucket",
  "s3:ListBucketVersions",
  "s3:ListBucketMultipartUploads",
]);
const PUBLIC_READ_OF_OBJECT: ReadonlySet<string> = new Set(["s3:GetObject", "s3:GetObjectVersion"]);

export interface AuthoriseOptions {
  /** undefined: the bucket is not there, or the request is for the service. */
  readonly bucket: BucketAccess | undefined;
  readonly version?: VersionAccess | undefined;
}

/** @throws AccessDenied */
export async function authorise(request: AccessRequest, options: AuthoriseOptions): Promise<void> {
  const reason = await refusal(request, options);
  if (reason !== undefined) throw new S3Error("AccessDenied", reason);
}

/** Why not; undefined: it may. */
export async function refusal(
  request: AccessRequest,
  { bucket, version }: AuthoriseOptions,
): Promise<string | undefined> {
  const { identity, permission } = request;
  const isAdmin = identity.kind === "user" && identity.isAdmin;
  if (isAdmin && POLICY_PERMISSIONS.has(permission)) return undefined;
  const verdict = bucket?.policy === undefined ? "none" : await verdictOf(bucket.policy, request, version);
  if (verdict === "deny") return "Access Denied: the bucket's policy denies it explicitly";
  const acl = request.headers.get("x-amz-acl");
  if (acl !== undefined && WRITES_WITH_ACL.has(permission))
    requireAclNotBlocked(acl, bucket?.publicAccessBlock);
  if (identity.kind === "user") {
    if (isAdmin || verdict === "allow" || !isForAdmins(permission, acl)) return undefined;
    return `Access Denied: ${permission} needs a user who is an admin of the tenant, or a bucket policy that allows it`;
  }
  if (bucket === undefined) return "Access Denied";
  return (await isPublic(request, { bucket, version, isAllowed: verdict === "allow" }))
    ? undefined
    : "Access Denied";
}

async function verdictOf(policy: Policy, request: AccessRequest, version: VersionAccess | undefined) {
  if (!policy.needsExistingTags || version === undefined) return evaluatePolicy(policy, request);
  return evaluatePolicy(policy, { ...request, existingTags: await version.tags() });
}

function isForAdmins(permission: string, acl: string | undefined): boolean {
  if (ADMIN_PERMISSIONS.has(permission)) return true;
  return ACL_PERMISSIONS.has(permission) && acl !== undefined && isPublicAcl(acl);
}

async function isPublic(
  { permission }: AccessRequest,
  options: {
    readonly bucket: BucketAccess;
    readonly version: VersionAccess | undefined;
    readonly isAllowed: boolean;
  },
): Promise<boolean> {
  const { bucket, version, isAllowed } = options;
  const block = bucket.publicAccessBlock;
  // A block restricts public policies to the tenant's own users.
  if (isAllowed && !(block?.restrictPublicBuckets === true && bucket.policy?.isPublic === true)) return true;
  if (bucket.isOwnerEnforced || block?.ignorePublicAcls === true) return false;
  if (PUBLIC_READ_OF_BUCKET.has(permission)) return bucket.acl === "public-read";
  return PUBLIC_READ_OF_OBJECT.has(permission) && (await version?.acl()) === "public-read";
}
