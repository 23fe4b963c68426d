/** GetObjectAcl: the canned ACL of a version as grants. */
import { aclContent } from "../access/acl.ts";
import type { Action } from "../action.ts";
import { annotated, versionIdHeader } from "../object-annotations.ts";
import { versionPermission } from "../object-read.ts";
import { ownerOf } from "../owner.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getObjectAcl: Action = {
  name: "GetObjectAcl",
  target: "object",
  match: { method: "GET", query: ["acl"] },
  permission: versionPermission("Get", "Acl"),
  run: async (context, request) => {
    const found = await annotated(context, request);
    const content = aclContent(found.annotations.acl, ownerOf(context.tenant));
    return xmlAnswer("AccessControlPolicy", content, versionIdHeader(found, request));
  },
};
