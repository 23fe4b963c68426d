/** The public access block of a bucket: which ACLs and policies it refuses, and which grants it makes void. */
import type { PublicAccessBlockConfig } from "../bucket-config.ts";
import { S3Error } from "../errors.ts";
import type { Policy } from "./policy.ts";

export const NO_PUBLIC_ACCESS_BLOCK: PublicAccessBlockConfig = {
  blockPublicAcls: false,
  ignorePublicAcls: false,
  blockPublicPolicy: false,
  restrictPublicBuckets: false,
};

/** Whether an ACL, by its canned name, lets in who has no account here. */
export function isPublicAcl(canned: string): boolean {
  return canned === "public-read" || canned === "public-read-write" || canned === "authenticated-read";
}

/** @throws AccessDenied when the block forbids to put such an ACL */
export function requireAclNotBlocked(canned: string, block: PublicAccessBlockConfig | undefined): void {
  if (block?.blockPublicAcls !== true || !isPublicAcl(canned)) return;
  throw new S3Error(
    "AccessDenied",
    "Access Denied: the bucket's public access block forbids public ACLs (BlockPublicAcls)",
  );
}

/** @throws AccessDenied when the block forbids to put such a policy */
export function requirePolicyNotBlocked(policy: Policy, block: PublicAccessBlockConfig | undefined): void {
  if (block?.blockPublicPolicy !== true || !policy.isPublic) return;
  throw new S3Error(
    "AccessDenied",
    "Access Denied: the bucket's public access block forbids public policies (BlockPublicPolicy)",
  );
}
