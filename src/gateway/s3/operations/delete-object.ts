/** DeleteObject: a delete marker in a bucket with versioning, the end of the object in one without; with `versionId` the end of that version. */
import type { Action } from "../action.ts";
import { isGovernanceBypassed } from "../annotation-headers.ts";
import { deleteGuard } from "../conditions.ts";
import { removalHeaders, removeObject, removeVersion } from "../object-removal.ts";

export const deleteObject: Action = {
  name: "DeleteObject",
  target: "object",
  match: { method: "DELETE" },
  permission: (request) => (request.query.has("versionId") ? "s3:DeleteObjectVersion" : "s3:DeleteObject"),
  run: async (context, request) => {
    const { object } = context;
    const versionId = request.query.get("versionId");
    if (versionId === undefined) {
      const allow = deleteGuard({
        etag: request.headers.get("if-match"),
        modified: request.headers.get("x-amz-if-match-last-modified-time"),
        size: request.headers.get("x-amz-if-match-size"),
      });
      const removal = await removeObject(context, object, { allow });
      return { status: 204, headers: removalHeaders(removal) };
    }
    const resource = { bucket: object.bucket, key: object.object };
    const isBypassed = await isGovernanceBypassed(context, request.headers, resource);
    const removal = await removeVersion(context, object, { versionId, isGovernanceBypassed: isBypassed });
    return { status: 204, headers: removalHeaders(removal) };
  },
};
