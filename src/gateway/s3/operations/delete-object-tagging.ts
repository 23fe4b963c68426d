/** DeleteObjectTagging: removes all tags of a version. */
import type { Action } from "../action.ts";
import { annotate, versionIdHeader } from "../object-annotations.ts";
import { versionPermission } from "../object-read.ts";

export const deleteObjectTagging: Action = {
  name: "DeleteObjectTagging",
  target: "object",
  match: { method: "DELETE", query: ["tagging"] },
  permission: versionPermission("Delete", "Tagging"),
  run: async (context, request) => {
    const changed = await annotate(context, request, { tags: {} });
    return { status: 204, headers: versionIdHeader(changed, request) };
  },
};
