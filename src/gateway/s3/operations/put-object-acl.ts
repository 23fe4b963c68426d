/** PutObjectAcl: by `x-amz-acl`, or by a document that grants what a canned ACL does. */
import type { CannedAcl } from "../../../model/annotation.ts";
import { cannedAclOfDocument } from "../access/acl.ts";
import type { Action, ObjectContext, S3Request } from "../action.ts";
import { cannedAclOf, OWNER_ACL } from "../annotation-headers.ts";
import { requireAclsAllowed } from "../bucket-config.ts";
import { annotate, requireAclAllowed, versionIdHeader } from "../object-annotations.ts";
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
  await requireAclAllowed(context, context.object, acl);
  return acl;
}
