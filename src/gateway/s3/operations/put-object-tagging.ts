/** PutObjectTagging: replaces all tags of a version. */
import type { Action } from "../action.ts";
import { annotate, versionIdHeader } from "../object-annotations.ts";
import { versionPermission } from "../object-read.ts";
import { TAGGING_BYTES_MAX, tagsOfDocument } from "../tagging-document.ts";
import { xmlBody } from "../xml-answer.ts";

export const putObjectTagging: Action = {
  name: "PutObjectTagging",
  target: "object",
  match: { method: "PUT", query: ["tagging"] },
  permission: versionPermission("Put", "Tagging"),
  run: async (context, request) => {
    const document = await xmlBody(request, { root: "Tagging", bytesMax: TAGGING_BYTES_MAX });
    const changed = await annotate(context, request, { tags: tagsOfDocument(document) });
    return { status: 200, headers: versionIdHeader(changed, request) };
  },
};
