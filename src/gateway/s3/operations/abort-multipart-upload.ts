/** AbortMultipartUpload: ends an upload; its parts go behind the answer. */
import type { Action } from "../action.ts";
import { uploadIdOf } from "../multipart-request.ts";

export const abortMultipartUpload: Action = {
  name: "AbortMultipartUpload",
  target: "object",
  match: { method: "DELETE", query: ["uploadId"] },
  permission: "s3:AbortMultipartUpload",
  run: async (context, request) => {
    await context.segment.uploads.abort(context.object, uploadIdOf(request));
    return { status: 204 };
  },
};
