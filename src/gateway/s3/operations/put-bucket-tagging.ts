/** PutBucketTagging: replaces all tags of a bucket. */
import type { Action } from "../action.ts";
import { writeConfig } from "../bucket-config.ts";
import { BUCKET_TAGS_MAX } from "../tag-set.ts";
import { TAGGING_BYTES_MAX, tagsOfDocument } from "../tagging-document.ts";
import { xmlBody } from "../xml-answer.ts";

export const putBucketTagging: Action = {
  name: "PutBucketTagging",
  target: "bucket",
  match: { method: "PUT", query: ["tagging"] },
  permission: "s3:PutBucketTagging",
  run: async (context, request) => {
    const document = await xmlBody(request, { root: "Tagging", bytesMax: TAGGING_BYTES_MAX });
    await writeConfig(context, context.bucket, "tagging", {
      tags: tagsOfDocument(document, BUCKET_TAGS_MAX),
    });
    return { status: 204 };
  },
};
