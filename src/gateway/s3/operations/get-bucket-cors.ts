/** GetBucketCors. */
import type { Action } from "../action.ts";
import { readConfig } from "../bucket-config.ts";
import { corsContent } from "../cors-document.ts";
import { S3Error } from "../errors.ts";
import { xmlAnswer } from "../xml-answer.ts";

export const getBucketCors: Action = {
  name: "GetBucketCors",
  target: "bucket",
  match: { method: "GET", query: ["cors"] },
  permission: "s3:GetBucketCORS",
  run: async (context) => {
    const config = await readConfig(context, context.bucket, "cors");
    if (config === undefined) {
      throw new S3Error("NoSuchCORSConfiguration", "The CORS configuration does not exist");
    }
    return xmlAnswer("CORSConfiguration", corsContent(config.rules));
  },
};
