/** GetObjectTagging. */
import type { Action } from "../action.ts";
import { annotated, versionIdHeader } from "../object-annotations.ts";
import { versionPermission } from "../object-read.ts";
import { taggingContent } from "../tagging-document.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getObjectTagging: Action = {
  name: "GetObjectTagging",
  target: "object",
  match: { method: "GET", query: ["tagging"] },
  permission: versionPermission("Get", "Tagging"),
  run: async (context, request) => {
    const found = await annotated(context, request);
    return xmlAnswer("Tagging", taggingContent(found.annotations.tags), versionIdHeader(found, request));
  },
};
