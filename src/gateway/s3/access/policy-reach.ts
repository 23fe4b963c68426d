/** Which permissions are of objects and which of buckets: a statement with an action that none of its resources can be meant by would be silently void. */
import { type Glob, globMatches } from "./glob.ts";
import { S3_PERMISSIONS } from "./permissions.ts";

const OF_OBJECT =
  /^s3:((Get|Put|Delete|Restore|Replicate)Object|AbortMultipartUpload$|BypassGovernanceRetention$|InitiateReplication$|ListMultipartUploadParts$|ObjectOwner|Replicate)/;

/** The first action that applies to none of the resources; undefined: each has one. */
export function unreachedAction(actions: readonly Glob[], resources: readonly Glob[]): Glob | undefined {
  const hasObjects = resources.some(({ text }) => text.includes("/") || /[*?]/.test(text));
  const hasBuckets = resources.some(({ text }) => !text.includes("/"));
  return actions.find((action) => {
    const meant = S3_PERMISSIONS.filter((permission) => globMatches(action, permission.toLowerCase()));
    return !meant.some((permission) => (OF_OBJECT.test(permission) ? hasObjects : hasBuckets));
  });
}
