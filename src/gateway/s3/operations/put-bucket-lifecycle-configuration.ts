/** PutBucketLifecycleConfiguration: replaces all rules. The segment's upkeep acts by them every hour. */
import type { Action } from "../action.ts";
import { writeConfig } from "../bucket-config.ts";
import { lifecycleRulesOf } from "../lifecycle-document.ts";
import { XML_BYTES_MAX } from "../wire/xml.ts";
import { xmlBody } from "../xml-answer.ts";

export const putBucketLifecycleConfiguration: Action = {
  name: "PutBucketLifecycleConfiguration",
  target: "bucket",
  match: { method: "PUT", query: ["lifecycle"] },
  permission: "s3:PutLifecycleConfiguration",
  run: async (context, request) => {
    const document = await xmlBody(request, { root: "LifecycleConfiguration", bytesMax: XML_BYTES_MAX });
    await writeConfig(context, context.bucket, "lifecycle", { rules: lifecycleRulesOf(document) });
    return { status: 200 };
  },
};
