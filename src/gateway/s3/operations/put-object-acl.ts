/** PutObjectAcl: by `x-amz-acl`, or by a document that grants what a canned ACL does. */
import type { CannedAcl } from "../../../model/annotation.ts";
import { cannedAclOfDocument } from "../access/acl.ts";
import { isPublicAcl, requireAclNotBlocked } from "../access/public-access-block.ts";
import type { Action, ObjectContext, S3Request } from "../action.ts";
import { cannedAclOf, OWNER_ACL } from "../annotation-headers.ts";
import { readConfig, requireAclsAllowed } from "../bucket-config.ts";
import { S3Error } from "../errors.ts";
import { annotate, versionIdHeader } from "../object-annotations.ts";
import { versionPermission } from "../object-read.ts";
import { ownerOf } from "../owner.ts";
import { xmlBody } from "../xml-answer.ts";

const BODY_BYTES_MAX = 256 * 1024;

export const putObjectAcl: Action = {
  name: "PutObjectAcl",
  target: "object",
  match: { method: "PUT", query: ["acl"] },
  permission: versionPermission("Put", "Acl"),
  run: async (context, request) => {
    const acl = cannedAclOf(request.headers) ?? (await aclOfBody(context, request));
    if (acl !== OWNER_ACL) await requireAclsAllowed(context, context.object);
    const changed = await annotate(context, request, { acl });
    return { status: 200, headers: versionIdHeader(changed, request) };
  },
};

/** The headers' ACL was judged with the request; this one is judged here. */
async function aclOfBody(context: ObjectContext, request: S3Request): Promise<CannedAcl> {
  const document = await xmlBody(request, { root: "AccessControlPolicy", bytesMax: BODY_BYTES_MAX });
  const acl = cannedAclOfDocument(document, ownerOf(context.tenant));
  requireAclNotBlocked(acl, await readConfig(context, context.object, "public-access-block"));
  const isAdmin = context.identity.kind === "user" && context.identity.isAdmin;
  if (isPublicAcl(acl) && !isAdmin) {
    throw new S3Error(
      "AccessDenied",
      "Access Denied: a public ACL needs an admin, or a bucket policy that allows it and the header x-amz-acl",
    );
  }
  return acl;
}
