/** PutBucketCors: replaces all rules. */
import type { Action } from "../action.ts";
import { writeConfig } from "../bucket-config.ts";
import { corsRulesOf } from "../cors-document.ts";
import { xmlBody } from "../xml-answer.ts";

const BODY_BYTES_MAX = 64 * 1024;

export const putBucketCors: Action = {
  name: "PutBucketCors",
  target: "bucket",
  match: { method: "PUT", query: ["cors"] },
  permission: "s3:PutBucketCORS",
  run: async (context, request) => {
    const document = await xmlBody(request, { root: "CORSConfiguration", bytesMax: BODY_BYTES_MAX });
    await writeConfig(context, context.bucket, "cors", { rules: corsRulesOf(document) });
    return { status: 200 };
  },
};
